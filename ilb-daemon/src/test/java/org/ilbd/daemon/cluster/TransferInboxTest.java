package org.ilbd.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TransferInboxTest {
    private static final int MESSAGES = 1_000;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final SingleThreadIoEventLoop loop = (SingleThreadIoEventLoop) group.next();
    private final List<Integer> taken = new ArrayList<>();
    private final CountDownLatch allTaken = new CountDownLatch(MESSAGES);
    private final TransferInbox inbox = new TransferInbox(loop, some -> some.take(this::take));

    private final TransferInbox unwatched = new TransferInbox(loop, some -> {});

    @AfterEach
    void endTheLoop() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private void take(MemorySegment message) {
        taken.add(message.get(ValueLayout.JAVA_INT, 0));
        allTaken.countDown();
    }

    private void add(int number) {
        addTo(inbox, number);
    }

    private void addTo(TransferInbox some, int number) {
        some.add(MemorySegment.ofArray(new int[] {number}));
    }

    private void awaitAll() throws InterruptedException {
        assertThat(allTaken.await(60, TimeUnit.SECONDS)).isTrue();
        // What was running on the loop has ended.
        loop.submit(() -> {}).awaitUninterruptibly();
    }

    @Test
    void theTimersOfTheLoopRunBetweenTheMessages() throws InterruptedException {
        List<Integer> takenAtTick = new ArrayList<>();
        loop.submit(() -> {
                    loop.scheduleAtFixedRate(() -> takenAtTick.add(taken.size()), 0, 1, TimeUnit.NANOSECONDS);
                    IntStream.range(0, MESSAGES).forEach(this::add);
                })
                .awaitUninterruptibly();
        awaitAll();

        List<Integer> seen = loop.submit(() -> List.copyOf(takenAtTick))
                .awaitUninterruptibly()
                .getNow();
        assertThat(seen.stream().distinct().count())
                .as("ticks between two messages")
                .isGreaterThanOrEqualTo(MESSAGES - 1);
    }

    @Test
    void allMessagesAreTakenInOrder() throws InterruptedException {
        IntStream.range(0, MESSAGES).forEach(this::add);
        awaitAll();

        assertThat(taken)
                .containsExactlyElementsOf(IntStream.range(0, MESSAGES).boxed().toList());
    }

    @Test
    void theMemoryOfAMessageThatWasTakenIsUsedAgain() {
        List<MemorySegment> buffers = new ArrayList<>();
        for (int length : new int[] {1, TransferInbox.BUFFER_BYTES, TransferInbox.BUFFER_BYTES + 1, 2}) {
            byte[] message = new byte[length];
            message[length - 1] = 7;
            unwatched.add(MemorySegment.ofArray(message));
            Arrays.fill(message, (byte) 0);
            unwatched.take(taken -> {
                assertThat(taken.byteSize()).isEqualTo(length);
                assertThat(taken.get(ValueLayout.JAVA_BYTE, length - 1)).isEqualTo((byte) 7);
                buffers.add(taken);
            });
        }
        assertThat(buffers.stream().map(MemorySegment::address).distinct()).hasSize(2);
        assertThat(buffers.get(1).address()).isEqualTo(buffers.get(0).address());
        assertThat(buffers.get(3).address()).isEqualTo(buffers.get(0).address());
    }

    /** Who adds a message may be stopped before it can see whether somebody takes it already. */
    @Test
    void aMessageThatIsTakenBeforeItsAdderGoesOnStopsNothing() throws InterruptedException {
        CountDownLatch added = new CountDownLatch(1);
        CountDownLatch second = new CountDownLatch(1);
        CountDownLatch third = new CountDownLatch(1);
        List<Runnable> onTaking = List.of(() -> await(added), second::countDown, third::countDown);
        TransferInbox slow = new TransferInbox(
                loop,
                some -> some.take(message ->
                        onTaking.get(message.get(ValueLayout.JAVA_INT, 0)).run()),
                new StoppingQueue(added, second, loop));
        addTo(slow, 0);
        addTo(slow, 1);
        // What the second has started finds nothing, and has ended.
        loop.submit(() -> {}).awaitUninterruptibly();
        addTo(slow, 2);

        assertThat(third.await(60, TimeUnit.SECONDS)).isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Holds back who adds the second message until it was taken. */
    @SuppressWarnings("serial")
    private static final class StoppingQueue extends ConcurrentLinkedQueue<TransferInbox.Message> {
        private final CountDownLatch added;
        private final CountDownLatch taken;
        private final SingleThreadIoEventLoop loop;

        StoppingQueue(CountDownLatch added, CountDownLatch taken, SingleThreadIoEventLoop loop) {
            this.added = added;
            this.taken = taken;
            this.loop = loop;
        }

        @Override
        public boolean add(TransferInbox.Message message) {
            boolean changed = super.add(message);
            if (message.buffer().get(ValueLayout.JAVA_INT, 0) == 1) {
                added.countDown();
                TransferInboxTest.await(taken);
                loop.submit(() -> {}).awaitUninterruptibly();
            }
            return changed;
        }
    }
}
