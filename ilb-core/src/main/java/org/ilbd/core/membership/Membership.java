package org.ilbd.core.membership;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.protocol.IdMessage;
import org.jspecify.annotations.Nullable;

/**
 * Who is there, as this ILB sees it, and what it says of itself.
 *
 * <h2>Order of messages</h2>
 * Of a peer only its newest incarnation counts, and of that only the message with the largest counter so far: what is late,
 * twice or out of order changes nothing. A newer incarnation is a restart, whatever state the older one was in.
 *
 * <h2>Failure detection</h2>
 * A peer is DEAD when none of its ID messages came for {@code failureTimeout}. An ILB that was itself stopped has heard
 * nobody and knows nothing about the others: it says so ({@link MembershipListener#wasAway}) and gives each of them the
 * whole timeout again. One that was merely late may not have looked yet at what has come: of the time between two ticks,
 * no more than a heartbeat interval counts against a peer.
 *
 * <h2>Announcing</h2>
 * A heartbeat is due at once when this ILB changes its state, when it hears a peer for the first time (which then need not
 * wait for us), and after it was away. Otherwise it is due once in an interval.
 *
 * <h2>Broadcasts</h2>
 * Their numbers show which are missing, and the ID message repeats the last number, for the loss of the last one. One that
 * is overtaken counts as missing, and is refused when it does come: it may say what a later one has taken back.
 *
 * <h2>Time</h2>
 * Handed in, in nanoseconds on any monotone scale; only differences are looked at. {@link #onTick} wants to be called
 * several times in a heartbeat interval.
 */
public final class Membership {
    /** The most peers that are known at a time: with this one, 256 ILBs. */
    public static final int MAX_PEERS = 255;

    /** The digest of no view: see {@link ActiveSet}. */
    private static final long NOT_HANDED_OVER = 0;

    /** Digests may differ while a failure gets round: one timeout at each of two ILBs. */
    private static final int VIEW_TOLERANCE_TIMEOUTS = 2;

    private final IlbId self;
    private long incarnation;
    private final long heartbeatNanos;
    private final long failureTimeoutNanos;
    private final ConfiguredPeers configured;
    private final boolean multicast;
    private final List<Endpoint> heartbeatDestinations;
    private final MembershipListener listener;
    private final PeerTable table = new PeerTable();
    private final ActiveSet view = new ActiveSet();
    private final ReceptionCounts receptions = new ReceptionCounts();

    private IlbState selfState = IlbState.JOINING;
    private boolean begun;
    private boolean viewOutdated;
    private boolean announce = true;
    private long nextHeartbeatNanos;
    private long lastTickNanos;
    private boolean wasAway;
    private long returnedNanos;
    private long startNanos;
    private long listeningSinceNanos;
    private long lastDuplicate = Long.MIN_VALUE;

    /**
     * An ILB that has just started: JOINING, and knows nobody.
     *
     * @param incarnation larger than that of any earlier start of this ILB
     * @param heartbeatNanos between two ID messages, 1 or more
     * @param failureTimeoutNanos without an ID message until a peer is DEAD; more than {@code heartbeatNanos}
     * @param configuredPeers the others, at most {@link #MAX_PEERS}; this ILB's own address does no harm among them
     * @param multicastGroup where ILBs find each other instead; then {@code configuredPeers} is empty
     * @throws IllegalArgumentException with a text for an operator
     */
    public Membership(
            IlbId self,
            long incarnation,
            long heartbeatNanos,
            long failureTimeoutNanos,
            List<Endpoint> configuredPeers,
            Optional<Endpoint> multicastGroup,
            MembershipListener listener,
            long nowNanos) {
        if (heartbeatNanos < 1 || failureTimeoutNanos <= heartbeatNanos) {
            throw new IllegalArgumentException("the failure timeout (" + failureTimeoutNanos
                    + " ns) must be more than the heartbeat interval (" + heartbeatNanos + " ns)");
        }
        if (configuredPeers.size() > MAX_PEERS) {
            throw new IllegalArgumentException(configuredPeers.size() + " peers are more than " + MAX_PEERS);
        }
        if (multicastGroup.isPresent() && !configuredPeers.isEmpty()) {
            throw new IllegalArgumentException("either a list of peers or a multicast group, not both");
        }
        this.self = self;
        this.incarnation = incarnation;
        this.heartbeatNanos = heartbeatNanos;
        this.failureTimeoutNanos = failureTimeoutNanos;
        this.configured = new ConfiguredPeers(configuredPeers);
        this.multicast = multicastGroup.isPresent();
        this.heartbeatDestinations = multicastGroup.map(List::of).orElse(configured.endpoints());
        this.listener = listener;
        this.nextHeartbeatNanos = nowNanos;
        this.lastTickNanos = nowNanos;
        this.startNanos = nowNanos;
        this.listeningSinceNanos = nowNanos;
    }

