package org.ilbd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.ilbd.daemon.admin.DutyCycle;
import org.ilbd.daemon.cluster.TransferInbox;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One turn after the other, on a clock of the test's. */
class TransferTurnTest {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final TransferInbox inbox = new TransferInbox((SingleThreadIoEventLoop) group.next(), waiting -> {});
    private final List<Integer> taken = new ArrayList<>();
    private long now;
    private long messageNanos;
    private int steps;
    private final TransferTurn turn =
            new TransferTurn(new Slices(new DutyCycle(0), () -> now, () -> now), this::onMessage, () -> ++steps < 3);

    private void onMessage(MemorySegment message, long nowNanos) {
        taken.add(message.get(ValueLayout.JAVA_INT, 0));
        now += messageNanos;
    }

    @BeforeEach
    void fourMessagesWait() {
        for (int i = 0; i < 4; i++) {
            inbox.add(MemorySegment.ofArray(new int[] {i}));
        }
    }

    @AfterEach
    void endTheLoop() {
        while (inbox.take(message -> {})) {
            // The loop of an inbox in which messages are left does not rest.
        }
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Test
    void takesAsManyMessagesAsThereIsTimeFor() {
        messageNanos = Slices.LENGTH_NANOS / 2;
        turn.accept(inbox);
        assertThat(taken).containsExactly(0, 1);

        turn.accept(inbox);
        assertThat(taken).containsExactly(0, 1, 2, 3);
        assertThat(steps).isZero();
    }

    @Test
    void takesOneMessageEachTimeHoweverLongItTakes() {
        messageNanos = 10 * Slices.LENGTH_NANOS;
        turn.accept(inbox);

        assertThat(taken).containsExactly(0);
        assertThat(steps).isZero();
    }

    @Test
    void withTimeLeftTheHandOverGoesOn() {
        turn.accept(inbox);

        assertThat(taken).containsExactly(0, 1, 2, 3);
        assertThat(steps).isEqualTo(3);
    }
}
