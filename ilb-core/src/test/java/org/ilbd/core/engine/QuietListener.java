package org.ilbd.core.engine;

import java.util.List;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;

/** For tests that look at the state itself. */
final class QuietListener implements EngineListener {
    @Override
    public void viewChanged(List<IlbId> activeIds) {}

    @Override
    public void peerStateChanged(Peer peer, IlbState from, IlbState to) {}

    @Override
    public void selfStateChanged(IlbState from, IlbState to) {}

    @Override
    public void peerRestarted(Peer peer, long oldIncarnation) {}

    @Override
    public void broadcastGap(Peer peer) {}

    @Override
    public void wasAway(long awayNanos) {}

    @Override
    public void duplicateId(Endpoint source, long incarnation) {}

    @Override
    public void viewsDiffer(Peer peer, boolean differ) {}
}
