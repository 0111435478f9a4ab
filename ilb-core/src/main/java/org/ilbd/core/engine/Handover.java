package org.ilbd.core.engine;

import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/**
 * Brings every association to the two ILBs that are to hold it after a change of the view, and to a newcomer before it
 * becomes part of the view.
 *
 * <h2>Who sends what</h2>
 * The owner and the backup of a connection hold it under the view that was handed over last, the <i>base</i>. Whichever
 * of the two ranks higher and is still there sends it to the holders under the view as it is now that the base does not
 * have. After a crash that is the backup, which has become the owner; after a planned leave nothing is
 * different, the ILB that leaves only waits for it, unless the other holder has gone as well.
 *
 * <p>Where events overlapped, the ILBs have not all come by the same base: one comes into the view that was not handed everything
 * before, another ILB kept an association here by a view that this one did not see, or this ILB was handed something as a
 * newcomer by one that was lost before it became ACTIVE. Then the base is nobody, for all associations or for that one: whoever
 * has it sends it to both holders.
 *
 * <h2>Newcomers</h2>
 * The owner sends a newcomer what it is going to hold, and from then on each change of it, in one stream. When all is
 * acknowledged, the newcomer is told so; once all ILBs have told it, it declares itself ACTIVE, and that view counts as
 * handed over already.
 *
 * <h2>Letting go</h2>
 * What others hold now is let go of once it has arrived there, and not before all see the same view: whoever sees another
 * one may rely on this ILB.
 *
 * <h2>Slices</h2>
 * A walk over the table goes in slices, as far as the streams have room. Whatever changes meanwhile is told on the
 * ordinary ways, so the walk may see an association before or after a change. A change of the view, a new newcomer or a
 * broken stream starts it again: what is sent twice does no harm. Changes for which a newcomer's stream had no room are
 * found by another walk, which looks for nothing else.
 */
final class Handover {
    private enum Phase {
        /** Nothing to do. */
        IDLE,
        /** Walking over the table and sending. */
        SENDING,
        /** Waiting for the last acknowledgements. */
        SETTLING,
        /** Walking over the table and letting go of what others hold now. */
        SWEEPING
    }

    /** So many associations can be skipped while one is handed over. */
    private static final int SKIPS = 16;

    private final HeldAssociations held;
    private final OwnedConnections table;
    private final ServiceTable services;
    private final Associations associations;
    private final ToldAssociations told;
    private final Membership membership;
    private final Ranking ranking;
    private final Transfers transfers;
    private final FourTuple tuple = new FourTuple();

    /** The base of which nothing is known. */
    private final Placement nobody;

    private Placement base;
    /** The view as it was last, whether it was handed over or not. */
    private Placement seen;

    private Phase phase = Phase.IDLE;
    private int cursor = Associations.NONE;
    private int walked;
    /** Whether the walk is only about changes that a newcomer has missed. */
    private boolean onlyMissed;

    private boolean losing;
    private int preparedJoiner = Placement.NONE;
    /** Whether this ILB may know of the past what no other one knows, and of the present less than others. */
    private boolean behind;
    /** Whether somebody has come into the view who was not handed everything before: it may know better than this ILB. */
    private boolean merging;
    /** The base before the newcomer that became ACTIVE last, until it has acknowledged what it was sent as a newcomer. */
    private @Nullable Placement beforeJoin;
    /** Kept for readers on other threads. */
    private int underReplicated;

    Handover(
            ServiceTable services,
            Associations associations,
            ToldAssociations told,
            Membership membership,
            Ranking ranking,
            Transfers transfers,
            Placement nobody) {
        this.held = associations.held();
        this.table = held.table();
        this.services = services;
        this.associations = associations;
        this.told = told;
        this.membership = membership;
        this.ranking = ranking;
        this.transfers = transfers;
        this.base = ranking.current();
        this.seen = base;
        this.nobody = nobody;
    }

