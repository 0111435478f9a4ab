package org.ilbd.core.membership;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;

/** Writes down what it is told, one line for each call. */
final class RecordingListener implements MembershipListener {
    private final List<String> events = new ArrayList<>();

    /** The lines since the last call. */
    List<String> take() {
        List<String> taken = List.copyOf(events);
        events.clear();
        return taken;
    }

    @Override
    public void viewChanged(List<IlbId> activeIds) {
        events.add("view " + activeIds);
    }

    @Override
    public void peerStateChanged(Peer peer, IlbState from, IlbState to) {
        events.add("peer " + peer.id() + " " + from + "->" + to);
    }

    @Override
    public void selfStateChanged(IlbState from, IlbState to) {
        events.add("self " + from + "->" + to);
    }

    @Override
    public void peerRestarted(Peer peer, long oldIncarnation) {
        events.add("restarted " + peer.id() + " " + oldIncarnation + "->" + peer.incarnation());
    }

    @Override
    public void broadcastGap(Peer peer) {
        events.add("gap " + peer.id());
    }

    @Override
    public void wasAway(long awayNanos) {
        events.add("away " + awayNanos / FakeClock.MILLI);
    }

    @Override
    public void duplicateId(Endpoint source, long incarnation) {
        events.add("duplicate " + source + " " + incarnation);
    }

    @Override
    public void viewsDiffer(Peer peer, boolean differ) {
        events.add("view of " + peer.id() + (differ ? " differs" : " agrees"));
    }
}