    /**
     * Takes an ID message that was decoded and authenticated.
     *
     * @param sourceHigh source of the datagram; for IPv4, 0 here and the address in {@code sourceLow}
     */
    public Reception onIdMessage(
            IdMessage message, boolean ipv6, long sourceHigh, long sourceLow, int sourcePort, long nowNanos) {
        noticeAbsence(nowNanos);
        Reception reception = receive(message, ipv6, sourceHigh, sourceLow, sourcePort, nowNanos);
        receptions.count(reception);
        updateView();
        return reception;
    }

    private Reception receive(
            IdMessage message, boolean ipv6, long sourceHigh, long sourceLow, int sourcePort, long nowNanos) {
        int place = configured.indexOf(ipv6, sourceHigh, sourceLow, sourcePort);
        if (message.senderTag() == self.tag()) {
            return receiveOwnTag(message, place, ipv6, sourceHigh, sourceLow, sourcePort, nowNanos);
        }
        if (place < 0 && !multicast) {
            return Reception.STRANGER;
        }
        Peer peer = table.find(message.senderTag());
        if (peer == null) {
            IlbId id = message.id();
            if (id.tag() != message.senderTag()) {
                return Reception.BAD_ID;
            }
            Optional<Peer> added = table.add(id, endpoint(ipv6, sourceHigh, sourceLow, sourcePort), message);
            if (added.isEmpty()) {
                return Reception.TOO_MANY;
            }
            peer = added.get();
            announce = true;
        } else if (!peer.hasIdOf(message)) {
            reportDuplicate(message, endpoint(ipv6, sourceHigh, sourceLow, sourcePort));
            return Reception.DUPLICATE_ID;
        } else if (message.incarnation() < peer.incarnation()) {
            return Reception.OLD_INCARNATION;
        } else if (message.incarnation() > peer.incarnation()) {
            restart(peer, message, endpoint(ipv6, sourceHigh, sourceLow, sourcePort));
        } else if (peer.isOutdated(message)) {
            return Reception.OUTDATED;
        }
        configured.markHeard(place);
        peer.hear(message, nowNanos);
        if (selfState == IlbState.ACTIVE && peer.viewDigest() == view.digest()) {
            // There is no such digest without this ILB in its incarnation.
            peer.setHasSeenUs(true);
        }
        takeSequence(peer, message.broadcastSequence());
        changeState(peer, IlbState.ofCode(message.state()));
        return Reception.ACCEPTED;
    }

    private Reception receiveOwnTag(
            IdMessage message,
            int place,
            boolean ipv6,
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long nowNanos) {
        if (message.incarnation() == incarnation) {
            configured.markHeard(place);
            return Reception.OWN_ECHO;
        }
        // What this ILB sent in its former life may still be on its way, but not for ever.
        if (message.incarnation() < incarnation && nowNanos - startNanos < failureTimeoutNanos) {
            return Reception.OLD_INCARNATION;
        }
        reportDuplicate(message, endpoint(ipv6, sourceHigh, sourceLow, sourcePort));
        return Reception.DUPLICATE_ID;
    }

    /** Incarnations of different ILBs differ; what is reported only grows, so two of them cannot take turns for ever. */
    private void reportDuplicate(IdMessage message, Endpoint source) {
        if (message.incarnation() > lastDuplicate) {
            lastDuplicate = message.incarnation();
            listener.duplicateId(source, lastDuplicate);
        }
    }

    private void restart(Peer peer, IdMessage message, Endpoint source) {
        changeState(peer, IlbState.DEAD);
        long old = peer.incarnation();
        peer.startIncarnation(source, message);
        listener.peerRestarted(peer, old);
        announce = true;
    }

    private static Endpoint endpoint(boolean ipv6, long high, long low, int port) {
        return new Endpoint(new IpAddress(ipv6, high, low), port);
    }

    /**
     * Takes the number of a broadcast of associations, which was authenticated.
     *
     * @return whether to apply what it says; not if it is late, twice, or of an incarnation that is not known to live
     */
    public boolean onBroadcast(int senderTag, long senderIncarnation, int sequence) {
        Peer peer = peer(senderTag, senderIncarnation);
        return peer != null && peer.state() != IlbState.DEAD && takeBroadcast(peer, sequence);
    }

    private boolean takeBroadcast(Peer peer, int sequence) {
        int ahead = peer.aheadBy(sequence);
        if (ahead <= 0) {
            return false;
        }
        peer.setBroadcastSequence(sequence);
        if (ahead > 1) {
            listener.broadcastGap(peer);
        }
        return true;
    }

