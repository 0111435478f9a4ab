package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.MembershipListener;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.MessageAuthenticator;
import org.jspecify.annotations.Nullable;

/**
 * One ILB's decisions: packets, messages of other ILBs and ticks come in, and what is to be done goes out through an
 * {@link EngineOutput}. It has no thread and no clock of its own: one thread calls all of it and hands the time in, in
 * nanoseconds on any scale that never goes back.
 */
public final class Engine {
    /** How often {@link #onTick} is to be called: a tenth of the default heartbeat interval. */
    public static final long TICK_NANOS = 10_000_000;

    /** Bytes that must be there in front of a datagram's payload, for {@link #onDatagram}. */
    public static final int HEADROOM_BYTES = 64;

    /** 100,000 a second: five times the new connections that one engine can take in. Some 300 ns each, a third of a millisecond. */
    private static final int EXPIRED_PER_TICK = 1_000;

    /**
     * Associations that a handover looks at in a tick, or with a message of its streams, where nobody looks at the time: at
     * some 100 ns each, half a millisecond. So a million of them takes a second or two.
     */
    private static final int SLICE = 5_000;

    /** Associations that a handover looks at in a second, at least, while nothing holds it up: a slice with each tick. */
    public static final long WALKED_PER_SECOND = SLICE * (1_000_000_000 / TICK_NANOS);

    /** How often what time does to servers is looked at, and how often, at most, their shares change: a new table costs some ms. */
    private static final long SERVICES_INTERVAL_NANOS = 10 * TICK_NANOS;

    /** Least time between two datagrams with associations to the same peers that are not full. */
    public static final long ANNOUNCEMENT_INTERVAL_NANOS = Announcer.MIN_INTERVAL_NANOS;

    private final EngineConfig config;
    private final Clock clock;
    private final Counters counters = new Counters();
    private final ServiceTable services = new ServiceTable();
    private final Membership membership;
    private final Ranking ranking;
    private final MessageAuthenticator authenticator;
    private final MessageAuthenticator streamAuthenticator;
    private final HostLoads hostLoads = new HostLoads();
    private final PeerLink link;
    private final Announcer announcer;
    private final Transfers transfers;
    private final Selections selections;
    private final Associations associations;
    private final Handover handover;
    private final PacketRouter router;
    private final PeerMessages messages;
    private final Heartbeat heartbeat;
    private final Intakes intakes;

    private long servicesDueNanos;

    /**
     * Wires an engine; it is JOINING.
     *
     * @param output where decisions go
     * @param observer is told what this ILB finds out, after the engine has acted on it
     * @param memory for the tables: some 72 bytes for each association that there is room for
     * @throws IllegalArgumentException with a text for an operator
     */
    public Engine(
            EngineConfig config, EngineOutput output, EngineListener observer, SegmentAllocator memory, long nowNanos) {
        this.config = config;
        clock = new Clock(nowNanos);
        membership = new Membership(
                config.id(),
                config.incarnation(),
                config.heartbeatIntervalNanos(),
                config.failureTimeoutNanos(),
                config.peers(),
                config.multicast(),
                new Reaction(observer),
                nowNanos);
        ranking = new Ranking(Placement.empty(config));
        authenticator = new MessageAuthenticator(config.keys());
        streamAuthenticator = new MessageAuthenticator(config.keys());
        link = new PeerLink(config, output, membership, authenticator, streamAuthenticator, counters, memory);
        announcer = new Announcer(config, membership, ranking, link, clock, counters, memory);
        transfers = new Transfers(config, membership, services, link, clock, counters, memory);
        selections = new Selections(config, membership, services, ranking, link, hostLoads, clock, counters, memory);
        associations = new Associations(
                config, memory, services, selections, ranking, link, announcer, transfers, clock, counters);
        ToldAssociations told = new ToldAssociations(config, associations, ranking, announcer, clock, counters);
        handover = new Handover(services, associations, told, membership, ranking, transfers, Placement.empty(config));
        router = new PacketRouter(
                output, services, associations, selections, ranking, membership, link, clock, counters, memory);
        intakes = new Intakes(config, membership, services, ranking, link, clock, observer, memory);
        messages = new PeerMessages(
                membership,
                services,
                told,
                transfers,
                router,
                intakes,
                selections,
                hostLoads,
                authenticator,
                streamAuthenticator,
                clock,
                counters);
        heartbeat = new Heartbeat(membership, services, announcer, link, hostLoads, clock, memory);
        configure(config.services());
        servicesDueNanos = nowNanos;
    }

