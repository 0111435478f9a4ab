package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.TcpHeader;
import org.ilbd.core.scheduler.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * Decides where a packet goes.
 *
 * <p>A SYN goes to its owner, which makes the association and sends the SYN to the server through the backup. Any other
 * packet is delivered by whoever holds its association; who does not hold it forwards the packet to the owner, the owner
 * to the ILB that ranks next, that one to the owner under the previous view. A packet names the ILBs that it has visited
 * and visits three at most, so whatever the views, there is no loop. What nobody knows is an orphan.
 */
final class PacketRouter {
    /** Of one packet (design: no packet visits more). */
    static final int MAX_VISITS = 3;

    private final EngineOutput output;
    private final ServiceTable services;
    private final Associations associations;
    private final Selections selections;
    private final Ranking ranking;
    private final Membership membership;
    private final PeerLink link;
    private final Clock clock;
    private final Counters counters;
    private final Replies replies;

    /** Packets that came from the network together, and what each is; looked up at once, then routed one by one. */
    private final Packet[] received = new Packet[PacketBatch.CAPACITY];

    private final Packet.Verdict[] verdicts = new Packet.Verdict[PacketBatch.CAPACITY];
    private final @Nullable Service[] servicesOf = new Service[PacketBatch.CAPACITY];
    private final int[] tags = new int[PacketBatch.CAPACITY];
    private final int[] candidates = new int[PacketBatch.CAPACITY];
    private int receivedCount;

    private final Packet forwarded = new Packet();

    /** The packet that is being routed, the tag of its connection, and where that may be. */
    private Packet packet = forwarded;

    private int tag;
    private int candidate;

    /** ILBs that the packet has visited before this one, and the tag of the first; from the third it goes nowhere. */
    private int visitsBefore;

    private int firstVisited;

    PacketRouter(
            EngineOutput output,
            ServiceTable services,
            Associations associations,
            Selections selections,
            Ranking ranking,
            Membership membership,
            PeerLink link,
            Clock clock,
            Counters counters,
            SegmentAllocator memory) {
        this.membership = membership;
        this.output = output;
        this.services = services;
        this.associations = associations;
        this.selections = selections;
        this.ranking = ranking;
        this.link = link;
        this.clock = clock;
        this.counters = counters;
        for (int i = 0; i < received.length; i++) {
            received[i] = new Packet();
        }
        this.replies = new Replies(output, counters, memory);
    }

    /** Takes a packet from the network; {@link PacketBatch#CAPACITY} at most until {@link #routeReceived}. */
    void receive(MemorySegment segment, long offset, int length) {
        Packet.Verdict verdict = received[receivedCount].parse(segment, offset, length);
        Service service = serviceOf(verdict, received[receivedCount]);
        verdicts[receivedCount] = verdict;
        servicesOf[receivedCount] = service;
        tags[receivedCount] = service == null ? 0 : associations.held().tag(service, received[receivedCount].tuple());
        candidates[receivedCount] = Associations.NONE;
        receivedCount++;
    }

    /** Routes what was received. A defect that one packet meets costs the rest of its batch, and nothing after it. */
    void routeReceived() {
        int count = receivedCount;
        receivedCount = 0;
        if (count > 1) {
            associations.held().fetch(tags, candidates, count);
        }
        for (int i = 0; i < count; i++) {
            packet = received[i];
            tag = tags[i];
            candidate = candidates[i];
            fromNetwork(verdicts[i], servicesOf[i]);
        }
    }

    private void fromNetwork(Packet.Verdict verdict, @Nullable Service service) {
        visitsBefore = 0;
        if (service != null) {
            service.countIn(packet.length());
            route(service, verdict);
            return;
        }
        switch (verdict) {
            case TCP, ICMP_ERROR -> returnToClient(verdict);
            case ICMP_ECHO_REQUEST -> answerEcho();
            default -> counters.drop(reason(verdict));
        }
    }

    /** The service that a packet is for, if it is one. */
    private @Nullable Service serviceOf(Packet.Verdict verdict, Packet of) {
        return isRoutable(verdict) ? services.findByDestination(of.tuple()) : null;
    }

