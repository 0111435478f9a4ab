package org.ilbd.daemon.datapath;

import org.ilbd.core.engine.PacketBatch;

/** Takes the packets that came in. */
@FunctionalInterface
public interface PacketSink {
    /**
     * Handles packets, which are gone when this returns.
     *
     * @param nowNanos of {@link System#nanoTime}
     */
    void onPackets(PacketBatch batch, long nowNanos);

    /** Called once after what came in with each wake-up. */
    default void onBatchEnd(long nowNanos) {}
}
