package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.protocol.SelectionMessage;
import org.jspecify.annotations.Nullable;

/**
 * Who selects the server of a new connection: its owner, or the service's master.
 *
 * <h2>Master</h2>
 * The owner of the 4-tuple of the VIP and an all-zero source is the service's master; when it dies, its backup is, without a
 * word. A connection's owner asks it and keeps the SYN meanwhile. With the answer the SYN goes on as if it had just come:
 * whatever has changed since counts, the association passes the backup before the server sees the SYN, and an association that
 * there is by then comes before the answer. So an answer is advice. It may be lost, late, or from one who is master no more,
 * and no connection can be hurt by that.
 *
 * <h2>Loads</h2>
 * What the master has selected for an owner counts at once as a connection of that owner, whose next report replaces the figure.
 * So between two reports it does not send everybody to the server that was the least loaded.
 */
final class Selections {
    /** Instead of a server: the master is to say. */
    static final int ASKED = -3;

    /** No decision has come with the SYN at hand. */
    private static final int UNDECIDED = -2;
    /** The SYN at hand has waited, and this ILB decides. */
    private static final int ALONE = -1;

    /** A client has sent its SYN again by then (RFC 6298, 2.1): what was kept for longer, by an ILB that stood still, is void. */
    private static final long MAX_WAIT_NANOS = 1_000_000_000;

    private final Membership membership;
    private final ServiceTable services;
    private final Ranking ranking;
    private final PeerLink link;
    private final HostLoads hostLoads;
    private final Clock clock;
    private final Counters counters;
    private final SegmentAllocator memory;
    private final long key0;
    private final long key1;
    private final WaitingSyns waiting;
    private final MemorySegment message;
    private final FourTuple masterTuple = new FourTuple();
    private RememberedSelections remembered;
    private boolean remembers;
    private boolean remembersClients;
    private int decision = UNDECIDED;
    private int decidedOwner;
    private int assignedOwner;
    private long waitedNanos;
    private long longestNanos;

    Selections(
            EngineConfig config,
            Membership membership,
            ServiceTable services,
            Ranking ranking,
            PeerLink link,
            HostLoads hostLoads,
            Clock clock,
            Counters counters,
            SegmentAllocator memory) {
        this.membership = membership;
        this.services = services;
        this.ranking = ranking;
        this.link = link;
        this.hostLoads = hostLoads;
        this.clock = clock;
        this.counters = counters;
        this.memory = memory;
        this.key0 = config.tableKey0();
        this.key1 = config.tableKey1();
        this.waiting = new WaitingSyns(memory, key0, key1);
        this.remembered = new RememberedSelections(memory, 1, 1, key0, key1, services, clock);
        this.message = memory.allocate(SelectionMessage.MAX_LENGTH_BYTES, Long.BYTES);
    }

    /** Takes over a configuration; the memory is there from the first service on that needs it. */
    void configure(List<ServiceConfig> configs) {
        boolean master = configs.stream().anyMatch(config -> config.selection().authority() == Authority.MASTER);
        boolean clients = configs.stream().anyMatch(config -> config.selection().preferLastServer());
        if ((master && !remembers) || (clients && !remembersClients)) {
            remembers = true;
            remembersClients = clients;
            remembered = new RememberedSelections(
                    memory,
                    RememberedSelections.CONNECTIONS,
                    clients ? RememberedSelections.CLIENTS : 1,
                    key0,
                    key1,
                    services,
                    clock);
        }
    }

    /** Nanoseconds that owners' requests to masters have waited for their answers, those that were answered in time. */
    long waitedNanos() {
        return waitedNanos;
    }

    /** The longest of these. */
    long longestNanos() {
        return longestNanos;
    }

