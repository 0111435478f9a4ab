package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.ExpiryPolicy;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.packet.FourTuple;

/**
 * The associations that this ILB holds as an owner or as a backup: the LTOC, with what the engine notes of each. Every change
 * of one happens in the few methods of this class, so that the servers' counts and the newcomers follow.
 */
final class HeldAssociations {
    /** No slot: this ILB does not hold the connection. */
    static final int NONE = -1;

    private static final int OWNED = 1;
    private static final int RESET = 2;
    private static final int KEPT = 4;
    /** How often the others were asked whether a half-open association is established: two bits. */
    private static final int ASKED = 8;

    private static final int ASKED_MASK = 3 * ASKED;

    /** The other holder has not said yet that it knows the connection as established. */
    private static final int UNCONFIRMED = 32;

    /** A newcomer could not be told of the last change, for its stream was full. */
    private static final int MISSED = 64;

    /**
     * A half-open one: its SYN came again. An established one: a SYN came that may be the next connection's on its port, or a
     * packet that undoes a RST. A closing one: the RST may be of the connection that had the port before.
     */
    private static final int AGAIN = 128;

    /** For so long after a SYN there may be ILBs that have not heard of it, and speak of the connection before. */
    private static final int YOUNG_MILLIS = 1_000;

    private final OwnedConnections table;
    private final ServiceTable services;
    private final Ranking ranking;
    private final Transfers transfers;
    private final Clock clock;

    private int owned;

    HeldAssociations(
            EngineConfig config,
            SegmentAllocator memory,
            ServiceTable services,
            Ranking ranking,
            Transfers transfers,
            Clock clock) {
        this.table = new OwnedConnections(
                memory,
                config.established(),
                config.halfOpen(),
                config.clients(),
                config.halfOpenTimeoutMillis(),
                config.establishedTimeoutMillis(),
                config.closingTimeoutMillis(),
                config.tableKey0(),
                config.tableKey1());
        this.table.onEviction(this::beforeRemoval);
        this.services = services;
        this.ranking = ranking;
        this.transfers = transfers;
        this.clock = clock;
    }

    OwnedConnections table() {
        return table;
    }

    /** How many connections this ILB owns; it backs up the others. */
    int owned() {
        return owned;
    }

    /** The slot of a connection, or {@link #NONE}. */
    int find(Service service, FourTuple tuple) {
        return table.find(service.index(), tuple);
    }

    /** {@link OwnedConnections#tag}. */
    int tag(Service service, FourTuple tuple) {
        return table.tag(service.index(), tuple);
    }

    /** {@link OwnedConnections#fetch}. */
    void fetch(int[] tags, int[] candidates, int count) {
        table.fetch(tags, candidates, count);
    }

    /** {@link OwnedConnections#find(int, FourTuple, int, int)}. */
    int find(Service service, FourTuple tuple, int tag, int candidate) {
        return table.find(service.index(), tuple, tag, candidate);
    }

    Server server(int slot) {
        return services.server(table.server(slot));
    }

    ConnectionState state(int slot) {
        return table.state(slot);
    }

    int ageMillis(int slot) {
        return clock.millis() - table.createdMillis(slot);
    }

    /** Milliseconds since it was announced last, or would have been. */
    int sinceAnnouncedMillis(int slot) {
        return clock.millis() - table.stamp(slot);
    }

    /** Notes that it was announced that long ago. */
    void setAnnounced(int slot, int agoMillis) {
        set(slot, AGAIN, false);
        table.setStamp(slot, clock.millis() - agoMillis);
    }

    /** Notes that a connection lives, or another one on its port: a packet says so that goes through both holders. */
    void noteAnew(int slot) {
        setAnnounced(slot, 0);
        set(slot, AGAIN, true);
    }

    /** Whether a packet has just said that a connection lives, or that another one begins on its port: see {@link #noteAnew}. */
    boolean hasBegunAnew(int slot) {
        return has(slot, AGAIN) && sinceAnnouncedMillis(slot) < CachedAssociations.STALE_MILLIS;
    }

