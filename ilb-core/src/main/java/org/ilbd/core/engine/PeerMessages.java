package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.membership.Reception;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.VirtioNetHeader;
import org.ilbd.core.protocol.AssociationRecord;
import org.ilbd.core.protocol.AssociationState;
import org.ilbd.core.protocol.AssociationsMessage;
import org.ilbd.core.protocol.DecodeResult;
import org.ilbd.core.protocol.ForwardHeader;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.IntakeMessage;
import org.ilbd.core.protocol.MessageAuthenticator;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.SelectionMessage;
import org.ilbd.core.protocol.TransferMessage;
import org.jspecify.annotations.Nullable;

/** What other ILBs say: authenticated, decoded and handed to the part that it concerns, or dropped and counted. */
final class PeerMessages {
    private final Membership membership;
    private final ServiceTable services;
    private final ToldAssociations told;
    private final Transfers transfers;
    private final PacketRouter router;
    private final Intakes intakes;
    private final Selections selections;
    private final HostLoads hostLoads;
    private final MessageAuthenticator authenticator;
    private final MessageAuthenticator streamAuthenticator;
    private final Clock clock;
    private final Counters counters;
    private final IdMessage idMessage = new IdMessage();
    private final ForwardHeader forward = new ForwardHeader();
    private final AssociationsMessage message = new AssociationsMessage();
    private final AssociationRecord record = new AssociationRecord();
    private final TransferMessage transferMessage = new TransferMessage();
    private final IntakeMessage intakeMessage = new IntakeMessage();
    private final SelectionMessage selection = new SelectionMessage();

    PeerMessages(
            Membership membership,
            ServiceTable services,
            ToldAssociations told,
            Transfers transfers,
            PacketRouter router,
            Intakes intakes,
            Selections selections,
            HostLoads hostLoads,
            MessageAuthenticator authenticator,
            MessageAuthenticator streamAuthenticator,
            Clock clock,
            Counters counters) {
        this.membership = membership;
        this.services = services;
        this.told = told;
        this.transfers = transfers;
        this.router = router;
        this.intakes = intakes;
        this.selections = selections;
        this.hostLoads = hostLoads;
        this.authenticator = authenticator;
        this.streamAuthenticator = streamAuthenticator;
        this.clock = clock;
        this.counters = counters;
    }

    void onDatagram(
            MemorySegment segment,
            long offset,
            int length,
            boolean ipv6,
            long sourceHigh,
            long sourceLow,
            int sourcePort) {
        if (!isAuthentic(authenticator, segment, offset, length)) {
            return;
        }
        switch (MessageHeader.type(segment, offset)) {
            case ID -> onIdMessage(segment, offset, length, ipv6, sourceHigh, sourceLow, sourcePort);
            case FORWARD -> onForward(segment, offset, length);
            case ASSOCIATIONS -> onAssociations(segment, offset, length);
            case INTAKE -> onIntake(segment, offset, length);
            case SELECTION -> onSelection(segment, offset, length);
            case TRANSFER, UNKNOWN -> counters.drop(DropReason.PEER_MALFORMED);
        }
    }

    /** One message of a transfer stream. */
    void onTransfer(MemorySegment segment, long offset, int length) {
        if (!isAuthentic(streamAuthenticator, segment, offset, length)) {
            return;
        }
        switch (MessageHeader.type(segment, offset)) {
            case ASSOCIATIONS -> onFrame(segment, offset, length);
            case TRANSFER -> onTransferMessage(segment, offset, length);
            case ID, FORWARD, INTAKE, SELECTION, UNKNOWN -> counters.drop(DropReason.PEER_MALFORMED);
        }
    }

    private boolean isAuthentic(MessageAuthenticator with, MemorySegment segment, long offset, int length) {
        switch (with.verify(segment, offset, length)) {
            case OK -> {
                counters.add(Counter.PEER_MESSAGES);
                return true;
            }
            case MALFORMED -> counters.drop(DropReason.PEER_MALFORMED);
            case UNKNOWN_KEY -> counters.drop(DropReason.PEER_UNKNOWN_KEY);
            case BAD_MAC -> counters.drop(DropReason.PEER_BAD_MAC);
            case STALE -> counters.drop(DropReason.PEER_STALE);
            case REPLAY -> counters.drop(DropReason.PEER_REPLAY);
        }
        return false;
    }

