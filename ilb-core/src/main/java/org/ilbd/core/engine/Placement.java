package org.ilbd.core.engine;

import java.util.List;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.FourTuple;

/** A view, with the position of each of its members among the peers and what connections are ranked by. Immutable. */
final class Placement {
    /** This ILB itself. */
    static final int SELF = -2;
    /** There is no such ILB. */
    static final int NONE = -1;

    private final View view;
    private final int[] positions;
    private final OwnershipKeys keys;

    private Placement(View view, int[] positions, OwnershipKeys keys) {
        this.view = view;
        this.positions = positions;
        this.keys = keys;
    }

    static Placement of(View view, Membership membership, OwnershipKeys keys) {
        int[] positions = new int[view.size()];
        for (int i = 0; i < positions.length; i++) {
            Peer peer = membership.peerByTag(view.member(i).tag());
            positions[i] = peer == null ? SELF : peer.position();
        }
        return new Placement(view, positions, keys);
    }

    static Placement empty(EngineConfig config) {
        return new Placement(
                new View(config.ownership(), config.ownershipSeed(), List.of()), new int[0], OwnershipKeys.TUPLES);
    }

    /** Ranks a connection: what {@link #owner} and {@link #backup} read. */
    long rank(FourTuple tuple) {
        return view.rank(keys.of(tuple));
    }

    /** A peer's position, {@link #SELF}, or {@link #NONE} in an empty view. */
    int owner(long rank) {
        return at(View.owner(rank));
    }

    /**
     * Who owns a connection that may be assigned to its backup: {@link #owner(long)}, unless that is the backup's tag.
     *
     * @param assignedOwner a tag, or 0. Of one who is not the backup, or no more, it means nothing
     */
    int owner(long rank, int assignedOwner) {
        int backup = View.backup(rank);
        boolean toBackup =
                assignedOwner != 0 && backup != View.NONE && view.member(backup).tag() == assignedOwner;
        return toBackup ? backup(rank) : owner(rank);
    }

    /** A peer's position, {@link #SELF}, or {@link #NONE} in a view of fewer than two. */
    int backup(long rank) {
        return at(View.backup(rank));
    }

    OwnershipKeys keys() {
        return keys;
    }

    boolean contains(int position) {
        for (int member : positions) {
            if (member == position) {
                return true;
            }
        }
        return false;
    }

    /** Whether every member of another is a member of this one. */
    boolean containsAll(Placement other) {
        for (int member : other.positions) {
            if (!contains(member)) {
                return false;
            }
        }
        return true;
    }

    /** Whether this is another with one member more. */
    boolean isPlus(Placement other, int position) {
        return size() == other.size() + 1 && contains(position) && !other.contains(position) && containsAll(other);
    }

    int size() {
        return positions.length;
    }

    private int at(int place) {
        return place < 0 ? NONE : positions[place];
    }
}
