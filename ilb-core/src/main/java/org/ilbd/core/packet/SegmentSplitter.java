package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * Segmentation in software: cuts a TCP super-segment into the packets that the network card would have made of it, each
 * with complete checksums. Also finishes a single packet whose checksum was left partial, and can cut to less than the
 * sender's segment size, for a way that has less room.
 *
 * <p>As the kernel's {@code tcp_gso_segment} does: the IPv4 identification counts up, FIN and PSH stay on the last segment,
 * CWR on the first (RFC 3168, 6.1.2), everything else is on all of them.
 */
public final class SegmentSplitter {
    private enum State {
        /** Nothing left to give. */
        DONE,
        /** One packet, as it is. */
        COPY,
        /** One packet, whose checksum is to be finished. */
        COMPLETE,
        /** TCP data to be cut. */
        SPLIT
    }

    /** Flags of packets that are never cut for want of room: their place in the sequence is more than their data. */
    private static final int WHOLE_FLAGS = TcpHeader.SYN | TcpHeader.RST | TcpHeader.URG;

    private State state = State.DONE;
    private MemorySegment segment = MemorySegment.NULL;
    private long offset;
    private int length;
    private boolean ipv6;
    private int transportStart;
    private int headersLength;
    private int segmentSize;
    private int position;
    private int index;
    private int sequence;
    private int flags;
    private int identification;
    private long addressSum;

    /** Nothing to split yet. */
    public SegmentSplitter() {}

    /** Begins with a packet, to be cut by its GSO size. See {@link #start(Packet, int)}. */
    public int start(final Packet packet) {
        return start(packet, Integer.MAX_VALUE);
    }

    /**
     * Begins with a packet, which has to stay as it is until {@link #next} gave 0.
     *
     * @param packet an accepted packet with its virtio-net header
     * @param maxLength bytes that a packet may have. What can not be cut (ICMP, SYN, RST, urgent data, a damaged
     *     checksum that a cut would hide) is given whole nevertheless
     * @return how many packets {@link #next} will give
     */
    public int start(final Packet packet, final int maxLength) {
        segment = packet.segment();
        offset = packet.offset();
        length = packet.length();
        ipv6 = packet.ipv6();
        transportStart = packet.transportStart();
        final long virtio = packet.virtioOffset();
        final boolean partial = (VirtioNetHeader.flags(segment, virtio) & VirtioNetHeader.NEEDS_CSUM) != 0;
        state = partial ? State.COMPLETE : State.COPY;
        if (packet.verdict() != Packet.Verdict.TCP) {
            return 1;
        }
        headersLength = transportStart + packet.tcpHeaderLength();
        final int payload = packet.payloadLength();
        final int gsoSize = gsoSize(segment, virtio);
        segmentSize = gsoSize > 0 ? gsoSize : payload;
        final int room = maxLength - headersLength;
        if (room > 0 && room < segmentSize && isDivisible(packet, partial || gsoSize > 0)) {
            segmentSize = room;
        }
        if (payload <= segmentSize) {
            return 1;
        }
        final FourTuple tuple = packet.tuple();
        addressSum = InternetChecksum.pseudoHeader(
                tuple.sourceHigh(),
                tuple.sourceLow(),
                tuple.destinationHigh(),
                tuple.destinationLow(),
                Ipv4Header.PROTOCOL_TCP,
                0);
        state = State.SPLIT;
        position = headersLength;
        index = 0;
        sequence = TcpHeader.sequence(segment, packet.tcpOffset());
        flags = packet.tcpFlags();
        identification = ipv6 ? 0 : Ipv4Header.identification(segment, offset);
        return (payload + segmentSize - 1) / segmentSize;
    }

    private static int gsoSize(final MemorySegment segment, final long virtio) {
        return switch (VirtioNetHeader.gsoType(segment, virtio) & ~VirtioNetHeader.GSO_ECN) {
            case VirtioNetHeader.GSO_TCPV4, VirtioNetHeader.GSO_TCPV6 -> VirtioNetHeader.gsoSize(segment, virtio);
            default -> 0;
        };
    }

    private static boolean isDivisible(final Packet packet, final boolean checksumToBeMade) {
        return (packet.tcpFlags() & WHOLE_FLAGS) == 0 && (checksumToBeMade || hasRightChecksum(packet));
    }

    private static boolean hasRightChecksum(final Packet packet) {
        final FourTuple tuple = packet.tuple();
        final int tcpLength = packet.length() - packet.transportStart();
        final long sum = InternetChecksum.pseudoHeader(
                        tuple.sourceHigh(),
                        tuple.sourceLow(),
                        tuple.destinationHigh(),
                        tuple.destinationLow(),
                        Ipv4Header.PROTOCOL_TCP,
                        tcpLength)
                + InternetChecksum.sum(packet.segment(), packet.tcpOffset(), tcpLength);
        return InternetChecksum.finish(sum) == 0;
    }

    /**
     * Writes the next packet at out[outOffset, ...), which needs room for it and must not overlap the input. Nothing is
     * written in front of it: a virtio-net header there, if there is one, has to be zero.
     *
     * @return bytes of the IP packet, or 0 at the end
     */
    public int next(final MemorySegment out, final long outOffset) {
        return switch (state) {
            case DONE -> 0;
            case COPY, COMPLETE -> {
                MemorySegment.copy(segment, offset, out, outOffset, length);
                if (state == State.COMPLETE) {
                    completeChecksum(out, outOffset);
                }
                state = State.DONE;
                yield length;
            }
            case SPLIT -> nextSegment(out, outOffset);
        };
    }

    private void completeChecksum(final MemorySegment out, final long outOffset) {
        final long virtio = offset - VirtioNetHeader.LENGTH_BYTES;
        final int start = VirtioNetHeader.checksumStart(segment, virtio);
        final int field = start + VirtioNetHeader.checksumOffset(segment, virtio);
        if (field + Short.BYTES <= length) {
            // The field holds the pseudo-header's sum, so it is summed with the rest.
            final long sum = InternetChecksum.sum(out, outOffset + start, length - (long) start);
            NetworkOrder.putShort(out, outOffset + field, InternetChecksum.finish(sum));
        }
    }

    private int nextSegment(final MemorySegment out, final long outOffset) {
        final int size = Math.min(segmentSize, length - position);
        final boolean last = position + size == length;
        final int total = headersLength + size;
        MemorySegment.copy(segment, offset, out, outOffset, headersLength);
        MemorySegment.copy(segment, offset + position, out, outOffset + headersLength, size);
        if (ipv6) {
            Ipv6Header.payloadLength(out, outOffset, total - Ipv6Header.LENGTH_BYTES);
        } else {
            Ipv4Header.totalLength(out, outOffset, total);
            Ipv4Header.identification(out, outOffset, identification + index);
            Ipv4Header.updateChecksum(out, outOffset, transportStart);
        }
        final long tcp = outOffset + transportStart;
        final int tcpLength = total - transportStart;
        TcpHeader.sequence(out, tcp, sequence + (position - headersLength));
        TcpHeader.flags(
                out, tcp, flags & ~(last ? 0 : TcpHeader.FIN | TcpHeader.PSH) & ~(index == 0 ? 0 : TcpHeader.CWR));
        TcpHeader.checksum(out, tcp, 0);
        TcpHeader.checksum(
                out, tcp, InternetChecksum.finish(addressSum + tcpLength + InternetChecksum.sum(out, tcp, tcpLength)));
        position += size;
        index++;
        if (last) {
            state = State.DONE;
        }
        return total;
    }
}
