package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * Network address translation of one packet in place, with every checksum it touches updated incrementally (RFC 1624).
 *
 * <p>A checksum that was left partial ({@link VirtioNetHeader#NEEDS_CSUM}) covers the pseudo-header only, so of a
 * translation it takes the addresses and not the ports; the rest is summed later by whoever completes it.
 */
public final class AddressRewriter {
    private AddressRewriter() {}

    /**
     * Gives a packet from a client another destination; the 4-tuple follows. Of an ICMP error the quoted packet's source is
     * changed too, so that the server finds the connection it knows, and the quoted TCP checksum, if it is there whole.
     *
     * @param high 0 for IPv4; the family is the packet's
     * @param low the address, or its last eight bytes
     * @return false, and nothing changed, if the packet is neither TCP nor an ICMP error
     */
    public static boolean rewriteDestination(final Packet packet, final long high, final long low, final int port) {
        final FourTuple tuple = packet.tuple();
        final long addressChange = InternetChecksum.change(tuple.destinationHigh(), high)
                + InternetChecksum.change(tuple.destinationLow(), low);
        final long portChange = InternetChecksum.change(tuple.destinationPort(), port);
        switch (packet.verdict()) {
            case TCP -> {
                updateTcp(packet, addressChange, portChange);
                TcpHeader.destinationPort(packet.segment(), packet.tcpOffset(), port);
            }
            case ICMP_ERROR -> updateIcmpError(packet, high, low, port, addressChange, portChange);
            default -> {
                return false;
            }
        }
        if (packet.ipv6()) {
            Ipv6Header.destination(packet.segment(), packet.offset(), high, low);
        } else {
            updateIpv4(packet.segment(), packet.offset(), addressChange);
            Ipv4Header.destination(packet.segment(), packet.offset(), (int) low);
        }
        tuple.setDestination(high, low, port);
        return true;
    }

    /**
     * Gives a packet from a server another source; the 4-tuple follows.
     *
     * @param high 0 for IPv4; the family is the packet's
     * @param low the address, or its last eight bytes
     * @return false, and nothing changed, if the packet is not TCP
     */
    public static boolean rewriteSource(final Packet packet, final long high, final long low, final int port) {
        if (packet.verdict() != Packet.Verdict.TCP) {
            return false;
        }
        final FourTuple tuple = packet.tuple();
        final long addressChange =
                InternetChecksum.change(tuple.sourceHigh(), high) + InternetChecksum.change(tuple.sourceLow(), low);
        updateTcp(packet, addressChange, InternetChecksum.change(tuple.sourcePort(), port));
        TcpHeader.sourcePort(packet.segment(), packet.tcpOffset(), port);
        if (packet.ipv6()) {
            Ipv6Header.source(packet.segment(), packet.offset(), high, low);
        } else {
            updateIpv4(packet.segment(), packet.offset(), addressChange);
            Ipv4Header.source(packet.segment(), packet.offset(), (int) low);
        }
        tuple.setSource(high, low, port);
        return true;
    }

    private static void updateTcp(final Packet packet, final long addressChange, final long portChange) {
        final MemorySegment segment = packet.segment();
        final long tcp = packet.tcpOffset();
        final int checksum = TcpHeader.checksum(segment, tcp);
        TcpHeader.checksum(
                segment,
                tcp,
                packet.hasPartialChecksum(TcpHeader.CHECKSUM_OFFSET)
                        ? InternetChecksum.updatePartial(checksum, addressChange)
                        : InternetChecksum.update(checksum, addressChange + portChange));
    }

    /** Updates an IPv4 header's checksum; returns what that adds to a sum over the header. */
    private static long updateIpv4(final MemorySegment segment, final long offset, final long change) {
        final int before = Ipv4Header.checksum(segment, offset);
        final int after = InternetChecksum.update(before, change);
        Ipv4Header.checksum(segment, offset, after);
        return InternetChecksum.change(before, after);
    }

    private static void updateIcmpError(
            final Packet packet,
            final long high,
            final long low,
            final int port,
            final long addressChange,
            final long portChange) {
        final MemorySegment segment = packet.segment();
        final long quoted = packet.quoted().offset();
        final long tcp = packet.quoted().tcpOffset();
        long bodyChange = addressChange + portChange;
        if (packet.ipv6()) {
            Ipv6Header.source(segment, quoted, high, low);
        } else {
            bodyChange += updateIpv4(segment, quoted, addressChange);
            Ipv4Header.source(segment, quoted, (int) low);
        }
        TcpHeader.sourcePort(segment, tcp, port);
        if (tcp + TcpHeader.CHECKSUM_OFFSET + Short.BYTES <= packet.offset() + packet.length()) {
            final int before = TcpHeader.checksum(segment, tcp);
            final int after = InternetChecksum.update(before, addressChange + portChange);
            TcpHeader.checksum(segment, tcp, after);
            bodyChange += InternetChecksum.change(before, after);
        }
        // ICMPv6 covers a pseudo-header with the outer destination (RFC 4443, 2.3), ICMP does not.
        final long pseudoChange = packet.ipv6() ? addressChange : 0;
        final long icmp = packet.icmpOffset();
        final int checksum = IcmpHeader.checksum(segment, icmp);
        IcmpHeader.checksum(
                segment,
                icmp,
                packet.hasPartialChecksum(IcmpHeader.CHECKSUM_OFFSET)
                        ? InternetChecksum.updatePartial(checksum, pseudoChange)
                        : InternetChecksum.update(checksum, pseudoChange + bodyChange));
    }
}
