package org.ilbd.daemon.cluster;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** On a connection that takes what it is given when the test says so. */
class OutboxTest {
    private static final int MESSAGE_BYTES = 2 * 1024;
    private static final int ON_THE_WIRE_BYTES = MESSAGE_BYTES + Outbox.LENGTH_FIELD_BYTES;

    private final Deque<ChannelPromise> writing = new ArrayDeque<>();
    private final ByteArrayOutputStream wire = new ByteArrayOutputStream();
    private final EmbeddedChannel channel = new EmbeddedChannel(new Wire());
    private final Outbox outbox = new Outbox(channel);
    private int writes;

    private final class Wire extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws IOException {
            ByteBuf bytes = (ByteBuf) message;
            bytes.readBytes(wire, bytes.readableBytes());
            bytes.release();
            writing.add(promise);
            writes++;
        }
    }

    @AfterEach
    void close() {
        channel.close();
    }

    private void put(byte[] message) {
        outbox.put(MemorySegment.ofArray(message), 0, message.length);
    }

    /** What is being written has been written, and what comes of that. */
    private void written() {
        channel.runPendingTasks();
        while (!writing.isEmpty()) {
            writing.remove().setSuccess();
            channel.runPendingTasks();
        }
    }

    @Test
    void messagesGoOutInOrderWithTheirLengthsWhereverTheRingBegins() throws IOException {
        long seed = System.nanoTime();
        System.out.println("OutboxTest seed " + seed);
        Random random = new Random(seed);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        while (expected.size() < 5 * Outbox.CAPACITY_BYTES) {
            byte[] message = new byte[1 + random.nextInt(random.nextBoolean() ? 8 : 0xffff)];
            random.nextBytes(message);
            expected.write(message.length >>> Byte.SIZE);
            expected.write(message.length);
            expected.write(message);
            if (!outbox.hasRoom(message.length) || random.nextInt(4) == 0) {
                written();
            }
            put(message);
        }
        written();

        assertThat(wire.toByteArray()).isEqualTo(expected.toByteArray());
    }

    @Test
    void aPartOfASegmentIsPutAndTheSegmentIsTheCallersAgain() {
        MemorySegment segment = MemorySegment.ofArray(new byte[] {1, 2, 3});
        outbox.put(segment, 1, 1);
        segment.set(JAVA_BYTE, 1, (byte) 9);
        written();

        assertThat(wire.toByteArray()).containsExactly(0, 1, 2);
    }

    @Test
    void whatComesWhileTheLoopSendsGoesOutWithOneWrite() {
        for (int i = 0; i < 10; i++) {
            put(new byte[MESSAGE_BYTES]);
            channel.runPendingTasks();
        }
        assertThat(wire.size()).isEqualTo(ON_THE_WIRE_BYTES);
        written();

        assertThat(wire.size()).isEqualTo(10 * ON_THE_WIRE_BYTES);
        assertThat(writes).isEqualTo(2);
    }

    @Test
    void theRoomIsThatOfTheRingAndFreeOnceItWasWritten() {
        int messages = 0;
        for (; outbox.hasRoom(MESSAGE_BYTES); messages++) {
            put(new byte[MESSAGE_BYTES]);
        }
        assertThat(messages).isEqualTo(Outbox.CAPACITY_BYTES / ON_THE_WIRE_BYTES);

        channel.runPendingTasks();
        assertThat(outbox.hasRoom(MESSAGE_BYTES)).isFalse();
        written();
        assertThat(outbox.hasRoom(Outbox.CAPACITY_BYTES - Outbox.LENGTH_FIELD_BYTES))
                .isTrue();
    }

    @Test
    void aWriteThatFailsClosesTheConnection() {
        put(new byte[1]);
        channel.runPendingTasks();
        writing.remove().setFailure(new IOException("broken"));
        channel.runPendingTasks();
        put(new byte[1]);
        channel.runPendingTasks();

        assertThat(channel.isOpen()).isFalse();
        assertThat(writes).isEqualTo(1);
    }
}
