package org.ilbd.core.membership;

import java.util.List;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;

/**
 * Is told what {@link Membership} finds out, on the thread and within the call that made it find out. May read the
 * membership, but not tell it anything.
 */
public interface MembershipListener {

    /**
     * The view is another. Told once for all that one tick or one message changes in the peers, after the calls about them,
     * and once more if this ILB becomes ACTIVE. Also told when a member was replaced by its next incarnation, which leaves the
     * ids the same.
     *
     * @param activeIds the ACTIVE ILBs, this one included if it is; sorted, immutable
     */
    void viewChanged(List<IlbId> activeIds);

    /** A peer is in another state. A peer that was never heard is DEAD before. */
    void peerStateChanged(Peer peer, IlbState from, IlbState to);

    /** This ILB itself is in another state. */
    void selfStateChanged(IlbState from, IlbState to);

    /**
     * A peer has a new incarnation: it has lost all that it held, and is a newcomer. It was told DEAD before this call, if it
     * was not so already, and is told in its new state after it.
     */
    void peerRestarted(Peer peer, long oldIncarnation);

    /**
     * Broadcasts of this peer were missed, or nobody can say that none were (it is dead): what was cached from it may be no
     * longer true. A broadcast that shows a gap by its number is itself good; it is for the time after this call.
     */
    void broadcastGap(Peer peer);

    /**
     * This ILB was stopped for so long that the others may have declared it dead and gone on without it: nothing that is
     * cached may be relied on.
     *
     * @param awayNanos since its last tick
     */
    void wasAway(long awayNanos);

    /**
     * Another ILB has the id of this one (or its tag, or a peer's). Told once for each incarnation of the other; its
     * messages are ignored.
     */
    void duplicateId(Endpoint source, long incarnation);

    /** A peer has seen another view than this ILB for longer than a change takes to get round; or no longer does. */
    void viewsDiffer(Peer peer, boolean differ);
}
