package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;

/** Packets that came from the network together, each at its place in one segment. */
public final class PacketBatch {
    /** Enough for memory to answer about their connections at once, and few enough for the first not to wait long. */
    public static final int CAPACITY = 32;

    private final MemorySegment segment;
    private final long[] offsets = new long[CAPACITY];
    private final int[] lengths = new int[CAPACITY];
    private int size;

    /** @param segment where all packets lie */
    public PacketBatch(MemorySegment segment) {
        this.segment = segment;
    }

    /**
     * Adds an IP packet to a batch that is not full.
     *
     * @param offset of the packet; a virtio-net header is in the 10 bytes in front of it, and 30 bytes of room in front of that
     * @param length bytes
     */
    public void add(long offset, int length) {
        offsets[size] = offset;
        lengths[size] = length;
        size++;
    }

    /** Empties the batch. */
    public void clear() {
        size = 0;
    }

    /** 0 to {@link #CAPACITY}. */
    public int size() {
        return size;
    }

    /** Where all packets lie. */
    public MemorySegment segment() {
        return segment;
    }

    /** Where a packet begins in the segment. */
    public long offset(int index) {
        return offsets[index];
    }

    /** Length of a packet, bytes. */
    public int length(int index) {
        return lengths[index];
    }
}