    /**
     * A packet that another ILB forwarded, or a SYN that has waited here.
     *
     * @param visits how many ILBs it has visited before this one, 0 to 2
     * @param firstVisitedTag the tag of the first of them
     */
    void fromPeer(MemorySegment segment, long offset, int length, int visits, int firstVisitedTag) {
        visitsBefore = visits;
        firstVisited = firstVisitedTag;
        Packet.Verdict verdict = parseForwarded(segment, offset, length);
        Service service = serviceOf(verdict, packet);
        if (service != null) {
            tag = associations.held().tag(service, packet.tuple());
            candidate = Associations.NONE;
            route(service, verdict);
        } else {
            counters.drop(reason(verdict));
        }
    }

    /**
     * A packet that came with its association, which this ILB has stored: a SYN from the owner to its backup, or the first
     * packet after it from one holder to the other.
     *
     * @param holder who sent it
     * @param first whom the packet came to from the network
     */
    void deliverFromHolder(
            MemorySegment segment, long offset, int length, Server server, Peer holder, @Nullable Peer first) {
        Packet.Verdict verdict = parseForwarded(segment, offset, length);
        if (!isRoutable(verdict)) {
            counters.drop(reason(verdict));
            return;
        }
        if (!packet.isSyn()) {
            associations.confirm(holder, first, packet.tuple(), server);
            if (isCut(server)) {
                cut(server);
                return;
            }
        } else if (server.configured() && !server.state().serves()) {
            // One that the configuration names no more is not checked any more: what its owner makes of it counts.
            counters.drop(DropReason.SERVER_DOWN);
            return;
        } else {
            associations.passSyn(packet.tuple(), server);
        }
        deliver(server);
    }

    private Packet.Verdict parseForwarded(MemorySegment segment, long offset, int length) {
        packet = forwarded;
        return packet.parse(segment, offset, length);
    }

    private void route(Service service, Packet.Verdict verdict) {
        if (packet.tuple().sourcePort() == 0) {
            // A name for something else here (RFC 6335, 6: port 0 is reserved).
            counters.drop(DropReason.NO_PORT);
        } else if (verdict == Packet.Verdict.ICMP_ERROR) {
            routeError(service);
        } else if (packet.isSyn() && !packet.isRst()) {
            routeSyn(service);
        } else {
            routeKnown(service);
        }
    }

    private void routeKnown(Service service) {
        FourTuple tuple = packet.tuple();
        boolean mayServe = associations.mayServe(tuple);
        if (!mayServe && forwardToHolder()) {
            return;
        }
        boolean ends = packet.isFin() || packet.isRst();
        int slot = associations.held().find(service, tuple, tag, candidate);
        Server server;
        boolean cut;
        if (slot != Associations.NONE) {
            cut = isCut(associations.held().server(slot));
            if (!ends && !cut && goesThroughOtherHolder(slot)) {
                return;
            }
            server = associations.serveHeld(slot, tuple, packet.isFin(), packet.isRst() || cut);
            if (cut && !packet.isRst()) {
                // The client has not heard yet that it has ended, and is told again as long as it sends.
                associations.held().touch(slot);
            }
        } else {
            int entry = associations.cached().find(service, tuple);
            if (!ends && visitsBefore == 0 && goesToHolder(entry)) {
                return;
            }
            Server known = associations.cached().server(entry);
            cut = known != null && isCut(known);
            server = associations.serveCached(entry, tuple, packet.isFin(), packet.isRst() || cut);
        }
        if (server != null && cut) {
            cut(server);
        } else if (server != null) {
            tellForwarder(server);
            deliver(server);
        } else if (!mayServe || !forwardToHolder()) {
            orphan(service);
        }
    }

    /** Whether a connection of that server does not outlive what happened to the server. */
    private boolean isCut(Server server) {
        return server.cuts(packet.tuple(), clock.nanos());
    }

    /** The client is told that its connection has ended; its own word of that is the server's to hear. */
    private void cut(Server server) {
        if (packet.isRst()) {
            deliver(server);
        } else {
            replies.reset(packet);
        }
    }