    /**
     * The server for a new connection that this ILB owns.
     *
     * @return its index, {@link Service#FULL}, {@link org.ilbd.core.scheduler.Scheduler#NONE}, or {@link #ASKED} if the SYN
     *     is to be {@link #hold held}
     */
    int select(Service service, FourTuple tuple) {
        assignedOwner = 0;
        SelectionPolicy policy = service.config().selection();
        if (policy.authority() == Authority.OWNER) {
            return service.select(tuple, policy.zones().own());
        }
        int decided = decision;
        decision = UNDECIDED;
        if (decided >= 0 && service.accepts(services.server(decided))) {
            remembered.rememberClient(service, tuple, services.server(decided));
            Peer backup = link.reachable(ranking.rank(tuple).backup());
            assignedOwner = backup != null && backup.tag() == decidedOwner ? decidedOwner : 0;
            return decided;
        }
        if (decided == UNDECIDED && master(service) != null) {
            if (waiting.hasRoom() || waiting.find(service, tuple) != WaitingSyns.NONE) {
                return ASKED;
            }
            counters.add(Counter.SELECTIONS_WITHOUT_ROOM);
        }
        if (decided == UNDECIDED) {
            assignedOwner = ownerOf(service, tuple, Placement.SELF, hostLoads.of(Placement.SELF));
        }
        return decide(service, tuple, policy.zones().own(), null);
    }

    /** The tag of the ILB that is to own the connection that was selected for last, and is not its owner by score; or 0. */
    int assignedOwner() {
        return assignedOwner;
    }

    /** Whom a master has own a new connection: the tag of its backup if its owner by score, who asks, is overloaded; else 0. */
    private int ownerOf(Service service, FourTuple tuple, int asking, int load) {
        ranking.rank(tuple);
        int backup = ranking.backup();
        boolean toBackup =
                ranking.owner() == asking && service.config().selection().assignsToBackup(load, hostLoads.of(backup));
        if (!toBackup) {
            return 0;
        }
        Peer peer = link.reachable(backup);
        return backup == Placement.SELF ? link.tag() : peer == null ? 0 : peer.tag();
    }

    /** The master of a service that is another ILB, or null. */
    private @Nullable Peer master(Service service) {
        IpAddress vip = service.vip().address();
        masterTuple.set(
                vip.ipv6(), 0, 0, 0, vip.high(), vip.low(), service.vip().port());
        return link.reachable(ranking.rank(masterTuple).owner());
    }

    /**
     * Keeps a SYN that was {@link #ASKED} for, and asks; one that waits already is kept once, and one that is too long goes on
     * with this ILB's own decision. After this nothing is left to do for the packet.
     */
    void hold(Service service, Packet packet, int visitsBefore, int firstVisited, PacketRouter router) {
        Peer master = master(service);
        if (master == null || waiting.find(service, packet.tuple()) != WaitingSyns.NONE) {
            counters.drop(DropReason.SELECTION_PENDING);
            return;
        }
        if (packet.length() > WaitingSyns.MAX_PACKET_BYTES) {
            counters.add(Counter.SELECTIONS_WITHOUT_ROOM);
            decision = ALONE;
            router.fromPeer(packet.segment(), packet.offset(), packet.length(), visitsBefore, firstVisited);
            decision = UNDECIDED;
            return;
        }
        waiting.put(service, packet, visitsBefore, firstVisited, clock.nanos());
        counters.add(Counter.SELECTION_REQUESTS);
        send(
                master,
                SelectionMessage.Kind.REQUEST,
                service.config().selection().zones().own(),
                hostLoads.of(Placement.SELF),
                packet.tuple(),
                remembered.ofClient(service, packet.tuple()));
    }

    /** What another ILB asks, or answers. */
    void onMessage(Peer peer, SelectionMessage received, PacketRouter router) {
        Service service = services.findByDestination(received.tuple());
        if (service == null || service.config().selection().authority() != Authority.MASTER) {
            counters.drop(DropReason.NO_SERVICE);
            return;
        }
        FourTuple tuple = received.tuple();
        Server named =
                service.serverAt(tuple.ipv6(), received.serverHigh(), received.serverLow(), received.serverPort());
        switch (received.kind()) {
            case REQUEST -> answer(peer, service, received, named);
            case ANSWER -> goOn(service, tuple, named, received.assignedOwner(), router);
        }
    }

