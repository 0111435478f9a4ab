package org.ilbd.core.engine;

import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.FourTuple;

/**
 * Who owns and who backs up a connection, under the view and under the one before it, as positions of peers. A flyweight:
 * {@link #rank} fills it for one connection.
 */
final class Ranking {
    /** This ILB itself. */
    static final int SELF = -2;
    /** There is no such ILB. */
    static final int NONE = -1;

    private View view;
    private int[] peers;
    private View previousView;
    private int[] previousPeers;
    private int owner = NONE;
    private int backup = NONE;

    /**
     * Starts with a view.
     *
     * @param peers for each position of the view the peer's position, or {@link #SELF}
     */
    Ranking(View view, int[] peers) {
        this.view = view;
        this.peers = peers;
        this.previousView = view;
        this.previousPeers = peers;
    }

    void change(View newView, int[] newPeers) {
        previousView = view;
        previousPeers = peers;
        view = newView;
        peers = newPeers;
    }

    View view() {
        return view;
    }

    /** Ranks one connection; {@link #owner()} and {@link #backup()} answer for it until the next call. */
    Ranking rank(FourTuple tuple) {
        long ranked = view.rank(tuple);
        owner = peerAt(peers, View.owner(ranked));
        backup = peerAt(peers, View.backup(ranked));
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

    boolean selfOwns() {
        return owner == SELF;
    }

    boolean selfHolds() {
        return owner == SELF || backup == SELF;
    }

    /** Who owned the connection under the view before this one. */
    int previousOwner(FourTuple tuple) {
        return peerAt(previousPeers, View.owner(previousView.rank(tuple)));
    }

    private static int peerAt(int[] peers, int place) {
        return place < 0 ? NONE : peers[place];
    }
}