    /**
     * The first packet after the SYN says that the connection is established, and both ILBs that hold it must know: from the
     * one it goes through the other, which stores that before it delivers, as it did with the SYN. What gets lost is sent
     * again by an end of the connection, and goes the same way, until the other one has confirmed.
     */
    private boolean goesThroughOtherHolder(int slot) {
        if (!associations.isUnconfirmed(slot)) {
            return false;
        }
        ranking.rank(packet.tuple());
        int other = ranking.selfOwns() ? ranking.backup() : ranking.owner();
        Peer peer = link.reachable(other);
        if (peer == null || !mayForwardTo(peer)) {
            return false;
        }
        counters.add(Counter.FORWARDED);
        link.forwardWithAssociation(
                packet, peer, visitsBefore + 1, firstVisited, associations.held(), slot, ConnectionState.ESTABLISHED);
        associations.establish(slot, packet.tuple());
        return true;
    }

    /** The first packet after a SYN, at an ILB that does not hold its connection. */
    private boolean goesToHolder(int entry) {
        if (!associations.cached().isHalfOpen(entry) || !forwardToHolder()) {
            return false;
        }
        associations.cached().voidHalfOpen(entry);
        return true;
    }

    /** The ILB that had to forward this packet is not to have to do so with the next one. */
    private void tellForwarder(Server server) {
        if (visitsBefore == 0 || packet.isFin() || packet.isRst()) {
            return;
        }
        Peer forwarder = membership.peerByTag(firstVisited);
        if (forwarder != null) {
            associations.tellForwarder(forwarder, packet.tuple(), server);
        }
    }

    private void routeSyn(Service service) {
        FourTuple tuple = packet.tuple();
        ranking.rank(tuple);
        int owner = ranking.owner();
        int backup = ranking.backup();
        if (owner == Ranking.NONE) {
            counters.drop(DropReason.NO_OWNER);
            return;
        }
        if (membership.hasJustReturned(clock.nanos())) {
            // It may have waited for as long as this ILB stood still, and its connection be closing by now.
            counters.drop(DropReason.VIEWS_DIFFER);
            return;
        }
        if (owner != Ranking.SELF) {
            associations.voidBySyn(owner, service, tuple);
            if (!forward(owner)) {
                // Whom we take for the owner has sent it here.
                counters.drop(DropReason.VIEWS_DIFFER);
            }
            return;
        }
        associations.cached().remove(service, tuple);
        service.noteReachedIlb(reachedIlb());
        int slot = associations.associate(service, tuple);
        if (slot < 0) {
            withoutAssociation(service, slot);
            return;
        }
        Server server = associations.held().server(slot);
        Peer peer = link.reachable(backup);
        if (peer == null) {
            deliver(server);
        } else if (visitsBefore + 1 >= MAX_VISITS) {
            counters.drop(DropReason.VIEWS_DIFFER);
        } else {
            counters.add(Counter.FORWARDED_SYNS);
            link.forwardWithAssociation(
                    packet,
                    peer,
                    visitsBefore + 1,
                    firstVisited,
                    associations.held(),
                    slot,
                    associations.held().state(slot));
        }
    }

    /** The ILB that the packet came to from the network. */
    private int reachedIlb() {
        if (visitsBefore == 0) {
            return Placement.SELF;
        }
        Peer first = membership.peerByTag(firstVisited);
        return first == null ? Placement.NONE : first.position();
    }

    /** A SYN that has got none. Where it was for want of room, the Maglev table finds the same server each time, without state. */
    private void withoutAssociation(Service service, int why) {
        switch (why) {
            case Associations.NOT_YET -> counters.drop(DropReason.ASSOCIATIONS_DIFFER);
            case Associations.ASKED -> selections.hold(service, packet, visitsBefore, firstVisited, this);
            case Associations.NO_SERVER -> withoutServer(service);
            case Associations.SERVERS_FULL -> counters.drop(DropReason.SERVERS_FULL);
            default -> {
                int server = service.selectStateless(packet.tuple());
                if (server >= 0) {
                    counters.add(Counter.STATELESS_SYNS);
                    deliver(services.server(server));
                } else if (server == Service.FULL) {
                    counters.drop(DropReason.SERVERS_FULL);
                } else {
                    withoutServer(service);
                }
            }
        }
    }

    private void withoutServer(Service service) {
        switch (service.config().policy().allDown()) {
            case RESET -> replies.reset(packet);
            case DROP -> counters.drop(DropReason.NO_SERVER);
        }
    }

