package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/** The answer to a ping (RFC 792; RFC 4443, 4.2), made of the request in place: a VIP has no host that would answer. */
public final class EchoReply {
    /** RFC 1340's recommended default, and what every host's stack uses. */
    private static final int TIME_TO_LIVE = 64;

    private EchoReply() {}

    /**
     * Turns an echo request into its reply; the packet's 4-tuple is turned round. The ICMP checksum is updated, not made
     * anew, so that what was damaged on the way to here stays recognisable.
     *
     * @return false, and nothing changed, if the packet is no echo request
     */
    public static boolean reply(final Packet packet) {
        if (packet.verdict() != Packet.Verdict.ICMP_ECHO_REQUEST) {
            return false;
        }
        final MemorySegment segment = packet.segment();
        final long offset = packet.offset();
        final FourTuple tuple = packet.tuple();
        // Addresses that change places leave every sum as it was.
        if (packet.ipv6()) {
            Ipv6Header.source(segment, offset, tuple.destinationHigh(), tuple.destinationLow());
            Ipv6Header.destination(segment, offset, tuple.sourceHigh(), tuple.sourceLow());
            Ipv6Header.hopLimit(segment, offset, TIME_TO_LIVE);
        } else {
            Ipv4Header.source(segment, offset, (int) tuple.destinationLow());
            Ipv4Header.destination(segment, offset, (int) tuple.sourceLow());
            final int before = Ipv4Header.timeToLive(segment, offset) << 8;
            NetworkOrder.putByte(segment, offset + Ipv4Header.TIME_TO_LIVE_OFFSET, TIME_TO_LIVE);
            Ipv4Header.checksum(
                    segment,
                    offset,
                    InternetChecksum.update(
                            Ipv4Header.checksum(segment, offset),
                            InternetChecksum.change(before, (long) TIME_TO_LIVE << 8)));
        }
        final long icmp = packet.icmpOffset();
        final int before = IcmpHeader.type(segment, icmp);
        final int after = packet.ipv6() ? IcmpHeader.V6_ECHO_REPLY : IcmpHeader.ECHO_REPLY;
        IcmpHeader.type(segment, icmp, after);
        if (!packet.hasPartialChecksum(IcmpHeader.CHECKSUM_OFFSET)) {
            IcmpHeader.checksum(
                    segment,
                    icmp,
                    InternetChecksum.update(
                            IcmpHeader.checksum(segment, icmp),
                            InternetChecksum.change((long) before << 8, (long) after << 8)));
        }
        tuple.reverse();
        return true;
    }
}
