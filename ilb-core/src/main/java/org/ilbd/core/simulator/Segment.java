package org.ilbd.core.simulator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.InternetChecksum;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Ipv4Header;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.TcpHeader;

/**
 * One TCP segment. As a packet it has right checksums, and carries the number of its connection where no ILB changes it
 * (the identification of IPv4, the flow label of IPv6), so that a stray of an earlier connection of the same 4-tuple can be
 * told from a packet of the present one.
 */
record Segment(
        Endpoint source,
        Endpoint destination,
        int flags,
        int sequence,
        int acknowledgment,
        byte[] payload,
        int connection) {
    private static final int TCP_BYTES = 20;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int TIME_TO_LIVE = 63;

    boolean is(int flag) {
        return (flags & flag) != 0;
    }

    boolean isSyn() {
        return is(TcpHeader.SYN) && !is(TcpHeader.ACK);
    }

    FourTuple tuple() {
        return new FourTuple().set(source, destination);
    }

    /** The RST of an end that knows no such connection (RFC 9293, 3.10.7.1). */
    Segment reset() {
        return new Segment(
                /* source= */ destination,
                /* destination= */ source,
                TcpHeader.RST,
                acknowledgment,
                0,
                new byte[0],
                connection);
    }

    Segment ofConnection(int number) {
        return new Segment(source, destination, flags, sequence, acknowledgment, payload, number);
    }

    byte[] toPacket() {
        boolean ipv6 = source.address().ipv6();
        int ipBytes = ipv6 ? IPV6_BYTES : IPV4_BYTES;
        ByteBuffer packet = ByteBuffer.allocate(ipBytes + TCP_BYTES + payload.length);
        if (ipv6) {
            packet.putInt((6 << 28) | (connection & 0xFFFF))
                    .putShort((short) (TCP_BYTES + payload.length))
                    .put((byte) Ipv4Header.PROTOCOL_TCP)
                    .put((byte) TIME_TO_LIVE);
        } else {
            packet.putShort((short) 0x4500)
                    .putShort((short) packet.capacity())
                    .putShort((short) connection)
                    .putShort((short) Ipv4Header.DONT_FRAGMENT)
                    .put((byte) TIME_TO_LIVE)
                    .put((byte) Ipv4Header.PROTOCOL_TCP)
                    .putShort((short) 0);
        }
        packet.put(source.address().toBytes()).put(destination.address().toBytes());
        packet.putShort((short) source.port())
                .putShort((short) destination.port())
                .putInt(sequence)
                .putInt(acknowledgment)
                .put((byte) ((TCP_BYTES / 4) << 4))
                .put((byte) flags)
                .putShort((short) 512)
                .putInt(0)
                .put(payload);
        MemorySegment bytes = MemorySegment.ofArray(packet.array());
        if (!ipv6) {
            packet.putShort(10, (short) InternetChecksum.finish(InternetChecksum.sum(bytes, 0, IPV4_BYTES)));
        }
        packet.putShort(ipBytes + 16, (short) InternetChecksum.finish(sum(bytes, 0, ipBytes, packet.capacity())));
        return packet.array();
    }

    /** The sum of a TCP segment with its pseudo-header; that of a packet whose checksum is right finishes as 0. */
    private long sum(MemorySegment bytes, long offset, int ipBytes, int length) {
        IpAddress from = source.address();
        IpAddress to = destination.address();
        return InternetChecksum.pseudoHeader(
                        from.high(), from.low(), to.high(), to.low(), Ipv4Header.PROTOCOL_TCP, length - ipBytes)
                + InternetChecksum.sum(bytes, offset + ipBytes, length - (long) ipBytes);
    }

    /**
     * Reads what an ILB delivers.
     *
     * @throws IllegalStateException if a checksum is wrong
     */
    static Segment of(Packet packet) {
        MemorySegment bytes = packet.segment();
        long at = packet.offset();
        int ipBytes = packet.ipv6() ? IPV6_BYTES : IPV4_BYTES;
        long tcp = at + ipBytes;
        byte[] payload = new byte[packet.length() - ipBytes - TCP_BYTES];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, tcp + TCP_BYTES, payload, 0, payload.length);
        int connection = packet.ipv6() ? unsignedShort(bytes, at + 2) : Ipv4Header.identification(bytes, at);
        Segment segment = new Segment(
                packet.tuple().source(),
                packet.tuple().destination(),
                TcpHeader.flags(bytes, tcp),
                TcpHeader.sequence(bytes, tcp),
                TcpHeader.acknowledgment(bytes, tcp),
                payload,
                connection);
        if (InternetChecksum.finish(segment.sum(bytes, at, ipBytes, packet.length())) != 0) {
            throw new IllegalStateException("wrong TCP checksum in " + segment);
        }
        return segment;
    }

    private static int unsignedShort(MemorySegment bytes, long offset) {
        return ((bytes.get(ValueLayout.JAVA_BYTE, offset) & 0xFF) << 8)
                | (bytes.get(ValueLayout.JAVA_BYTE, offset + 1) & 0xFF);
    }

    @Override
    public String toString() {
        return "#" + connection + " " + source + " > " + destination + " " + TcpHeader.flagNames(flags) + " seq="
                + Integer.toUnsignedString(sequence) + " ack=" + Integer.toUnsignedString(acknowledgment)
                + " length=" + payload.length;
    }
}
