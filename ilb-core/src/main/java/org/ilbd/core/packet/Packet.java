package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * One parsed IP packet in a buffer; reused for packet after packet.
 *
 * <p><b>Buffer.</b> In front of the packet lie the ten bytes of its {@link VirtioNetHeader}, and {@value #HEADROOM_BYTES}
 * bytes of headroom in front of those. {@link #parse} reads neither.
 *
 * <p><b>Parsing.</b> Every length that the packet claims is checked before it is used; nothing outside the given length is
 * read, whatever the bytes are. The IPv4 header checksum is verified, the TCP and ICMP checksums are not: the ends do that,
 * and a super-segment does not have one yet. After a verdict other than TCP, ICMP_ERROR and ICMP_ECHO_REQUEST the
 * accessors mean nothing.
 */
public final class Packet {
    /** Bytes that every buffer has in front of the virtio-net header: room for an Ethernet header and more. */
    public static final int HEADROOM_BYTES = 40;

    /** What a packet is; all but the first three are reasons to drop it. */
    public enum Verdict {
        /** TCP, whole. */
        TCP,
        /** An ICMP error about a TCP packet that was sent from the address that the error is sent to. */
        ICMP_ERROR,
        /** An ICMP echo request. */
        ICMP_ECHO_REQUEST,
        /** Neither IPv4 nor IPv6. */
        NOT_IP,
        /** Ends inside a header, or before the length that its IP header claims. */
        TRUNCATED,
        /** An IPv4 or TCP header shorter than the least, or longer than the packet. */
        BAD_HEADER_LENGTH,
        /** An IPv4 total length shorter than the IPv4 header. */
        BAD_TOTAL_LENGTH,
        /** The IPv4 header checksum is wrong. */
        BAD_CHECKSUM,
        /** An IPv6 extension header chain that is too long, or a source route that is not at its end. */
        UNSUPPORTED_EXTENSION,
        /** A fragment: a balancer that keeps no reassembly state can not name its connection. */
        FRAGMENT,
        /** Neither TCP nor ICMP. */
        NOT_TCP,
        /** ICMP that is neither an echo request nor an error about a TCP packet of the address it is sent to. */
        ICMP_OTHER;

        /** Whether the packet is of use: TCP, ICMP_ERROR, ICMP_ECHO_REQUEST. */
        public boolean isAccepted() {
            return this == TCP || this == ICMP_ERROR || this == ICMP_ECHO_REQUEST;
        }
    }

    private static final long MASK = 0xFFFF_FFFFL;

    private final FourTuple tuple = new FourTuple();
    private final QuotedPacket quoted = new QuotedPacket();
    private MemorySegment segment = MemorySegment.NULL;
    private long offset;
    private int length;
    private boolean ipv6;
    private Verdict verdict = Verdict.TRUNCATED;
    private int transportStart;
    private int tcpHeaderLength;
    private int tcpFlags;

    /** Nothing parsed yet. */
    public Packet() {}

    /**
     * Parses the packet at segment[offset, offset + length), which must lie within the segment. Bytes behind the length
     * that the IP header claims are ignored.
     */
    public Verdict parse(final MemorySegment segment, final long offset, final int length) {
        this.segment = segment;
        this.offset = offset;
        verdict = parseIp(segment, offset, length);
        return verdict;
    }

    private Verdict parseIp(final MemorySegment segment, final long offset, final int length) {
        if (length < 1) {
            return Verdict.TRUNCATED;
        }
        return switch (NetworkOrder.getUnsignedByte(segment, offset) >>> 4) {
            case Ipv4Header.VERSION -> parseIpv4(segment, offset, length);
            case Ipv6Header.VERSION -> parseIpv6(segment, offset, length);
            default -> Verdict.NOT_IP;
        };
    }

    private Verdict parseIpv4(final MemorySegment segment, final long offset, final int available) {
        ipv6 = false;
        if (available < Ipv4Header.MIN_LENGTH_BYTES) {
            return Verdict.TRUNCATED;
        }
        // The header in three reads: version to fragment, time to live to source, destination.
        final long first = NetworkOrder.getLong(segment, offset);
        final long second = NetworkOrder.getLong(segment, offset + Ipv4Header.TIME_TO_LIVE_OFFSET);
        final long destination = NetworkOrder.getUnsignedInt(segment, offset + Ipv4Header.DESTINATION_OFFSET);
        final int headerLength = (int) (first >>> 54) & 0x3C;
        final int totalLength = (int) (first >>> 32) & 0xFFFF;
        if (headerLength < Ipv4Header.MIN_LENGTH_BYTES) {
            return Verdict.BAD_HEADER_LENGTH;
        }
        if (totalLength < headerLength) {
            return Verdict.BAD_TOTAL_LENGTH;
        }
        if (totalLength > available) {
            return Verdict.TRUNCATED;
        }
        long sum = InternetChecksum.sumOf(first) + InternetChecksum.sumOf(second) + destination;
        if (headerLength > Ipv4Header.MIN_LENGTH_BYTES) {
            sum += InternetChecksum.sum(
                    segment, offset + Ipv4Header.MIN_LENGTH_BYTES, headerLength - (long) Ipv4Header.MIN_LENGTH_BYTES);
        }
        if (InternetChecksum.finish(sum) != 0) {
            return Verdict.BAD_CHECKSUM;
        }
        if ((first & (Ipv4Header.MORE_FRAGMENTS | Ipv4Header.FRAGMENT_OFFSET_MASK)) != 0) {
            return Verdict.FRAGMENT;
        }
        length = totalLength;
        transportStart = headerLength;
        final long source = second & MASK;
        return switch ((int) (second >>> 48) & 0xFF) {
            case Ipv4Header.PROTOCOL_TCP -> parseTcp(segment, 0, source, 0, destination);
            case Ipv4Header.PROTOCOL_ICMP -> parseIcmp(segment, 0, source, 0, destination);
            default -> Verdict.NOT_TCP;
        };
    }

    private Verdict parseIpv6(final MemorySegment segment, final long offset, final int available) {
        ipv6 = true;
        if (available < Ipv6Header.LENGTH_BYTES) {
            return Verdict.TRUNCATED;
        }
        final int lengthAndNext = NetworkOrder.getInt(segment, offset + Ipv6Header.PAYLOAD_LENGTH_OFFSET);
        length = Ipv6Header.LENGTH_BYTES + (lengthAndNext >>> 16);
        if (length > available) {
            return Verdict.TRUNCATED;
        }
        int protocol = lengthAndNext >>> 8 & 0xFF;
        transportStart = Ipv6Header.LENGTH_BYTES;
        if (protocol != Ipv6Header.NEXT_TCP) {
            final long walked = Ipv6Header.walk(segment, offset, offset + length);
            if (walked < 0) {
                return QuotedPacket.verdictOfWalk(walked);
            }
            if (Ipv6Header.walkedFirstFragment(walked)) {
                return Verdict.FRAGMENT;
            }
            protocol = Ipv6Header.walkedProtocol(walked);
            transportStart = Ipv6Header.walkedLength(walked);
        }
        final long sourceHigh = Ipv6Header.sourceHigh(segment, offset);
        final long sourceLow = Ipv6Header.sourceLow(segment, offset);
        final long destinationHigh = Ipv6Header.destinationHigh(segment, offset);
        final long destinationLow = Ipv6Header.destinationLow(segment, offset);
        return switch (protocol) {
            case Ipv6Header.NEXT_TCP -> parseTcp(segment, sourceHigh, sourceLow, destinationHigh, destinationLow);
            case Ipv6Header.NEXT_ICMPV6 -> parseIcmp(segment, sourceHigh, sourceLow, destinationHigh, destinationLow);
            default -> Verdict.NOT_TCP;
        };
    }

    private Verdict parseTcp(
            final MemorySegment segment,
            final long sourceHigh,
            final long sourceLow,
            final long destinationHigh,
            final long destinationLow) {
        final int available = length - transportStart;
        if (available < TcpHeader.MIN_LENGTH_BYTES) {
            return Verdict.TRUNCATED;
        }
        final long tcp = offset + transportStart;
        final int lengthAndFlags = NetworkOrder.getUnsignedShort(segment, tcp + TcpHeader.DATA_OFFSET_OFFSET);
        tcpHeaderLength = lengthAndFlags >>> 12 << 2;
        if (tcpHeaderLength < TcpHeader.MIN_LENGTH_BYTES || tcpHeaderLength > available) {
            return Verdict.BAD_HEADER_LENGTH;
        }
        tcpFlags = lengthAndFlags & 0xFF;
        final int ports = NetworkOrder.getInt(segment, tcp);
        tuple.set(ipv6, sourceHigh, sourceLow, ports >>> 16, destinationHigh, destinationLow, ports & 0xFFFF);
        return Verdict.TCP;
    }

    private Verdict parseIcmp(
            final MemorySegment segment,
            final long sourceHigh,
            final long sourceLow,
            final long destinationHigh,
            final long destinationLow) {
        if (length - transportStart < IcmpHeader.LENGTH_BYTES) {
            return Verdict.TRUNCATED;
        }
        tcpFlags = 0;
        tcpHeaderLength = 0;
        final long icmp = offset + transportStart;
        final int type = IcmpHeader.type(segment, icmp);
        if (type == (ipv6 ? IcmpHeader.V6_ECHO_REQUEST : IcmpHeader.ECHO_REQUEST)) {
            tuple.set(ipv6, sourceHigh, sourceLow, 0, destinationHigh, destinationLow, 0);
            return Verdict.ICMP_ECHO_REQUEST;
        }
        if (!IcmpHeader.isError(type, ipv6)) {
            return Verdict.ICMP_OTHER;
        }
        final Verdict verdictOfQuoted =
                quoted.parse(ipv6, segment, icmp + IcmpHeader.LENGTH_BYTES, offset + length, tuple);
        if (verdictOfQuoted != Verdict.ICMP_ERROR) {
            return verdictOfQuoted;
        }
        // An error about an address goes to that address; anything else is made up.
        return tuple.destinationHigh() == destinationHigh && tuple.destinationLow() == destinationLow
                ? Verdict.ICMP_ERROR
                : Verdict.ICMP_OTHER;
    }

    /** What the last {@link #parse} said. */
    public Verdict verdict() {
        return verdict;
    }

    /** The buffer. */
    public MemorySegment segment() {
        return segment;
    }

    /** Where the IP header begins in the segment. */
    public long offset() {
        return offset;
    }

    /** Where the virtio-net header begins in the segment. */
    public long virtioOffset() {
        return offset - VirtioNetHeader.LENGTH_BYTES;
    }

    /** Bytes of the packet as its IP header says. */
    public int length() {
        return length;
    }

    public boolean ipv6() {
        return ipv6;
    }

    /**
     * The connection, from the client to the VIP, of TCP and of an ICMP error; for an echo request its addresses with
     * ports 0. Changes with the next {@link #parse}.
     */
    public FourTuple tuple() {
        return tuple;
    }

    /** The flags of {@link TcpHeader}; 0 for ICMP. */
    public int tcpFlags() {
        return tcpFlags;
    }

    /** Where the TCP header begins in the segment. */
    public long tcpOffset() {
        return offset + transportStart;
    }

    /** Where the ICMP header begins in the segment. */
    public long icmpOffset() {
        return offset + transportStart;
    }

    /** Bytes of the TCP header with its options; 0 for ICMP. */
    public int tcpHeaderLength() {
        return tcpHeaderLength;
    }

    /** Bytes of data behind the TCP header; a super-segment counts whole. */
    public int payloadLength() {
        return length - transportStart - tcpHeaderLength;
    }

    /** Bytes that the packet takes in the sequence space: data, SYN and FIN (RFC 9293, 3.4). */
    public int sequenceLength() {
        return payloadLength()
                + (tcpFlags >>> 1 & 1) // SYN
                + (tcpFlags & 1); // FIN
    }

    /** Whether this opens a connection: SYN, without ACK and RST. */
    public boolean isSyn() {
        return (tcpFlags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST)) == TcpHeader.SYN;
    }

    public boolean isFin() {
        return (tcpFlags & TcpHeader.FIN) != 0;
    }

    public boolean isRst() {
        return (tcpFlags & TcpHeader.RST) != 0;
    }

    /** Bytes of the IP header with options or extension headers. */
    int transportStart() {
        return transportStart;
    }

    /** What an ICMP error quotes. */
    QuotedPacket quoted() {
        return quoted;
    }

    /** Whether the checksum in the field at {@code field} of the transport header is left partial. */
    boolean hasPartialChecksum(final int field) {
        return VirtioNetHeader.isPartial(segment, virtioOffset(), transportStart, field);
    }

    /** For a person; allocates. */
    @Override
    public String toString() {
        return verdict == Verdict.TCP
                ? "%s %s %d bytes".formatted(tuple, TcpHeader.flagNames(tcpFlags), payloadLength())
                : verdict.isAccepted() ? verdict + " " + tuple : verdict.toString();
    }
}