    /** Whether an end that is announced may be of the time before the last packet that said that the connection lives. */
    boolean isOfBefore(int slot, int ageMillis) {
        // A cache knows no age; and it leaves the first packet after a SYN, with whatever it ends, to a holder.
        boolean justBegun = ageMillis == 0
                && state(slot) == ConnectionState.HALF_OPEN
                && ageMillis(slot) < CachedAssociations.STALE_MILLIS;
        // A handover may make an old one look younger, by the time that it waited for its frame.
        boolean younger =
                ageMillis(slot) < YOUNG_MILLIS && ageMillis > ageMillis(slot) + CachedAssociations.STALE_MILLIS;
        return hasBegunAnew(slot) || justBegun || younger;
    }

    /** Whether a SYN that is announced may be the one that an association began with, which has closed since then. */
    boolean isOfThis(int slot, int ageMillis) {
        return ageMillis + CachedAssociations.STALE_MILLIS >= ageMillis(slot);
    }

    /** Whether a RST came so short a time ago that what is announced of the connection may be of the time before. */
    boolean isJustReset(int slot) {
        return isReset(slot) && sinceAnnouncedMillis(slot) < CachedAssociations.STALE_MILLIS;
    }

    /** Whether a RST began the closing. */
    boolean isReset(int slot) {
        return has(slot, RESET);
    }

    void setReset(int slot, boolean isReset) {
        set(slot, RESET, isReset);
    }

    /** Whether it stays although this ILB would not hold it by the view that it knows, until the next view. */
    boolean isKept(int slot) {
        return has(slot, KEPT);
    }

    void setKept(int slot, boolean isKept) {
        set(slot, KEPT, isKept);
    }

    /** Whether the other holder has not said yet that it knows the connection as established. */
    boolean isUnconfirmed(int slot) {
        return has(slot, UNCONFIRMED);
    }

    void setUnconfirmed(int slot, boolean isUnconfirmed) {
        set(slot, UNCONFIRMED, isUnconfirmed);
    }

    /** Whether a newcomer has missed a change of it. */
    boolean isMissed(int slot) {
        return has(slot, MISSED);
    }

    void setMissed(int slot, boolean isMissed) {
        set(slot, MISSED, isMissed);
    }

    /** Whether all that has come since its SYN may be of the connection that had the port before, which a RST has ended. */
    boolean mayBeOpening(int slot) {
        return isReset(slot) && has(slot, AGAIN);
    }

    /** Notes that the SYN of a half-open one came again; false if that was noted before. */
    boolean noteRetransmitted(int slot) {
        boolean isFirst = !has(slot, AGAIN);
        set(slot, AGAIN, true);
        return isFirst;
    }

    /** Whether the others were asked about it since it was last in use. */
    boolean wasAsked(int slot) {
        return has(slot, ASKED_MASK);
    }

    /** Whether they were asked so often that there is no sense in asking again. */
    boolean wasAskedInVain(int slot) {
        return (table.flags(slot) & ASKED_MASK) == ASKED_MASK;
    }

    void noteAsked(int slot) {
        table.setFlags(slot, (byte) (table.flags(slot) + ASKED));
    }

    /** The tag of the ILB that is to own a connection although the other one is its owner by score; 0 for none. */
    int assignedOwner(int slot) {
        return table.assignedOwner(slot);
    }

    /** Assigns a connection to an ILB, or with 0 to its owner by score. */
    void assignOwner(int slot, FourTuple tuple, int tag) {
        table.setAssignedOwner(slot, tag);
        setOwned(slot, ranking.selfOwns(tuple, tag));
    }

    /** Sets whether this ILB owns an association, which counts at its server then, or only backs it up. */
    void setOwned(int slot, boolean isOwned) {
        if (isOwned == has(slot, OWNED)) {
            return;
        }
        set(slot, OWNED, isOwned);
        int difference = isOwned ? 1 : -1;
        ConnectionState state = table.state(slot);
        if (!state.isClient()) {
            owned += difference;
        }
        if (state.isLive()) {
            server(slot).addConnections(difference);
        }
    }