    private void onFrame(MemorySegment segment, long offset, int length) {
        Peer peer = sender(segment, offset);
        if (peer == null) {
            return;
        }
        if (message.decode(segment, offset, length) != DecodeResult.OK) {
            counters.drop(DropReason.PEER_MALFORMED);
            return;
        }
        while (message.next(record)) {
            learn(peer, record, ToldBy.TRANSFER);
        }
        PeerTransfer stream = transfers.to(peer.position());
        if (stream != null) {
            stream.take(message.sequence());
        }
    }

    private void onTransferMessage(MemorySegment segment, long offset, int length) {
        Peer peer = sender(segment, offset);
        if (peer == null) {
            return;
        }
        if (transferMessage.decode(segment, offset, length) != DecodeResult.OK) {
            counters.drop(DropReason.PEER_MALFORMED);
            return;
        }
        PeerTransfer stream = transfers.to(peer.position());
        if (stream == null) {
            return;
        }
        int number = transferMessage.number();
        switch (transferMessage.kind()) {
            case ACKNOWLEDGED -> stream.onAcknowledged(number);
            case BEGIN -> stream.begin(number);
            case HANDED_OVER -> {
                if (stream.take(number)) {
                    membership.onHandedOver(peer, transferMessage.viewDigest(), clock.nanos());
                }
            }
        }
    }

    private void onIdMessage(
            MemorySegment segment,
            long offset,
            int length,
            boolean ipv6,
            long sourceHigh,
            long sourceLow,
            int sourcePort) {
        if (idMessage.decode(segment, offset, length) != DecodeResult.OK) {
            counters.drop(DropReason.PEER_MALFORMED);
            return;
        }
        Reception reception = membership.onIdMessage(idMessage, ipv6, sourceHigh, sourceLow, sourcePort, clock.nanos());
        if (reception == Reception.STRANGER) {
            counters.drop(DropReason.PEER_STRANGER);
        }
        Peer peer = membership.peerByTag(idMessage.senderTag());
        if (reception != Reception.ACCEPTED || peer == null) {
            return;
        }
        // The age of a report is as of the sending of the message.
        boolean mayBeOld = membership.hasJustReturned(clock.nanos());
        hostLoads.report(peer.position(), mayBeOld ? IdMessage.UNKNOWN_LOAD : idMessage.hostLoad());
        for (int i = 0; i < idMessage.loadCount(); i++) {
            Server server = services.serverByKey(idMessage.loadServerKey(i));
            if (server != null) {
                server.report(peer.position(), idMessage.loadConnections(i));
                server.reportDown(peer.position(), idMessage.loadCheckDown(i));
                server.service().hosted().set(peer.position(), server, idMessage.loadLocal(i));
                if (idMessage.loadReportAgeMillis(i) != IdMessage.NO_REPORT && !mayBeOld) {
                    server.takeFromPeer(peer.position(), idMessage, i, clock.nanos());
                    server.service().settle(server, clock.nanos());
                }
            }
        }
    }

    private void onIntake(MemorySegment segment, long offset, int length) {
        Peer peer = sender(segment, offset);
        if (peer == null) {
            return;
        }
        if (intakeMessage.decode(segment, offset, length) != DecodeResult.OK) {
            counters.drop(DropReason.PEER_MALFORMED);
            return;
        }
        intakes.onMessage(peer, intakeMessage);
    }