    /** Also where this ILB's view names another master: whoever asks has nobody better to ask. */
    private void answer(Peer peer, Service service, SelectionMessage request, @Nullable Server clientsLast) {
        if (membership.selfState() != IlbState.ACTIVE) {
            // A newcomer knows no loads yet; the owner decides when it gets no answer.
            return;
        }
        counters.add(Counter.SELECTIONS_AS_MASTER);
        FourTuple tuple = request.tuple();
        Server earlier = remembered.ofConnection(service, tuple);
        int selected = decide(service, tuple, request.zone(), clientsLast);
        Server server = selected < 0 ? null : services.server(selected);
        if (server != null && server != earlier) {
            server.expect(peer.position());
        }
        send(
                peer,
                SelectionMessage.Kind.ANSWER,
                service.config().selection().zones().own(),
                ownerOf(service, tuple, peer.position(), request.load()),
                tuple,
                server);
    }

    /** Selects, as the master or in its place, and remembers. */
    private int decide(Service service, FourTuple tuple, int ownersZone, @Nullable Server clientsLast) {
        Server known = remembered.ofConnection(service, tuple);
        if (known != null && service.accepts(known)) {
            return known.index();
        }
        if (service.config().selection().preferLastServer()) {
            Server last = remembered.ofClient(service, tuple);
            last = last == null ? clientsLast : last;
            if (last != null && service.accepts(last)) {
                return remember(service, tuple, last.index());
            }
        }
        return remember(service, tuple, service.select(tuple, ownersZone));
    }

    private int remember(Service service, FourTuple tuple, int selected) {
        if (selected >= 0) {
            remembered.rememberConnection(service, tuple, services.server(selected));
            remembered.rememberClient(service, tuple, services.server(selected));
        }
        return selected;
    }

    private void goOn(Service service, FourTuple tuple, @Nullable Server named, int owner, PacketRouter router) {
        int place = waiting.find(service, tuple);
        if (place == WaitingSyns.NONE) {
            counters.add(Counter.SELECTION_LATE_ANSWERS);
            return;
        }
        long waited = clock.nanos() - waiting.sinceNanos(place);
        counters.add(Counter.SELECTION_ANSWERS);
        waitedNanos += waited;
        longestNanos = Math.max(longestNanos, waited);
        goOn(place, named == null ? ALONE : named.index(), owner, router);
    }

    /** The SYN goes on, with the master's decision or this ILB's own. */
    private void goOn(int place, int decided, int owner, PacketRouter router) {
        decision = decided;
        decidedOwner = owner;
        router.fromPeer(
                waiting.packets(),
                waiting.offset(place),
                waiting.length(place),
                waiting.visits(place),
                waiting.firstVisited(place));
        decision = UNDECIDED;
        waiting.remove(place);
    }

    /** Time has passed: SYNs go on whose master has been silent for too long. */
    void onTick(PacketRouter router) {
        if (remembers) {
            remembered.expire();
        }
        for (int place = 0; place < WaitingSyns.ROOM && !waiting.isEmpty(); place++) {
            if (!waiting.isTaken(place)) {
                continue;
            }
            long waited = clock.nanos() - waiting.sinceNanos(place);
            Service service = services.service(waiting.service(place));
            if (waited >= service.config().selection().masterTimeoutNanos()) {
                counters.add(Counter.SELECTION_TIMEOUTS);
                if (waited > MAX_WAIT_NANOS) {
                    waiting.remove(place);
                    counters.drop(DropReason.SELECTION_PENDING);
                } else {
                    goOn(place, ALONE, 0, router);
                }
            }
        }
    }

    private void send(
            Peer peer,
            SelectionMessage.Kind kind,
            int zone,
            int loadOrOwner,
            FourTuple tuple,
            @Nullable Server server) {
        Endpoint endpoint = server == null ? null : server.endpoint();
        int length = SelectionMessage.encode(
                message,
                0,
                link.tag(),
                link.incarnation(),
                kind,
                zone,
                loadOrOwner,
                tuple,
                endpoint == null ? 0 : endpoint.address().high(),
                endpoint == null ? 0 : endpoint.address().low(),
                endpoint == null ? 0 : endpoint.port());
        link.send(peer.endpoint(), message, 0, length);
    }
}