    /** The view has changed, and the ranking with it. */
    void onViewChanged() {
        Placement current = ranking.current();
        if (membership.selfState() == IlbState.JOINING && !current.containsAll(seen)) {
            // What that one has handed over may be nowhere else, if others had lost sight of it before.
            behind = true;
        }
        if (isNewcomer()) {
            // A newcomer was handed what it holds, for this view; one that is none yet hands over nothing.
            base = current;
        }
        merging |= !base.containsAll(current);
        if (preparedJoiner != Placement.NONE && current.isPlus(base, preparedJoiner) && !transfers.takeMissed()) {
            beforeJoin = base;
            base = current;
            merging = false;
        }
        boolean isBack = behind && current.contains(Placement.SELF) && !seen.contains(Placement.SELF);
        losing = !current.containsAll(base) || base.size() < 2;
        if (isBack || transfers.isStrangerIn(current, base) || transfers.isStrangerIn(current, seen)) {
            trustNobody();
        }
        seen = current;
        associations.setSwept(false);
        restart();
    }

    /** Whether this ILB is JOINING, or has just become ACTIVE for the first time. */
    private boolean isNewcomer() {
        return switch (membership.selfState()) {
            case JOINING -> true;
            case ACTIVE -> base != nobody && !base.contains(Placement.SELF) && !behind;
            case LEAVING, DEAD -> false;
        };
    }

    /** A peer that was JOINING is it no more, and not ACTIVE either. */
    void onJoinersChanged() {
        restart();
    }

    private void trustNobody() {
        base = nobody;
        beforeJoin = null;
        losing = true;
    }

    /** This ILB was away, and comes back as a newcomer that still has what it held. */
    void onRejoin() {
        behind = true;
    }

    /** The stream to that peer broke: what was on its way may be lost, also the word that all is handed over. */
    void onStreamClosed(int position) {
        if (transfers.abandon(position)) {
            restartAfterLoss();
        }
    }

    private void restartAfterLoss() {
        if (beforeJoin != null) {
            // The last changes before a newcomer became ACTIVE may be among what was lost.
            base = beforeJoin;
            beforeJoin = null;
            merging = true;
            losing = true;
        }
        restart();
    }

    private void restart() {
        transfers.updateJoiners();
        transfers.takeMissed();
        onlyMissed = false;
        losing |= told.forgetStrays();
        walk();
    }

    private void walk() {
        preparedJoiner = Placement.NONE;
        phase = Phase.SENDING;
        cursor = Associations.NONE;
        walked = 0;
    }

    /** Goes on, over at most {@code budget} associations; whether there are more that can be looked at now. */
    boolean step(int budget) {
        if (transfers.abandonStalled()) {
            restartAfterLoss();
        } else if (transfers.hasNewJoiner()) {
            restart();
        } else if (phase != Phase.SENDING && transfers.takeMissed()) {
            // What is missed while the walk goes on may be behind it already.
            onlyMissed = true;
            walk();
        } else if (phase == Phase.IDLE && told.hasStrays() && membership.isViewShared()) {
            // Who sent them has seen this view too by now. Nobody tells this ILB what becomes of them.
            merging = true;
            restart();
        }
        boolean more = switch (phase) {
            case IDLE -> false;
            case SENDING -> send(budget);
            case SETTLING -> settle();
            case SWEEPING -> sweep(budget);
        };
        transfers.flush();
        underReplicated = countUnderReplicated();
        return more;
    }

    /** Whether associations are on their way, or yet to be looked at. */
    boolean isSending() {
        return phase == Phase.SENDING || phase == Phase.SETTLING;
    }

    /** Whether a walk over the table goes on. */
    boolean isWalking() {
        return phase == Phase.SENDING || phase == Phase.SWEEPING;
    }

    /** Associations looked at so far, of those in the table. */
    int walked() {
        return walked;
    }

    /** Associations that this ILB owns or may have come to own, and that no other ILB was known to hold at the last step. */
    int underReplicated() {
        return underReplicated;
    }

    private int countUnderReplicated() {
        if (ranking.current().size() < 2) {
            return held.owned();
        }
        if (!isSending() || (!losing && beforeJoin == null)) {
            return 0;
        }
        int unseen = losing && phase == Phase.SENDING && !onlyMissed ? Math.max(0, table.size() - walked) : 0;
        return unseen + transfers.unsettledRecords();
    }

    private boolean send(int budget) {
        int left = budget * SKIPS;
        while (left > 0) {
            int slot = table.nextSlot(cursor);
            if (slot == Associations.NONE) {
                phase = Phase.SETTLING;
                transfers.beginSettling();
                return settle();
            }
            if (onlyMissed && !held.isMissed(slot)) {
                left--;
            } else if (handOver(slot)) {
                held.setMissed(slot, false);
                left -= SKIPS;
            } else {
                return false;
            }
            cursor = slot;
            walked++;
        }
        return true;
    }

