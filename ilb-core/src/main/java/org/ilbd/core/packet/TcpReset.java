package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/** The RST that answers a TCP packet for which there is no connection (RFC 9293, 3.10.7.1). */
public final class TcpReset {
    /** Bytes of the longest reset, without the virtio-net header in front of it. */
    public static final int MAX_LENGTH_BYTES = Ipv6Header.LENGTH_BYTES + TcpHeader.MIN_LENGTH_BYTES;

    private static final int TIME_TO_LIVE = 64;

    private TcpReset() {}

    /**
     * Writes the reset at out[outOffset, ...), with complete checksums, and a zeroed virtio-net header in front of it.
     *
     * @param packet TCP, from a client; stays as it is
     * @param out not the packet's own bytes
     * @return bytes of the IP packet, or 0 if there is nothing to answer: no TCP, or itself a reset
     */
    public static int write(final Packet packet, final MemorySegment out, final long outOffset) {
        if (packet.verdict() != Packet.Verdict.TCP || packet.isRst()) {
            return 0;
        }
        final FourTuple tuple = packet.tuple();
        final boolean acknowledged = (packet.tcpFlags() & TcpHeader.ACK) != 0;
        final long tcp = packet.tcpOffset();
        final int sequence = acknowledged ? TcpHeader.acknowledgment(packet.segment(), tcp) : 0;
        final int acknowledgment =
                acknowledged ? 0 : TcpHeader.sequence(packet.segment(), tcp) + packet.sequenceLength();
        final int flags = acknowledged ? TcpHeader.RST : TcpHeader.RST | TcpHeader.ACK;

        final long clientHigh = tuple.sourceHigh();
        final long clientLow = tuple.sourceLow();
        final int clientPort = tuple.sourcePort();
        final long vipHigh = tuple.destinationHigh();
        final long vipLow = tuple.destinationLow();
        final int vipPort = tuple.destinationPort();
        final int ipLength = packet.ipv6() ? Ipv6Header.LENGTH_BYTES : Ipv4Header.MIN_LENGTH_BYTES;
        final int length = ipLength + TcpHeader.MIN_LENGTH_BYTES;
        VirtioNetHeader.clear(out, outOffset - VirtioNetHeader.LENGTH_BYTES);
        if (packet.ipv6()) {
            Ipv6Header.write(
                    out,
                    outOffset,
                    TcpHeader.MIN_LENGTH_BYTES,
                    Ipv6Header.NEXT_TCP,
                    TIME_TO_LIVE,
                    vipHigh,
                    vipLow,
                    clientHigh,
                    clientLow);
        } else {
            Ipv4Header.write(
                    out,
                    outOffset,
                    length,
                    0, // an identification means nothing on a packet that may not be cut (RFC 6864, 4.1)
                    Ipv4Header.DONT_FRAGMENT,
                    TIME_TO_LIVE,
                    Ipv4Header.PROTOCOL_TCP,
                    (int) vipLow,
                    (int) clientLow);
        }
        final long reset = outOffset + ipLength;
        TcpHeader.write(out, reset, vipPort, clientPort, sequence, acknowledgment, flags);
        final long sum = InternetChecksum.pseudoHeader(
                        clientHigh, clientLow, vipHigh, vipLow, Ipv4Header.PROTOCOL_TCP, TcpHeader.MIN_LENGTH_BYTES)
                + InternetChecksum.sum(out, reset, TcpHeader.MIN_LENGTH_BYTES);
        TcpHeader.checksum(out, reset, InternetChecksum.finish(sum));
        return length;
    }
}