    private void onForward(MemorySegment segment, long offset, int length) {
        Peer peer = sender(segment, offset);
        if (peer == null) {
            return;
        }
        if (forward.decode(segment, offset, length) != DecodeResult.OK) {
            counters.drop(DropReason.PEER_MALFORMED);
            return;
        }
        counters.add(Counter.RECEIVED_FORWARDED);
        // The message's own header, decoded by now, makes the room for the virtio-net header of the packet behind it.
        VirtioNetHeader.clear(segment, forward.packetOffset() - VirtioNetHeader.LENGTH_BYTES);
        if (!forward.hasAssociation()) {
            router.fromPeer(segment, forward.packetOffset(), forward.packetLength(), forward.hop(), forward.visited0());
            return;
        }
        if (membership.selfState() == IlbState.JOINING) {
            // Nobody chooses a newcomer as a backup: this was sent before this ILB was away, and may be of the past.
            counters.drop(DropReason.VIEWS_DIFFER);
            return;
        }
        Server server = learn(peer, forward.association(), ToldBy.SYN);
        if (server == null) {
            return;
        }
        if (!isAt(server.endpoint(), forward.association())) {
            // The owner is told of the older association. Until it knows, and whoever heard of the other from it, a
            // packet could go to the wrong server; so there is to be none before the client sends its SYN again.
            counters.drop(DropReason.ASSOCIATIONS_DIFFER);
            return;
        }
        router.deliverFromHolder(
                segment,
                forward.packetOffset(),
                forward.packetLength(),
                server,
                peer,
                membership.peerByTag(forward.visited0()));
    }

    private void onAssociations(MemorySegment segment, long offset, int length) {
        Peer peer = sender(segment, offset);
        if (peer == null) {
            return;
        }
        if (message.decode(segment, offset, length) != DecodeResult.OK) {
            counters.drop(DropReason.PEER_MALFORMED);
            return;
        }
        boolean apply = message.audience() == AssociationsMessage.Audience.ONE
                || membership.onBroadcast(peer.tag(), peer.incarnation(), message.sequence());
        while (apply && message.next(record)) {
            learn(peer, record, ToldBy.ANNOUNCEMENT);
        }
    }

    private void onSelection(MemorySegment segment, long offset, int length) {
        Peer peer = sender(segment, offset);
        if (peer == null) {
            return;
        }
        if (selection.decode(segment, offset, length) == DecodeResult.OK) {
            selections.onMessage(peer, selection, router);
        } else {
            counters.drop(DropReason.PEER_MALFORMED);
        }
    }

    private static boolean isAt(Endpoint endpoint, AssociationRecord association) {
        return endpoint.port() == association.serverPort()
                && endpoint.address().low() == association.serverLow()
                && endpoint.address().high() == association.serverHigh();
    }

    /** The peer that a message names as its sender, in the incarnation that is known. */
    private @Nullable Peer sender(MemorySegment segment, long offset) {
        Peer peer =
                membership.peer(MessageHeader.senderTag(segment, offset), MessageHeader.incarnation(segment, offset));
        if (peer == null) {
            counters.drop(DropReason.PEER_STRANGER);
        }
        return peer;
    }

    private @Nullable Server learn(Peer peer, AssociationRecord association, ToldBy toldBy) {
        FourTuple tuple = association.tuple();
        Service service = services.findByDestination(tuple);
        if (service == null) {
            counters.drop(DropReason.NO_SERVICE);
            return null;
        }
        Server server = service.serverAt(
                tuple.ipv6(), association.serverHigh(), association.serverLow(), association.serverPort());
        if (server == null) {
            server = services.server(
                    service,
                    new Endpoint(
                            new IpAddress(tuple.ipv6(), association.serverHigh(), association.serverLow()),
                            association.serverPort()));
        }
        if (association.state() == AssociationState.UNSURE) {
            told.answer(peer.position(), service, tuple, server);
            return null;
        }
        if (association.state() == AssociationState.UNKNOWN) {
            told.onUnknown(peer.position(), service, tuple);
            return null;
        }
        ConnectionState state = WireState.of(association.state());
        if (state.isClient()) {
            told.learnClient(service, tuple, server, state, association.ageMillis());
            return null;
        }
        return told.learn(peer.position(), service, server, association, toldBy);
    }
}