    /** Sends one association to whom it concerns; false if there is no room on a stream, so that it is to be done again. */
    private boolean handOver(int slot) {
        services.service(table.service(slot)).readTuple(table, slot, tuple);
        Placement current = ranking.current();
        long now = current.rank(tuple);
        int owner = current.owner(now);
        int backup = current.backup(now);
        held.setOwned(slot, current.owner(now, held.assignedOwner(slot)) == Placement.SELF);
        // Of one that somebody kept here by another view, the base says nothing.
        Placement from = held.isKept(slot) ? nobody : base;
        long before = from.rank(tuple);
        int baseOwner = from.owner(before);
        int baseBackup = from.backup(before);
        boolean sent = true;
        if (isSender(baseOwner, baseBackup) && (!isBehind() || wasEstablished(slot))) {
            // The owner has gone: its backup is the owner now, and the new backup gets the association from it.
            // The backup has gone: the owner stays, and its new backup gets the association from it.
            // Both have gone, or the view was divided: both may be new to it.
            sent = (owner == baseOwner || owner == baseBackup || sendTo(owner, slot))
                    && (backup == baseOwner || backup == baseBackup || sendTo(backup, slot));
        }
        if (sent && owner == Placement.SELF) {
            sent = transfers.tellJoiners(held, slot, tuple, PeerTransfer.WALK_WINDOW);
        }
        if (sent) {
            held.setKept(slot, false);
        }
        return sent;
    }

    /** Whether this ILB is the one that sends: the first of the holders that is still in the view. */
    private boolean isSender(int baseOwner, int baseBackup) {
        Placement current = ranking.current();
        if (current.contains(baseOwner)) {
            return baseOwner == Placement.SELF;
        }
        return !current.contains(baseBackup) || baseBackup == Placement.SELF;
    }

    private boolean sendTo(int position, int slot) {
        if (position < 0) {
            return true;
        }
        boolean sent = transfers.append(
                position, held, slot, tuple, isBehind() ? 0 : held.ageMillis(slot), PeerTransfer.WALK_WINDOW);
        if (sent && held.state(slot) == ConnectionState.CLOSING && !held.isReset(slot)) {
            // That one may have it as established, and go on believing that.
            held.setUnconfirmed(slot, true);
        }
        return sent;
    }

    private boolean wasEstablished(int slot) {
        ConnectionState state = table.state(slot);
        return state == ConnectionState.ESTABLISHED || state == ConnectionState.CLOSING;
    }

    /**
     * Whether this ILB was away, or leaves, so that the others may know better. What is there already counts more than what it
     * sends then: it is as old as nothing, and only of connections that were established.
     */
    private boolean isBehind() {
        return behind || membership.selfState() == IlbState.LEAVING;
    }

    private boolean settle() {
        if (!transfers.areSettled()) {
            return false;
        }
        if (membership.selfState() != IlbState.LEAVING) {
            // Who leaves does not know when the others are done, and goes by what it held among them.
            base = ranking.current();
        }
        beforeJoin = null;
        losing = false;
        transfers.sayHandedOver();
        if (transfers.joiners().size() == 1) {
            preparedJoiner = transfers.joiners().get(0).position();
        }
        phase = Phase.SWEEPING;
        cursor = Associations.NONE;
        return true;
    }

    private boolean sweep(int budget) {
        if (membership.selfState() != IlbState.ACTIVE) {
            phase = Phase.IDLE;
            return false;
        }
        if (!membership.isViewShared()) {
            // Who sees another view may take this ILB for a holder, and rely on it.
            return false;
        }
        for (int i = 0; i < budget; i++) {
            int slot = table.nextSlot(cursor);
            if (slot == Associations.NONE) {
                phase = Phase.IDLE;
                associations.setSwept(true);
                behind = false;
                merging = false;
                return false;
            }
            cursor = slot;
            services.service(table.service(slot)).readTuple(table, slot, tuple);
            if (!ranking.selfHolds(tuple) && !held.isKept(slot)) {
                // A newcomer has taken the place of this ILB, which is neither owner nor backup any more.
                associations.letGo(slot, tuple, behind || merging);
            }
        }
        return true;
    }
}
