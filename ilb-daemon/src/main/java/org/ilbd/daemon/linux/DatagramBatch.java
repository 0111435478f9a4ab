package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for many datagrams of one receive call, with the kernel's description of it ({@code struct mmsghdr}) made once. Holds what
 * {@link UdpSocket#receive} put there until the next call.
 */
public final class DatagramBatch {
    /** The largest UDP payload over IPv4 and IPv6 alike. */
    public static final int MAX_PAYLOAD_BYTES = 65_535 - 8;

    // struct mmsghdr on 64-bit: msghdr (name, name length, iovec, count, control, control length, flags), then the
    // received length.
    private static final int MESSAGE_SIZE = 64;
    private static final int NAME_OFFSET = 0;
    private static final int NAME_LENGTH_OFFSET = 8;
    private static final int VECTOR_OFFSET = 16;
    private static final int VECTOR_COUNT_OFFSET = 24;
    private static final int FLAGS_OFFSET = 48;
    private static final int RECEIVED_OFFSET = 56;
    private static final int VECTOR_SIZE = 16;
    private static final int MSG_TRUNC = 0x20;

    private final int capacity;
    private final int headroom;
    private final long stride;
    private final MemorySegment payloads;
    private final MemorySegment messages;
    private final MemorySegment names;

    /** Only kept reachable: the kernel reads it through {@link #messages}. */
    @SuppressWarnings("UnusedVariable")
    private final MemorySegment vectors;

    /**
     * Allocates the memory.
     *
     * @param capacity datagrams, positive
     * @param headroom bytes kept free in front of each, which a reader may overwrite
     * @param payloadBytes the longest datagram that arrives whole
     */
    public DatagramBatch(int capacity, int headroom, int payloadBytes) {
        this.capacity = capacity;
        this.headroom = headroom;
        // Whole cache lines, so that no two datagrams share one.
        stride = ((long) headroom + payloadBytes + 63) & ~63L;
        Arena arena = Arena.ofAuto();
        payloads = arena.allocate(stride * capacity, 64);
        messages = arena.allocate((long) MESSAGE_SIZE * capacity, 64);
        names = arena.allocate((long) SocketAddress.MAX_LENGTH * capacity, 64);
        vectors = arena.allocate((long) VECTOR_SIZE * capacity, 64);
        for (int i = 0; i < capacity; i++) {
            long vector = (long) VECTOR_SIZE * i;
            vectors.set(JAVA_LONG, vector, payloads.address() + offset(i));
            vectors.set(JAVA_LONG, vector + Long.BYTES, payloadBytes);
            long message = (long) MESSAGE_SIZE * i;
            messages.set(JAVA_LONG, message + NAME_OFFSET, names.address() + nameOffset(i));
            messages.set(JAVA_LONG, message + VECTOR_OFFSET, vectors.address() + vector);
            messages.set(JAVA_LONG, message + VECTOR_COUNT_OFFSET, 1);
        }
    }

    public int capacity() {
        return capacity;
    }

    /** The memory of all datagrams; each is at its {@link #offset} in it. */
    public MemorySegment segment() {
        return payloads;
    }

    public long offset(int index) {
        return stride * index + headroom;
    }

    /** Bytes received; no more than there was room for. */
    public int length(int index) {
        return messages.get(JAVA_INT, (long) MESSAGE_SIZE * index + RECEIVED_OFFSET);
    }

    /** True when the datagram was longer than there was room for. */
    public boolean truncated(int index) {
        return (messages.get(JAVA_INT, (long) MESSAGE_SIZE * index + FLAGS_OFFSET) & MSG_TRUNC) != 0;
    }

    public boolean ipv6(int index) {
        return SocketAddress.ipv6(names, nameOffset(index));
    }

    public long sourceHigh(int index) {
        return SocketAddress.high(names, nameOffset(index));
    }

    public long sourceLow(int index) {
        return SocketAddress.low(names, nameOffset(index));
    }

    public int sourcePort(int index) {
        return SocketAddress.port(names, nameOffset(index));
    }

    /** The address of the array of {@code struct mmsghdr}, made ready for a call: the kernel overwrites the lengths of the names. */
    long prepare() {
        for (int i = 0; i < capacity; i++) {
            messages.set(JAVA_INT, (long) MESSAGE_SIZE * i + NAME_LENGTH_OFFSET, SocketAddress.MAX_LENGTH);
        }
        return messages.address();
    }

    private static long nameOffset(int index) {
        return (long) SocketAddress.MAX_LENGTH * index;
    }
}
