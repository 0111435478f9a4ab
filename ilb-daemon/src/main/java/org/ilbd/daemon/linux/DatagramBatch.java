package org.ilbd.daemon.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for many datagrams of one receive call, with the kernel's description of it made once. Holds what
 * {@link UdpSocket#receive} put there until the next call.
 */
public final class DatagramBatch {
    /** The largest UDP payload over IPv4 and IPv6 alike. */
    public static final int MAX_PAYLOAD_BYTES = 65_535 - 8;

    private static final int MSG_TRUNC = 0x20;

    private final int capacity;
    private final int headroom;
    private final long stride;
    private final MemorySegment payloads;
    private final MessageArray messages;
    private final MemorySegment names;

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
        messages = new MessageArray(capacity);
        names = arena.allocate((long) SocketAddress.MAX_LENGTH * capacity, 64);
        for (int i = 0; i < capacity; i++) {
            messages.payload(i, payloads.address() + offset(i), payloadBytes);
            messages.name(i, names.address() + nameOffset(i));
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
        return messages.transferred(index);
    }

    /** True when the datagram was longer than there was room for. */
    public boolean truncated(int index) {
        return (messages.flags(index) & MSG_TRUNC) != 0;
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
            messages.nameLength(i, SocketAddress.MAX_LENGTH);
        }
        return messages.address(0);
    }

    private static long nameOffset(int index) {
        return (long) SocketAddress.MAX_LENGTH * index;
    }
}