    /** An ID message repeats the number of the last broadcast: every one up to it must have come. */
    private void takeSequence(Peer peer, int lastSent) {
        if (peer.aheadBy(lastSent) > 0) {
            peer.setBroadcastSequence(lastSent);
            listener.broadcastGap(peer);
        }
    }

    /** Finds out who is dead, and whether this ILB may be ACTIVE. */
    public void onTick(long nowNanos) {
        noticeAbsence(nowNanos);
        excuse(nowNanos - lastTickNanos - heartbeatNanos, nowNanos);
        lastTickNanos = nowNanos;
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (nowNanos - peer.lastHeardNanos() >= failureTimeoutNanos) {
                changeState(peer, IlbState.DEAD);
            }
        }
        // Whoever has just died is not in the view for which the others must have handed over.
        updateView();
        if (selfState == IlbState.JOINING && mayBecomeActive(nowNanos)) {
            changeSelfState(IlbState.ACTIVE);
            updateView();
        }
        compareViews(nowNanos);
    }

    /** Takes what this ILB itself was late off the time for which it has not heard the others. */
    private void excuse(long lateNanos, long nowNanos) {
        if (lateNanos <= 0) {
            return;
        }
        listeningSinceNanos += lateNanos;
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            peers.get(i).excuse(lateNanos, nowNanos);
        }
    }

    /** Whether this ILB was stopped until just now, so that what it gets may have waited for it, and be as old as that. */
    public boolean hasJustReturned(long nowNanos) {
        return wasAway && nowNanos - returnedNanos < heartbeatNanos;
    }

    /**
     * Whether this ILB was stopped for so long that the others may have declared it dead; then it has told its listener by
     * the time this returns. Cheap: to be called before anything that relies on a cache, also between ticks.
     */
    public boolean noticeAbsence(long nowNanos) {
        if (!begun) {
            // The time between the making of this object and its first use says nothing.
            begun = true;
            lastTickNanos = nowNanos;
            startNanos = nowNanos;
            listeningSinceNanos = nowNanos;
        }
        long awayNanos = nowNanos - lastTickNanos;
        // The others' timeout runs since our last heartbeat, which may have been one interval before the last tick.
        if (awayNanos < failureTimeoutNanos - heartbeatNanos) {
            return false;
        }
        lastTickNanos = nowNanos;
        wasAway = true;
        returnedNanos = nowNanos;
        listeningSinceNanos = nowNanos;
        announce = true;
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            if (peers.get(i).state() != IlbState.DEAD) {
                peers.get(i).waitAnew(nowNanos);
            }
        }
        listener.wasAway(awayNanos);
        return true;
    }

    /**
     * The rule of joining. Where others are ACTIVE, each of them must have handed over what this ILB is going to hold, for the
     * view as it is now. Where none is, there is nothing to wait for once every configured peer was heard, or those that are
     * there have had the time to be.
     */
    private boolean mayBecomeActive(long nowNanos) {
        if (view.activeIds().isEmpty()) {
            return (!multicast && configured.allHeard()) || nowNanos - listeningSinceNanos >= failureTimeoutNanos;
        }
        return allHaveHandedOver();
    }

    private boolean allHaveHandedOver() {
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.state() == IlbState.ACTIVE && !peer.hasHandedOver(view.digest())) {
                return false;
            }
        }
        return true;
    }

    /** The ACTIVE peers that this ILB, which is JOINING or LEAVING, waits for to hand over; 0 in any other state. */
    public int awaitedHandOvers() {
        if (selfState != IlbState.JOINING && selfState != IlbState.LEAVING) {
            return 0;
        }
        int count = 0;
        for (Peer peer : table.peers()) {
            count += peer.state() == IlbState.ACTIVE && !peer.hasHandedOver(view.digest()) ? 1 : 0;
        }
        return count;
    }

    /** Whether this ILB is LEAVING, and every ACTIVE one has brought its associations to two ILBs without it. */
    public boolean isReleased() {
        return selfState == IlbState.LEAVING && allHaveHandedOver();
    }

    /**
     * A peer has handed over all that this ILB is to hold once it is one more in the view with that digest; or, while this one
     * is LEAVING, all that the others are to hold without it.
     *
     * @param peer of this membership, in the incarnation that said it
     */
    public void onHandedOver(Peer peer, long viewDigest, long nowNanos) {
        peer.setHandedOver(viewDigest);
        onTick(nowNanos);
    }

    /**
     * Begins anew as a newcomer: JOINING, in a new incarnation. For an ILB that was away: the others have gone on without it,
     * and what it holds may be of the past.
     *
     * @param newIncarnation larger than the one before
     */
    public void rejoin(long newIncarnation, long nowNanos) {
        incarnation = newIncarnation;
        startNanos = nowNanos;
        listeningSinceNanos = nowNanos;
        forgetHandOvers();
        for (Peer peer : table.peers()) {
            peer.setHasSeenUs(false);
        }
        changeSelfState(IlbState.JOINING);
        updateView();
    }

    /** The others without this ILB are the same view when it leaves as when it came. */
    private void forgetHandOvers() {
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            peers.get(i).setHandedOver(NOT_HANDED_OVER);
        }
    }

    /** Begins to leave; LEAVING is the last state that this ILB announces. A second call does nothing. */
    public void leave(long nowNanos) {
        noticeAbsence(nowNanos);
        if (selfState != IlbState.LEAVING) {
            forgetHandOvers();
        }
        changeSelfState(IlbState.LEAVING);
        updateView();
    }

    private void changeSelfState(IlbState to) {
        IlbState from = selfState;
        if (from == to) {
            return;
        }
        selfState = to;
        announce = true;
        viewOutdated = true;
        listener.selfStateChanged(from, to);
    }

    private void changeState(Peer peer, IlbState to) {
        IlbState from = peer.state();
        if (from == to) {
            return;
        }
        peer.setState(to);
        viewOutdated = true;
        listener.peerStateChanged(peer, from, to);
        if (to == IlbState.DEAD) {
            // Its last broadcasts may be lost, and no message will ever say so.
            listener.broadcastGap(peer);
        }
    }

    private void updateView() {
        if (!viewOutdated) {
            return;
        }
        viewOutdated = false;
        if (view.update(self, incarnation, selfState, table.peers())) {
            listener.viewChanged(view.activeIds());
        }
    }

    private void compareViews(long nowNanos) {
        long tolerance = VIEW_TOLERANCE_TIMEOUTS * failureTimeoutNanos;
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.state() != IlbState.DEAD && peer.compareView(view.digest(), nowNanos, tolerance)) {
                listener.viewsDiffer(peer, peer.viewDiffers());
            }
        }
    }

    /** Whether an ID message is to be sent now, to all of {@link #heartbeatDestinations()}. */
    public boolean heartbeatDue(long nowNanos) {
        return announce || nowNanos - nextHeartbeatNanos >= 0;
    }

    /** Says that one was sent. */
    public void heartbeatSent(long nowNanos) {
        announce = false;
        nextHeartbeatNanos = nowNanos + heartbeatNanos;
    }

    /** Where ID messages go: the multicast group, or every configured peer, also a dead one, or it never comes back. */
    public List<Endpoint> heartbeatDestinations() {
        return heartbeatDestinations;
    }

    /** Begins this ILB's ID message, with no loads yet. See {@link IdMessage#encode}. */
    public void encodeIdMessage(MemorySegment segment, long offset, int broadcastSequence, long configurationDigest) {
        IdMessage.encode(
                segment,
                offset,
                self,
                incarnation,
                selfState.code(),
                broadcastSequence,
                view.digest(),
                configurationDigest);
    }

    /** The peer with this tag, whichever its incarnation and state, or null. Allocates nothing. */
    public @Nullable Peer peerByTag(int tag) {
        return table.find(tag);
    }

    /** The peer with this tag if this is the incarnation of it that is known, or null. Allocates nothing. */
    public @Nullable Peer peer(int tag, long incarnation) {
        Peer peer = table.find(tag);
        return peer != null && peer.incarnation() == incarnation ? peer : null;
    }

    /** Everyone ever heard, also the dead, each at its {@link Peer#position()}. Changes with the membership. */
    public List<Peer> peers() {
        return table.peers();
    }

    public IlbId self() {
        return self;
    }

    public long incarnation() {
        return incarnation;
    }

    public IlbState selfState() {
        return selfState;
    }

    /** The view: the ACTIVE ILBs, this one included if it is. Sorted, immutable. */
    public List<IlbId> activeIds() {
        return view.activeIds();
    }

    /** Equal in two ILBs that see the same incarnations of the same ILBs ACTIVE; 0 if there are none. */
    public long viewDigest() {
        return view.digest();
    }

    /** Whether every ACTIVE peer said in its last ID message that it sees this view. */
    public boolean isViewShared() {
        List<Peer> peers = table.peers();
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.state() == IlbState.ACTIVE && peer.viewDigest() != view.digest()) {
                return false;
            }
        }
        return true;
    }

    /** How many ID messages had this fate. */
    public long receptions(Reception reception) {
        return receptions.get(reception);
    }

    @Override
    public String toString() {
        return "self=" + self
                + " incarnation=" + incarnation
                + " state=" + selfState
                + " active=" + view.activeIds()
                + " viewDigest=0x" + Long.toHexString(view.digest())
                + " peers=" + table.peers();
    }
}
