package org.ilbd.daemon;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.PacketBatch;
import org.ilbd.daemon.cluster.DatagramSink;
import org.ilbd.daemon.datapath.PacketSink;

/** The engine's way in: packets of the datapath, datagrams of the other ILBs. */
record EngineInput(Engine engine) implements PacketSink, DatagramSink {
    @Override
    public void onPackets(PacketBatch batch, long nowNanos) {
        engine.onPackets(batch, nowNanos);
    }

    @Override
    public void onDatagram(
            MemorySegment segment,
            long offset,
            int length,
            boolean ipv6,
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long nowNanos) {
        engine.onDatagram(segment, offset, length, ipv6, sourceHigh, sourceLow, sourcePort, nowNanos);
    }

    @Override
    public void onBatchEnd(long nowNanos) {
        engine.onBatchEnd(nowNanos);
    }
}
