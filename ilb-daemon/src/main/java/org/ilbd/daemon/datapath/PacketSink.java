package org.ilbd.daemon.datapath;

import java.lang.foreign.MemorySegment;

/** Takes the packets that came in. */
@FunctionalInterface
public interface PacketSink {
    /**
     * Handles one IP packet, which is gone when this returns.
     *
     * @param offset of the packet in the segment; a virtio-net header is right in front of it, and room for an Ethernet header in front
     *     of that
     * @param length bytes
     * @param nowNanos of {@link System#nanoTime}
     */
    void onPacket(MemorySegment segment, long offset, int length, long nowNanos);

    /** Called once after what came in with each wake-up. */
    default void onBatchEnd(long nowNanos) {}
}