    /** Adds what is not held yet; its slot, or {@link #NONE} if its state's room is full. */
    int insert(Service service, FourTuple tuple, Server server, ConnectionState state, int ageMillis) {
        return insert(service, tuple, server, state, ageMillis, 0);
    }

    /**
     * The same for a connection that may not be its owner's by score.
     *
     * @param assignedOwner see {@link #assignedOwner}
     */
    int insert(
            Service service, FourTuple tuple, Server server, ConnectionState state, int ageMillis, int assignedOwner) {
        int createdMillis = clock.millis() - ageMillis;
        int slot = table.insert(service.index(), tuple, server.index(), state, createdMillis, clock.millis());
        if (slot != NONE) {
            table.setFlags(slot, (byte) 0);
            setAnnounced(slot, 0);
            assignOwner(slot, tuple, assignedOwner);
            tellJoiners(slot, tuple);
        }
        return slot;
    }

    /** Notes that a connection was used. An answer to a question that was asked before means nothing any more. */
    void touch(int slot) {
        set(slot, ASKED_MASK, false);
        table.touch(slot, clock.millis());
    }

    /**
     * Moves an association to another state and sets whether a RST did it; counts it as live or not at its server.
     *
     * @return false, and nothing changed, if there is no room in that state
     */
    boolean transition(int slot, FourTuple tuple, ConnectionState to, boolean reset) {
        ConnectionState from = table.state(slot);
        if (!table.transition(slot, to, clock.millis())) {
            return false;
        }
        int stay = OWNED | KEPT | MISSED | (to == ConnectionState.ESTABLISHED ? AGAIN : 0);
        table.setFlags(slot, (byte) ((table.flags(slot) & stay) | (reset ? RESET : 0)));
        if (reset) {
            setAnnounced(slot, 0);
            set(slot, AGAIN, from == ConnectionState.HALF_OPEN || ageMillis(slot) < CachedAssociations.STALE_MILLIS);
        }
        if (from == ConnectionState.HALF_OPEN && to == ConnectionState.ESTABLISHED) {
            server(slot).answered(clock.nanos());
        }
        if (has(slot, OWNED) && from.isLive() != to.isLive()) {
            server(slot).addConnections(to.isLive() ? 1 : -1);
        }
        tellJoiners(slot, tuple);
        return true;
    }

    /**
     * Another connection begins on the port of one that is closing, with the same server: from now on that is the one whose
     * age counts. Without room among the half-open ones it stays among the closing ones, and its first packet after the SYN
     * establishes it, as after a RST.
     */
    void reopen(int slot, FourTuple tuple, int ageMillis) {
        setAgeMillis(slot, ageMillis);
        if (!transition(slot, tuple, ConnectionState.HALF_OPEN, false)) {
            transition(slot, tuple, ConnectionState.CLOSING, true);
        }
        touch(slot);
    }

    /** A client's next connections go to that server, so long after its last one. */
    void renewClient(int slot, FourTuple client, Server server, int ageMillis) {
        table.setServer(slot, server.index());
        setAgeMillis(slot, ageMillis);
        touch(slot);
        tellJoiners(slot, client);
    }

    void setAgeMillis(int slot, int ageMillis) {
        table.setCreatedMillis(slot, clock.millis() - ageMillis);
    }

    void remove(int slot) {
        beforeRemoval(slot);
        table.remove(slot);
    }

    /** Removes what has expired and may, at most {@code budget} entries; how many. */
    int expire(int budget, ExpiryPolicy policy) {
        return table.expire(clock.millis(), budget, policy);
    }

    /** Before an entry is removed: expired, or closing and giving way. */
    void beforeRemoval(int slot) {
        setOwned(slot, false);
    }

    private void tellJoiners(int slot, FourTuple tuple) {
        if (transfers.hasJoiners() && ranking.selfOwns(tuple, 0)) {
            setMissed(slot, !transfers.changed(this, slot, tuple));
        }
    }

    private boolean has(int slot, int flags) {
        return (table.flags(slot) & flags) != 0;
    }

    private void set(int slot, int flags, boolean on) {
        int before = table.flags(slot);
        table.setFlags(slot, (byte) (on ? before | flags : before & ~flags));
    }
}
