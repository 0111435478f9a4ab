package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.ilbd.core.testing.AllocatedBytes;
import org.junit.jupiter.api.Test;

class AllocationTest {
    private static final int WARM_UP = 30_000;
    private static final int ROUNDS = 10_000;

    private final Packet packet = new Packet();
    private final SegmentSplitter splitter = new SegmentSplitter();
    private final MemorySegment out = MemorySegment.ofArray(new byte[4_096]);
    private final List<MemorySegment> buffers =
            PacketTest.acceptedPackets().map(PacketBuilder::buffer).toList();
    private long sum;

    @Test
    void thePacketPathAllocatesNothing() {
        for (int i = 0; i < WARM_UP; i++) {
            handle(i);
        }
        final long allocated = AllocatedBytes.of(() -> {
            for (int i = 0; i < ROUNDS; i++) {
                handle(i);
            }
        });
        assertThat(sum).isPositive();
        assertThat(allocated).isZero();
    }

    private void handle(final int round) {
        final MemorySegment buffer = buffers.get(round % buffers.size());
        final int length = (int) buffer.byteSize() - PacketBuilder.FRONT;
        sum += packet.parse(buffer, PacketBuilder.FRONT, length).ordinal();
        final FourTuple tuple = packet.tuple();
        final long high = tuple.destinationHigh();
        final long low = tuple.destinationLow();
        final int port = tuple.destinationPort();
        AddressRewriter.rewriteDestination(packet, high, low ^ 1, port);
        AddressRewriter.rewriteDestination(packet, high, low, port);
        AddressRewriter.rewriteSource(packet, tuple.sourceHigh(), tuple.sourceLow(), tuple.sourcePort());
        sum += tuple.encode(out, 0) + tuple.decode(out, 0, packet.ipv6());
        sum += TcpReset.write(packet, out, PacketBuilder.FRONT);
        sum += splitter.start(packet, 72);
        int given = splitter.next(out, PacketBuilder.FRONT);
        while (given > 0) {
            sum += given;
            given = splitter.next(out, PacketBuilder.FRONT);
        }
    }
}
