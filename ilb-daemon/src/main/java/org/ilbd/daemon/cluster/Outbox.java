package org.ilbd.daemon.cluster;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Messages on their way from the engine's thread to the connection that sends them: a ring of bytes, as they go on the wire. The engine's
 * thread copies a message and is done. It allocates nothing, and wakes the connection's loop only if that has sent all that was there
 * before; what comes in while the loop sends goes out with the next write.
 *
 * <p><b>Threads.</b> One thread puts in. The connection's loop takes out, one write at a time, straight from the ring.
 */
final class Outbox {
    /** A power of two; about what the engine has on the way at most, and part of that is in the kernel. */
    static final int CAPACITY_BYTES = 512 * 1024;

    static final int LENGTH_FIELD_BYTES = 2;

    private final Channel channel;
    /** Belongs to the collector of garbage, and to no allocator: the engine may be writing when the connection ends. */
    private final ByteBuffer ring = ByteBuffer.allocateDirect(CAPACITY_BYTES);

    private final MemorySegment bytes = MemorySegment.ofBuffer(ring);
    private final AtomicBoolean sending = new AtomicBoolean();
    private final Runnable send = this::send;

    /** Bytes since the connection was opened; the thread that puts in writes it. */
    private volatile long put;
    /** Of these, what the system has taken; the loop writes it. */
    private volatile long sent;

    /** For a connection that is open. */
    Outbox(Channel channel) {
        this.channel = channel;
    }

    /** Whether there is room for a message. */
    boolean hasRoom(int length) {
        return put - sent + LENGTH_FIELD_BYTES + length <= CAPACITY_BYTES;
    }

    /** Puts a message in, for which there must be room. */
    void put(MemorySegment message, long offset, int length) {
        long at = put;
        bytes.set(ValueLayout.JAVA_BYTE, index(at), (byte) (length >>> Byte.SIZE));
        bytes.set(ValueLayout.JAVA_BYTE, index(at + 1), (byte) length);
        int from = index(at + LENGTH_FIELD_BYTES);
        int first = Math.min(length, CAPACITY_BYTES - from);
        MemorySegment.copy(message, offset, bytes, from, first);
        MemorySegment.copy(message, offset + first, bytes, 0, length - first);
        put = at + LENGTH_FIELD_BYTES + length;
        if (!sending.get() && sending.compareAndSet(false, true)) {
            channel.eventLoop().execute(send);
        }
    }

    private static int index(long position) {
        return (int) position & (CAPACITY_BYTES - 1);
    }

    private void send() {
        long from = sent;
        if (put == from) {
            sending.set(false);
            if (put == from || !sending.compareAndSet(false, true)) {
                return;
            }
        }
        int index = index(from);
        int length = (int) Math.min(put - from, CAPACITY_BYTES - index);
        channel.writeAndFlush(Unpooled.wrappedBuffer(ring.slice(index, length)))
                .addListener((ChannelFuture written) -> onSent(written, from + length));
    }

    private void onSent(ChannelFuture written, long upTo) {
        if (written.isSuccess()) {
            sent = upTo;
            send();
        } else {
            // Nothing is sent any more, and the ring of the next connection is another.
            channel.close();
        }
    }
}
