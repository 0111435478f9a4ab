package org.ilbd.daemon.cluster;

import java.lang.foreign.MemorySegment;

/** Takes the datagrams that came in. */
@FunctionalInterface
public interface DatagramSink {
    /**
     * Handles one UDP payload, which is gone when this returns; the bytes in front of it are free for use, 64 at least.
     *
     * @param nowNanos of {@link System#nanoTime}
     */
    void onDatagram(
            MemorySegment segment,
            long offset,
            int length,
            boolean ipv6,
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long nowNanos);

    /** Called once after what came in with each wake-up. */
    default void onBatchEnd(long nowNanos) {}
}
