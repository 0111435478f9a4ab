package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.packet.Packet.Verdict;

/**
 * The beginning of the TCP packet that an ICMP error quotes. It may end after the first eight bytes of TCP: ports and
 * sequence number are the least that RFC 792 has quoted.
 */
final class QuotedPacket {
    private static final int MIN_TCP_BYTES = 8;
    private static final long MASK = 0xFFFF_FFFFL;

    private long offset;
    private long tcpOffset;

    /**
     * Parses the quoted packet at segment[offset, end).
     *
     * @param tuple set to the connection from the client's side, if all goes well: the quoted packet went to the client
     * @return ICMP_ERROR if all went well, or why it did not
     */
    Verdict parse(
            final boolean ipv6, final MemorySegment segment, final long offset, final long end, final FourTuple tuple) {
        this.offset = offset;
        return ipv6 ? parseIpv6(segment, end, tuple) : parseIpv4(segment, end, tuple);
    }

    private Verdict parseIpv4(final MemorySegment segment, final long end, final FourTuple tuple) {
        if (end - offset < Ipv4Header.MIN_LENGTH_BYTES) {
            return Verdict.TRUNCATED;
        }
        if (Ipv4Header.version(segment, offset) != Ipv4Header.VERSION) {
            return Verdict.ICMP_OTHER;
        }
        final int headerLength = Ipv4Header.headerLength(segment, offset);
        if (headerLength < Ipv4Header.MIN_LENGTH_BYTES) {
            return Verdict.BAD_HEADER_LENGTH;
        }
        if (Ipv4Header.protocol(segment, offset) != Ipv4Header.PROTOCOL_TCP) {
            return Verdict.ICMP_OTHER;
        }
        if ((Ipv4Header.fragment(segment, offset) & Ipv4Header.FRAGMENT_OFFSET_MASK) != 0) {
            return Verdict.FRAGMENT; // a first fragment still has the ports
        }
        tcpOffset = offset + headerLength;
        if (end - tcpOffset < MIN_TCP_BYTES) {
            return Verdict.TRUNCATED;
        }
        tuple.set(
                        false,
                        0,
                        Ipv4Header.source(segment, offset) & MASK,
                        TcpHeader.sourcePort(segment, tcpOffset),
                        0,
                        Ipv4Header.destination(segment, offset) & MASK,
                        TcpHeader.destinationPort(segment, tcpOffset))
                .reverse();
        return Verdict.ICMP_ERROR;
    }

    private Verdict parseIpv6(final MemorySegment segment, final long end, final FourTuple tuple) {
        if (end - offset < Ipv6Header.LENGTH_BYTES) {
            return Verdict.TRUNCATED;
        }
        if (Ipv6Header.version(segment, offset) != Ipv6Header.VERSION) {
            return Verdict.ICMP_OTHER;
        }
        final long walked = Ipv6Header.walk(segment, offset, end);
        if (walked < 0) {
            return verdictOfWalk(walked);
        }
        if (Ipv6Header.walkedProtocol(walked) != Ipv6Header.NEXT_TCP) {
            return Verdict.ICMP_OTHER;
        }
        tcpOffset = offset + Ipv6Header.walkedLength(walked);
        if (end - tcpOffset < MIN_TCP_BYTES) {
            return Verdict.TRUNCATED;
        }
        tuple.set(
                        true,
                        Ipv6Header.sourceHigh(segment, offset),
                        Ipv6Header.sourceLow(segment, offset),
                        TcpHeader.sourcePort(segment, tcpOffset),
                        Ipv6Header.destinationHigh(segment, offset),
                        Ipv6Header.destinationLow(segment, offset),
                        TcpHeader.destinationPort(segment, tcpOffset))
                .reverse();
        return Verdict.ICMP_ERROR;
    }

    /** The reason to drop that a negative result of {@link Ipv6Header#walk} stands for. */
    static Verdict verdictOfWalk(final long walked) {
        if (walked == Ipv6Header.WALK_TRUNCATED) {
            return Verdict.TRUNCATED;
        }
        return walked == Ipv6Header.WALK_LATER_FRAGMENT ? Verdict.FRAGMENT : Verdict.UNSUPPORTED_EXTENSION;
    }

    /** Where the quoted IP header begins in the segment. */
    long offset() {
        return offset;
    }

    /** Where the quoted TCP header begins in the segment; its first eight bytes are there. */
    long tcpOffset() {
        return tcpOffset;
    }
}