    /**
     * One IP packet from the network.
     *
     * @param offset of the packet; a virtio-net header is in the 10 bytes in front of it, and 30 bytes of room in front of
     *     that
     * @param length bytes
     */
    public void onPacket(MemorySegment segment, long offset, int length, long nowNanos) {
        advance(nowNanos);
        router.receive(segment, offset, length);
        router.routeReceived();
    }

    /** Several such packets, in their order. */
    public void onPackets(PacketBatch batch, long nowNanos) {
        advance(nowNanos);
        for (int i = 0; i < batch.size(); i++) {
            router.receive(batch.segment(), batch.offset(i), batch.length(i));
        }
        router.routeReceived();
    }

    /**
     * One datagram of another ILB. Its bytes may be overwritten.
     *
     * @param offset of the UDP payload, with {@link #HEADROOM_BYTES} in front of it
     * @param length of the UDP payload, bytes
     */
    public void onDatagram(
            MemorySegment segment,
            long offset,
            int length,
            boolean ipv6,
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long nowNanos) {
        advance(nowNanos);
        messages.onDatagram(segment, offset, length, ipv6, sourceHigh, sourceLow, sourcePort);
    }

    /** One message that came on a transfer stream, for a caller that does not look at the time. */
    public void onTransfer(MemorySegment segment, long offset, int length, long nowNanos) {
        onTransfer(segment, offset, length, SLICE, nowNanos);
    }

    /**
     * One message that came on a transfer stream. Its bytes may be overwritten.
     *
     * @param length bytes
     * @param slice how many associations to look at for a handover that goes on, 1 or more
     */
    public void onTransfer(MemorySegment segment, long offset, int length, int slice, long nowNanos) {
        advance(nowNanos);
        messages.onTransfer(segment, offset, length);
        handover.step(slice);
    }

    /** The transfer stream to a peer broke, or could not be opened: what was put on it may not have arrived. */
    public void onTransferClosed(Endpoint peer, long nowNanos) {
        advance(nowNanos);
        for (Peer candidate : membership.peers()) {
            if (candidate.endpoint().equals(peer)) {
                handover.onStreamClosed(candidate.position());
            }
        }
    }

    /** The end of a batch of packets or datagrams: what waited for more of its kind goes out. */
    public void onBatchEnd(long nowNanos) {
        clock.set(nowNanos);
        announcer.flush();
    }

    /** Time has passed, for a caller that does not look at it. */
    public void onTick(long nowNanos) {
        onTick(SLICE, nowNanos);
    }

    /**
     * Time has passed. To be called every {@link #TICK_NANOS}.
     *
     * @param slice how many associations to look at for a handover that goes on, 1 or more
     */
    public void onTick(int slice, long nowNanos) {
        advance(nowNanos);
        membership.onTick(nowNanos);
        if (membership.heartbeatDue(nowNanos)) {
            // First, so that a newcomer knows who sends it the frames that follow.
            heartbeat.send();
        } else {
            heartbeat.sendNews();
        }
        if (nowNanos - servicesDueNanos >= 0) {
            servicesDueNanos = nowNanos + SERVICES_INTERVAL_NANOS;
            services.onTime(nowNanos);
        }
        intakes.onTick();
        handover.step(slice);
        selections.onTick(router);
        associations.expire(EXPIRED_PER_TICK);
        announcer.flush();
    }

    /**
     * Goes on with a handover, after a tick or a message of a transfer stream that left time for it.
     *
     * @param slice how many associations to look at, 1 or more
     * @return whether there are more that can be looked at now: false at the end of a walk, or when its streams are full
     */
    public boolean handOver(int slice) {
        return handover.step(slice);
    }

