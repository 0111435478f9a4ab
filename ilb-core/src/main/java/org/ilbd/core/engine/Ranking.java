package org.ilbd.core.engine;

import org.ilbd.core.packet.FourTuple;

/**
 * Who owns and who backs up a connection, under the view and under the one before it, as positions of peers. A flyweight:
 * {@link #rank} fills it for one connection.
 */
final class Ranking {
    /** This ILB itself. */
    static final int SELF = Placement.SELF;
    /** There is no such ILB. */
    static final int NONE = Placement.NONE;

    private Placement current;
    private Placement previous;
    private Placement holding;
    private long changedNanos;
    private int owner = NONE;
    private int backup = NONE;

    Ranking(Placement start) {
        current = start;
        previous = start;
        holding = start;
    }

    /**
     * Takes over another view.
     *
     * @param whatToHold by which this ILB tells what it is to hold: the view, or while it is JOINING the view with it in
     */
    void change(Placement view, Placement whatToHold, long nowNanos) {
        changedNanos = nowNanos;
        previous = current;
        current = view;
        holding = whatToHold;
    }

    /** The view. */
    Placement current() {
        return current;
    }

    /** Whether the view has been as it is since then. */
    boolean isAsSince(long nanos) {
        return nanos - changedNanos >= 0;
    }

    /** Ranks one connection; {@link #owner()} and {@link #backup()} answer for it until the next call. */
    Ranking rank(FourTuple tuple) {
        long ranked = current.rank(tuple);
        owner = current.owner(ranked);
        backup = current.backup(ranked);
        return this;
    }

    /** A peer's position, {@link #SELF}, or {@link #NONE} while no ILB is ACTIVE. */
    int owner() {
        return owner;
    }

    /** A peer's position, {@link #SELF}, or {@link #NONE} while fewer than two ILBs are ACTIVE. */
    int backup() {
        return backup;
    }

    /** Whether a peer is the owner or the backup. */
    boolean isOtherHolder(int position) {
        return position == owner || position == backup;
    }

    boolean selfOwns() {
        return owner == SELF;
    }

    /** Whether this ILB owns a connection that may be assigned to its backup: see {@link Placement#owner(long, int)}. */
    boolean selfOwns(FourTuple tuple, int assignedOwner) {
        return current.owner(current.rank(tuple), assignedOwner) == SELF;
    }

    /** Whether this ILB is the owner or the backup of a connection, or will be once it has joined. */
    boolean selfHolds(FourTuple tuple) {
        long ranked = holding.rank(tuple);
        return holding.owner(ranked) == SELF || holding.backup(ranked) == SELF;
    }

    /** Who owned the connection under the view before this one. */
    int previousOwner(FourTuple tuple) {
        return previous.owner(previous.rank(tuple));
    }
}
