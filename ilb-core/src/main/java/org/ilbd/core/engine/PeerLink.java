package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.SegmentSplitter;
import org.ilbd.core.packet.VirtioNetHeader;
import org.ilbd.core.protocol.AssociationRecord;
import org.ilbd.core.protocol.ForwardHeader;
import org.ilbd.core.protocol.MessageAuthenticator;
import org.jspecify.annotations.Nullable;

/**
 * The way out to the other ILBs: wraps packets, signs whatever is sent. Datagrams and streams are counted apart, since the one
 * may overtake the other by more than a replay window. A super-segment is split first, so that a
 * forwarded packet is as long as its client sent it plus our header.
 */
final class PeerLink {
    /** RFC 768: the length field counts 8 bytes of header, and IPv4 takes 20 of the 65,535 more. */
    private static final int MAX_UDP_PAYLOAD_BYTES = 65_507;

    private final EngineOutput output;
    private final Membership membership;
    private final MessageAuthenticator authenticator;
    private final MessageAuthenticator streamAuthenticator;
    private final Counters counters;
    private final int tag;
    private final MemorySegment datagram;
    private final SegmentSplitter splitter = new SegmentSplitter();

    PeerLink(
            EngineConfig config,
            EngineOutput output,
            Membership membership,
            MessageAuthenticator authenticator,
            MessageAuthenticator streamAuthenticator,
            Counters counters,
            SegmentAllocator memory) {
        this.output = output;
        this.membership = membership;
        this.authenticator = authenticator;
        this.streamAuthenticator = streamAuthenticator;
        this.counters = counters;
        this.tag = config.id().tag();
        this.datagram = memory.allocate(ForwardHeader.MAX_LENGTH_BYTES + 65_536, 64);
    }

    /** The peer at that position if there is one and it is not known to be dead. */
    @Nullable
    Peer reachable(int position) {
        if (position < 0) {
            return null;
        }
        Peer peer = membership.peers().get(position);
        return peer.state() == IlbState.DEAD ? null : peer;
    }

    /**
     * Forwards a packet.
     *
     * @param hop 1 or 2: how many ILBs have had the packet, this one included
     * @param visited0 the tag of the first ILB, if this one is not
     */
    void forward(Packet packet, Peer peer, int hop, int visited0) {
        int length = ForwardHeader.encode(
                datagram, 0, tag, membership.incarnation(), hop, hop == 1 ? tag : visited0, tag, false);
        send(packet, peer, length);
    }

    /**
     * As {@link #forward}, with the association that the receiver is to store before it delivers.
     *
     * @param slot the association
     * @param state what it is said to be in
     */
    void forwardWithAssociation(
            Packet packet, Peer peer, int hop, int visited0, HeldAssociations held, int slot, ConnectionState state) {
        int length = ForwardHeader.encode(
                datagram, 0, tag, membership.incarnation(), hop, hop == 1 ? tag : visited0, tag, true);
        Endpoint server = held.server(slot).endpoint();
        length += AssociationRecord.encode(
                datagram,
                length,
                WireState.of(state),
                held.isReset(slot),
                packet.tuple(),
                server.address().high(),
                server.address().low(),
                server.port(),
                held.ageMillis(slot),
                held.assignedOwner(slot));
        send(packet, peer, length);
    }

    /** Signs and sends a message that is complete but for its signature. */
    void send(Endpoint endpoint, MemorySegment message, long offset, int length) {
        authenticator.sign(message, offset, length);
        output.send(endpoint, message, offset, length);
    }

    /** Signs a message and puts it on the transfer stream to a peer; false, and nothing sent, if that does not take it now. */
    boolean transfer(Endpoint endpoint, MemorySegment message, long offset, int length) {
        if (!output.canTransfer(endpoint)) {
            return false;
        }
        streamAuthenticator.sign(message, offset, length);
        output.transfer(endpoint, message, offset, length);
        return true;
    }

    /** What this ILB signs its messages with: the CRC32 of its id. */
    int tag() {
        return tag;
    }

    /** This ILB's incarnation, as in its messages. */
    long incarnation() {
        return membership.incarnation();
    }

    private void send(Packet packet, Peer peer, int headerLength) {
        long virtio = packet.offset() - VirtioNetHeader.LENGTH_BYTES;
        if (VirtioNetHeader.flags(packet.segment(), virtio) == 0
                && VirtioNetHeader.gsoType(packet.segment(), virtio) == VirtioNetHeader.GSO_NONE) {
            MemorySegment.copy(packet.segment(), packet.offset(), datagram, headerLength, packet.length());
            sendDatagram(peer, headerLength + packet.length());
            return;
        }
        splitter.start(packet);
        for (int length = splitter.next(datagram, headerLength);
                length > 0;
                length = splitter.next(datagram, headerLength)) {
            sendDatagram(peer, headerLength + length);
        }
    }

    private void sendDatagram(Peer peer, int length) {
        if (length > MAX_UDP_PAYLOAD_BYTES) {
            counters.drop(DropReason.SEND_PEER);
        } else {
            send(peer.endpoint(), datagram, 0, length);
        }
    }
}