    /**
     * What a check or an agent says of a server. Whether it is available counts from the next selection on, its share within
     * a tenth of a second; other ILBs hear of what an agent says with the next tick. A load that may have waited while this
     * ILB stood still is not known.
     */
    public void onServerReport(Server server, ServerReport report, long nowNanos) {
        advance(nowNanos);
        server.take(membership.hasJustReturned(nowNanos) ? report.withoutLoad() : report, nowNanos);
        server.service().settle(server, nowNanos);
        if (!server.announced()) {
            heartbeat.noteNews();
        }
    }

    /**
     * Takes over how busy this ILB's host is. All ILBs hear of it.
     *
     * @param perMille 0 to 1000
     */
    public void setHostLoad(int perMille) {
        hostLoads.report(Placement.SELF, perMille);
    }

    /** How busy this ILB's host is, 0 to 1000 per mille; -1 if it was not measured yet. */
    public int hostLoad() {
        int perMille = hostLoads.of(Placement.SELF);
        return perMille == IdMessage.UNKNOWN_LOAD ? -1 : perMille;
    }

    /** Says whether a server runs on this ILB's own host. All ILBs hear of it. */
    public void setLocal(Server server, boolean isLocal) {
        server.setLocal(isLocal);
    }

    /** Takes over another set of services and servers. Established connections keep their servers, also removed ones. */
    public void reconfigure(List<ServiceConfig> newServices) {
        configure(newServices);
        if (!services.ownershipKeys().isSameAs(ranking.current().keys())) {
            // Other owners and backups, as after a change of the view.
            rank(membership.activeIds());
        }
    }

    private void configure(List<ServiceConfig> configs) {
        services.configure(configs, clock.nanos());
        selections.configure(configs);
        associations.held().table().setClientTimeoutMillis(services.longestAffinityMillis());
    }

    private void rank(List<IlbId> activeIds) {
        Placement view = placement(activeIds);
        boolean joining = membership.selfState() == IlbState.JOINING;
        ranking.change(view, joining ? placement(withSelf(activeIds)) : view, clock.nanos());
        // What was cached from one owner may be another's from now on, whose broadcasts nobody has missed yet.
        associations.cached().voidAll();
        if (membership.selfState() == IlbState.ACTIVE) {
            associations.trust();
        }
        handover.onViewChanged();
    }

    /**
     * Takes over other cluster keys, for a rotation.
     *
     * @param keys none; one; or two, of which the first signs and both verify
     * @throws IllegalArgumentException with a text for an operator
     */
    public void setKeys(List<byte[]> keys) {
        authenticator.setKeys(keys);
        streamAuthenticator.setKeys(keys);
    }

    /** Begins to leave the cluster: says so to the others, who own everything from then on. */
    public void leave(long nowNanos) {
        advance(nowNanos);
        // From now on the others know better, and do not tell this ILB of everything any more.
        associations.distrust();
        membership.leave(nowNanos);
        announcer.flush();
        heartbeat.send();
    }

    /**
     * Whether an ILB that leaves may end: all others have what it held. It goes on serving until it does end, for packets
     * that still arrive.
     */
    public boolean isReleased() {
        return membership.isReleased() && !handover.isSending();
    }

    /** The configured services, in the configuration's order. */
    public List<Service> services() {
        return services.services();
    }

    /**
     * How many servers are known: those that the configuration names or has named, and those that other ILBs have selected
     * or handed over connections of. Only grows; to be read on the engine's thread.
     */
    public int serverCount() {
        return services.serverCount();
    }

    /** A server by its index, 0 to {@link #serverCount()} - 1. */
    public Server server(int index) {
        return services.server(index);
    }

    /** Whether any ILB has said that it owns a live connection to a server at that endpoint. */
    public boolean hasConnectionsTo(Endpoint server) {
        return services.hasConnectionsTo(server);
    }

    /** Who is there, and in which state. */
    public Membership membership() {
        return membership;
    }

    /** What was counted since the start. */
    public Counters counters() {
        return counters;
    }

