package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/**
 * The transfer streams to all peers, and the newcomers among them: what each is going to hold once it is ACTIVE, and the
 * changes that it is told until then.
 */
final class Transfers {
    private final EngineConfig config;
    private final Membership membership;
    private final ServiceTable services;
    private final PeerLink link;
    private final Clock clock;
    private final Counters counters;
    private final SegmentAllocator memory;
    private final List<PeerTransfer> streams = new ArrayList<>();
    private final List<Joiner> joiners = new ArrayList<>();
    private boolean missed;

    Transfers(
            EngineConfig config,
            Membership membership,
            ServiceTable services,
            PeerLink link,
            Clock clock,
            Counters counters,
            SegmentAllocator memory) {
        this.config = config;
        this.membership = membership;
        this.services = services;
        this.link = link;
        this.clock = clock;
        this.counters = counters;
        this.memory = memory;
    }

    /** A peer that is JOINING, and the view as it will be with it in. */
    record Joiner(int position, Placement future) {
        /** Whether it becomes the owner and this ILB its backup, or this ILB stays the owner and it becomes the backup. */
        boolean willHold(FourTuple tuple) {
            long ranked = future.rank(tuple);
            return future.owner(ranked) == position || future.backup(ranked) == position;
        }
    }

    /** The stream to the peer at that position, or null if there is no such peer, or it is DEAD. */
    @Nullable
    PeerTransfer to(int position) {
        Peer peer = link.reachable(position);
        if (peer == null) {
            return null;
        }
        while (streams.size() <= position) {
            streams.add(new PeerTransfer(membership.peers().get(streams.size()), link, clock, counters, memory));
        }
        if (streams.get(position).peer() != peer) {
            // One that was long dead has given up its position.
            streams.set(position, new PeerTransfer(peer, link, clock, counters, memory));
        }
        return streams.get(position);
    }

    /** Finds out anew who is JOINING; not those yet that would take this ILB for a stranger. */
    void updateJoiners() {
        joiners.clear();
        for (Peer peer : membership.peers()) {
            if (isJoiner(peer)) {
                List<IlbId> future = new ArrayList<>(membership.activeIds());
                // One that was ACTIVE until a moment ago, and has restarted, is still in the view.
                if (!future.contains(peer.id())) {
                    future.add(peer.id());
                }
                View view = new View(config.ownership(), config.ownershipSeed(), future);
                joiners.add(new Joiner(peer.position(), Placement.of(view, membership, services.ownershipKeys())));
            }
        }
    }

    private static boolean isJoiner(Peer peer) {
        return peer.state() == IlbState.JOINING && peer.hasSeenUs();
    }

    /** Whether there is one to be handed something that was not there when they were found out. */
    boolean hasNewJoiner() {
        int count = 0;
        for (int i = 0; i < membership.peers().size(); i++) {
            count += isJoiner(membership.peers().get(i)) ? 1 : 0;
        }
        return count > joiners.size();
    }

    /** Whether a peer is in a view, and was not in the one before, that was not being handed anything as a newcomer. */
    boolean isStrangerIn(Placement view, Placement before) {
        return membership.peers().stream()
                .map(Peer::position)
                .anyMatch(position -> view.contains(position)
                        && !before.contains(position)
                        && joiners.stream().noneMatch(joiner -> joiner.position() == position));
    }

    /** The peers that are JOINING. */
    List<Joiner> joiners() {
        return joiners;
    }

    boolean hasJoiners() {
        return !joiners.isEmpty();
    }

    /**
     * Tells the newcomers that are going to hold the connection in that slot of it, or of a change of it.
     *
     * @param window frames that may be on the way, as in {@link PeerTransfer#append}
     * @return false if one of them could not be told, for its stream is full
     */
    boolean tellJoiners(HeldAssociations held, int slot, FourTuple tuple, int window) {
        boolean told = true;
        for (int i = 0; i < joiners.size(); i++) {
            Joiner joiner = joiners.get(i);
            if (joiner.willHold(tuple)) {
                told &= append(joiner.position(), held, slot, tuple, held.ageMillis(slot), window);
            }
        }
        return told;
    }

    /**
     * Whether a newcomer is going to hold a connection. To this ILB it is JOINING; it may be ACTIVE by now, and what it is
     * told may be on its way.
     */
    boolean concernsJoiner(FourTuple tuple) {
        for (int i = 0; i < joiners.size(); i++) {
            if (joiners.get(i).willHold(tuple)) {
                return true;
            }
        }
        return false;
    }

    /**
     * A connection that this ILB owns has changed; the newcomers must not miss it.
     *
     * @return false if one of them does for now, for its stream is full
     */
    boolean changed(HeldAssociations held, int slot, FourTuple tuple) {
        boolean told = tellJoiners(held, slot, tuple, PeerTransfer.WINDOW);
        missed |= !told;
        return told;
    }

    /** Whether a newcomer could not be told of a change since the last call. */
    boolean takeMissed() {
        boolean was = missed;
        missed = false;
        return was;
    }

    /**
     * Adds the association in a slot to the stream to a peer; false while it is full. A dead peer needs nothing any more. The
     * timeout begins anew here, as it does there: else one change of the view after the other, each before it is time to announce
     * it again, would let it expire at the ILB that sees none of its packets.
     */
    boolean append(int position, HeldAssociations held, int slot, FourTuple tuple, int ageMillis, int window) {
        PeerTransfer stream = to(position);
        if (stream == null) {
            return true;
        }
        boolean appended = stream.append(held, slot, tuple, ageMillis, window);
        if (appended) {
            held.touch(slot);
        }
        return appended;
    }

    /** Tells all who come and go that they have been handed everything for the view as it is. */
    void sayHandedOver() {
        for (Peer peer : membership.peers()) {
            if (isJoiner(peer) || peer.state() == IlbState.LEAVING) {
                PeerTransfer stream = to(peer.position());
                if (stream != null) {
                    stream.handedOver(membership.viewDigest());
                }
            }
        }
    }

    void flush() {
        for (int i = 0; i < streams.size(); i++) {
            if (link.reachable(i) != null) {
                streams.get(i).flush();
            }
        }
    }

    /** Gives up what has been on its way for too long; true if something has. */
    boolean abandonStalled() {
        boolean stalled = false;
        for (int i = 0; i < streams.size(); i++) {
            stalled |= streams.get(i).isStalled() && streams.get(i).abandon();
        }
        return stalled;
    }

    /** The stream to a peer broke; true if something was on its way. */
    boolean abandon(int position) {
        return position < streams.size() && streams.get(position).abandon();
    }

    /** A peer has gone. */
    void reset(int position) {
        if (position < streams.size()) {
            streams.get(position).reset();
        }
    }

    /** What is waiting or on its way now is what {@link #areSettled} is about. */
    void beginSettling() {
        streams.forEach(PeerTransfer::mark);
    }

    /** Whether all has been acknowledged that was there at {@link #beginSettling}. */
    boolean areSettled() {
        for (int i = 0; i < streams.size(); i++) {
            if (!streams.get(i).isSettled()) {
                return false;
            }
        }
        return true;
    }

    /** Associations that are waiting or on their way, to all peers. */
    int unsettledRecords() {
        int sum = 0;
        for (int i = 0; i < streams.size(); i++) {
            sum += streams.get(i).unsettledRecords();
        }
        return sum;
    }
}