    private void routeError(Service service) {
        Server server = associations.peek(service, packet.tuple());
        if (server != null) {
            deliver(server);
        } else if (!forwardToHolder()) {
            orphan(service);
        }
    }

    /** Forwards to the first ILB, not yet visited, that should hold the association. */
    private boolean forwardToHolder() {
        ranking.rank(packet.tuple());
        return forward(ranking.owner()) || forward(ranking.backup()) || forward(ranking.previousOwner(packet.tuple()));
    }

    private boolean forward(int position) {
        Peer peer = link.reachable(position);
        if (peer == null || !mayForwardTo(peer)) {
            return false;
        }
        counters.add(Counter.FORWARDED);
        link.forward(packet, peer, visitsBefore + 1, firstVisited);
        return true;
    }

    private boolean mayForwardTo(Peer peer) {
        return visitsBefore + 1 < MAX_VISITS && (visitsBefore == 0 || peer.tag() != firstVisited);
    }

    private void orphan(Service service) {
        if (membership.selfState() == IlbState.JOINING) {
            // Others may know it, whom this ILB does not know yet, or does not reach. The client sends it again.
            counters.drop(DropReason.NO_OWNER);
            return;
        }
        counters.add(Counter.ORPHANS);
        switch (service.config().orphan()) {
            case HASH -> {
                int server = service.selectOrphan(packet.tuple());
                if (server == Scheduler.NONE) {
                    counters.drop(DropReason.NO_SERVER);
                } else {
                    deliver(services.server(server));
                }
            }
            case RESET -> replies.reset(packet);
            case DROP -> counters.drop(DropReason.ORPHAN);
        }
    }

    private void returnToClient(Packet.Verdict verdict) {
        Service service = verdict == Packet.Verdict.TCP ? services.findByReturn(packet.tuple()) : null;
        if (service == null) {
            counters.drop(DropReason.NO_SERVICE);
            return;
        }
        service.countReturned(packet.length());
        noteAnswer(service);
        output.returnToClient(packet, service);
    }

    /** A server's answer to a SYN, where answers pass here: a SYN-ACK, or the RST that refuses (RFC 9293, 3.10.7.1). */
    private void noteAnswer(Service service) {
        boolean refuses = packet.isRst() && TcpHeader.sequence(packet.segment(), packet.tcpOffset()) == 0;
        boolean accepts = (packet.tcpFlags() & TcpHeader.SYN) != 0;
        if (!accepts && !refuses) {
            return;
        }
        FourTuple tuple = packet.tuple();
        Server server = service.serverAt(tuple.ipv6(), tuple.sourceHigh(), tuple.sourceLow(), tuple.sourcePort());
        if (server == null) {
            return;
        }
        if (accepts) {
            server.answered(clock.nanos());
        } else if (service.unanswered(server, clock.nanos(), clock.nanos())) {
            counters.add(Counter.SILENT_SERVERS);
        }
    }

    private void answerEcho() {
        if (services.isVip(packet.tuple())) {
            replies.echo(packet);
        } else {
            counters.drop(DropReason.NO_SERVICE);
        }
    }

    private void deliver(Server server) {
        server.count(packet.length());
        output.deliver(packet, server);
    }

    private static boolean isRoutable(Packet.Verdict verdict) {
        return verdict == Packet.Verdict.TCP || verdict == Packet.Verdict.ICMP_ERROR;
    }

    private static DropReason reason(Packet.Verdict verdict) {
        return switch (verdict) {
            case NOT_IP -> DropReason.NOT_IP;
            case TRUNCATED -> DropReason.TRUNCATED;
            case BAD_HEADER_LENGTH -> DropReason.BAD_HEADER_LENGTH;
            case BAD_TOTAL_LENGTH -> DropReason.BAD_TOTAL_LENGTH;
            case BAD_CHECKSUM -> DropReason.BAD_CHECKSUM;
            case UNSUPPORTED_EXTENSION -> DropReason.UNSUPPORTED_EXTENSION;
            case FRAGMENT -> DropReason.FRAGMENT;
            case NOT_TCP -> DropReason.NOT_TCP;
            case ICMP_OTHER, ICMP_ECHO_REQUEST -> DropReason.ICMP_OTHER;
            case TCP, ICMP_ERROR -> DropReason.NO_SERVICE;
        };
    }
}