    /** The server of a connection that this ILB owns or backs up, or null if it does neither; changes nothing. */
    public @Nullable Server held(FourTuple tuple) {
        Service service = services.findByDestination(tuple);
        int slot = service == null
                ? Associations.NONE
                : associations.held().table().find(service.index(), tuple);
        return slot == Associations.NONE ? null : associations.held().server(slot);
    }

    /** The LTOC, to read its sizes. */
    public OwnedConnections owned() {
        return associations.held().table();
    }

    /** The association cache, to read its sizes. */
    public AssociationCache cache() {
        return associations.cached().table();
    }

    /** Nanoseconds that SYNs have waited here for the answers of masters, all those together that were answered in time. */
    public long selectionNanos() {
        return selections.waitedNanos();
    }

    /** The longest of these. */
    public long longestSelectionNanos() {
        return selections.longestNanos();
    }

    /** How many connections this ILB owns. */
    public int ownedCount() {
        return associations.held().owned();
    }

    /** How many connections this ILB holds for others: most of them as their backup. */
    public int backedUpCount() {
        OwnedConnections table = associations.held().table();
        return table.size() - table.clients() - associations.held().owned();
    }

    /** Associations that no ILB but this one is known to hold. */
    public int underReplicated() {
        return handover.underReplicated();
    }

    /** Whether a handover is going on. */
    public boolean isHandingOver() {
        return handover.isSending();
    }

    /** Whether a handover walks over the associations. */
    public boolean isWalking() {
        return handover.isWalking();
    }

    /** Associations that the handover which is going on, or was the last, has looked at. */
    public int handoverWalked() {
        return handover.walked();
    }

    private void advance(long nowNanos) {
        clock.set(nowNanos);
        if (membership.noticeAbsence(nowNanos) && membership.selfState() != IlbState.LEAVING) {
            associations.distrust();
            handover.onRejoin();
            membership.rejoin(membership.incarnation() + 1, nowNanos);
        }
    }

    private Placement placement(List<IlbId> active) {
        View view = new View(config.ownership(), config.ownershipSeed(), active);
        return Placement.of(view, membership, services.ownershipKeys());
    }

    /** The view as it will be when this ILB has joined. */
    private List<IlbId> withSelf(List<IlbId> active) {
        List<IlbId> ids = new ArrayList<>(active);
        ids.add(config.id());
        return ids;
    }

    /** What the engine does about a change in the membership. */
    private final class Reaction implements MembershipListener {
        private final MembershipListener observer;

        Reaction(MembershipListener observer) {
            this.observer = observer;
        }

        @Override
        public void viewChanged(List<IlbId> activeIds) {
            counters.add(Counter.VIEW_CHANGES);
            rank(activeIds);
            observer.viewChanged(activeIds);
        }

        @Override
        public void peerStateChanged(Peer peer, IlbState from, IlbState to) {
            if (to == IlbState.DEAD) {
                for (int i = 0; i < services.serverCount(); i++) {
                    services.server(i).forget(peer.position());
                }
                transfers.reset(peer.position());
                hostLoads.forget(peer.position());
            }
            if (from == IlbState.JOINING && to != IlbState.ACTIVE) {
                handover.onJoinersChanged();
            }
            observer.peerStateChanged(peer, from, to);
        }

        @Override
        public void selfStateChanged(IlbState from, IlbState to) {
            observer.selfStateChanged(from, to);
        }

        @Override
        public void peerRestarted(Peer peer, long oldIncarnation) {
            observer.peerRestarted(peer, oldIncarnation);
        }

        @Override
        public void broadcastGap(Peer peer) {
            counters.add(Counter.BROADCAST_GAPS);
            associations.cached().voidOrigin(peer.position());
            observer.broadcastGap(peer);
        }

        @Override
        public void wasAway(long awayNanos) {
            associations.cached().voidAll();
            observer.wasAway(awayNanos);
        }

        @Override
        public void duplicateId(Endpoint source, long incarnation) {
            observer.duplicateId(source, incarnation);
        }

        @Override
        public void viewsDiffer(Peer peer, boolean differ) {
            observer.viewsDiffer(peer, differ);
        }
    }
}
