package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.packet.EchoReply;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.TcpReset;

/** What an ILB answers a client itself. */
final class Replies {
    /** Where a RST is made: room for a virtio-net and an Ethernet header in front of it. */
    private static final long RESET_OFFSET = 64;

    private final EngineOutput output;
    private final Counters counters;
    private final MemorySegment made;
    private final Packet reset = new Packet();

    Replies(EngineOutput output, Counters counters, SegmentAllocator memory) {
        this.output = output;
        this.counters = counters;
        this.made = memory.allocate(RESET_OFFSET + TcpReset.MAX_LENGTH_BYTES, Long.BYTES);
    }

    /** Answers an ICMP echo request; the packet becomes the reply. */
    void echo(Packet packet) {
        EchoReply.reply(packet);
        counters.add(Counter.ECHO_REPLIES);
        output.reply(packet);
    }

    /** Answers a packet with a RST; nothing answers a RST. */
    void reset(Packet packet) {
        if (packet.isRst()) {
            counters.drop(DropReason.ORPHAN);
            return;
        }
        int length = TcpReset.write(packet, made, RESET_OFFSET);
        reset.parse(made, RESET_OFFSET, length);
        counters.add(Counter.RESETS_SENT);
        output.reply(reset);
    }
}
