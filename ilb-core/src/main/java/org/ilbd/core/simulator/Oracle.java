package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.engine.Server;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.ownership.View;
import org.jspecify.annotations.Nullable;

/** Knows from outside what must be, and says what is not. */
final class Oracle {
    /** Of one packet (design, invariant 4). */
    private static final int MAX_VISITS = 3;

    /** For so long after its end, what a process held when it delivered still counts: the SYN was on its way. */
    private static final long REMEMBERED_NANOS = 200 * EventQueue.MILLISECOND;

    private final Simulation simulation;
    private final List<Violation> violations = new ArrayList<>();
    private int broken;

    Oracle(Simulation simulation) {
        this.simulation = simulation;
    }

    List<Violation> violations() {
        return violations;
    }

    /** Connections that broke where that is no violation. */
    int broken() {
        return broken;
    }

    void violation(int invariant, String what, @Nullable Conversation conversation) {
        int number = conversation == null ? 0 : conversation.number;
        violations.add(new Violation(
                invariant,
                what + (conversation == null ? "" : "; " + conversation),
                simulation.queue().millis(),
                number));
        simulation.trace().line(number, () -> "VIOLATION of invariant " + invariant + ": " + what);
    }

    /** A connection breaks: a violation, unless events overlapped. */
    void broken(String what, Conversation conversation) {
        if (conversation.excuse != null) {
            return;
        }
        if (simulation.mayBreak()) {
            broken++;
            conversation.excuse = "broken while events overlapped";
        } else {
            violation(1, what, conversation);
        }
    }

    void visited(int visits, SimulatedIlb by) {
        if (visits > MAX_VISITS) {
            violation(4, "a packet has come to its " + visits + "th ILB, " + by, null);
        }
    }

    void withoutRoom(int connection) {
        Conversation conversation = find(connection);
        if (conversation != null) {
            conversation.excuse = "accepted where there was no room for its association";
        }
    }

    void refusedBy(SimulatedIlb by, int connection) {
        Conversation conversation = find(connection);
        if (conversation != null && conversation.isBound()) {
            broken(by + " refused a packet", conversation);
        }
    }

    /** Looks at a packet that an ILB delivers. */
    void delivered(SimulatedIlb by, Segment segment, SimulatedServer target) {
        Conversation conversation = find(segment.connection());
        if (conversation == null) {
            return;
        }
        if (segment.isSyn()) {
            by.synDelivered(target);
        } else if (conversation.isBound() && conversation.server != target) {
            broken("a packet was delivered to " + target + " by " + by + ": " + segment, conversation);
        }
    }

    /** Looks at a SYN on its way to a server, after what was done for it. */
    void synDelivered(SimulatedIlb by, int connection, SimulatedServer target) {
        Conversation conversation = find(connection);
        if (conversation == null
                || conversation.excuse != null
                || target.knows(conversation.tuple)
                || by.engine.membership().activeIds().size() < 2) {
            return;
        }
        int holders = 0;
        for (SimulatedIlb ilb : simulation.cluster().processes()) {
            if (ilb.isRunning() || simulation.queue().now() - ilb.endedNanos() < REMEMBERED_NANOS) {
                Server held = ilb.engine.held(conversation.tuple);
                if (held != null && held.endpoint().equals(target.endpoint)) {
                    holders++;
                }
            }
        }
        if (holders < 2) {
            violation(2, "a SYN came to " + target + " with its association on " + holders + " ILB", conversation);
        }
    }

    /** An ILB has left and waited for as long as it does, and the others have not taken over all that it held. */
    void notReleased(SimulatedIlb ilb) {
        if (!simulation.mayBreak()) {
            violation(5, ilb + " was not released", null);
        }
    }

    void serverReset(SimulatedServer server, Conversation conversation) {
        if (conversation.isBound() && conversation.server == server) {
            broken("a RST came to server " + server, conversation);
        }
    }

    private @Nullable Conversation find(int connection) {
        return simulation.clients().conversation(connection);
    }

    /** Whether all ILBs see the same view, which is all of them, and have handed over what there is. */
    boolean isSettled() {
        return whyNotSettled().isEmpty();
    }

    /** What the cluster is still busy with; empty if with nothing. */
    String whyNotSettled() {
        List<SimulatedIlb> running = simulation.cluster().running();
        List<IlbId> ids = running.stream().map(ilb -> ilb.id).sorted().toList();
        for (SimulatedIlb ilb : running) {
            if (ilb.isPaused() || ilb.isLeaving()) {
                return ilb + " stands still or leaves";
            }
            if (ilb.engine.membership().selfState() != IlbState.ACTIVE) {
                return ilb + " is " + ilb.engine.membership().selfState();
            }
            if (!ilb.engine.membership().activeIds().equals(ids)) {
                return ilb + " sees " + ilb.engine.membership().activeIds() + ", not " + ids;
            }
            if (ilb.engine.membership().viewDigest()
                    != running.get(0).engine.membership().viewDigest()) {
                return ilb + " and " + running.get(0) + " see different incarnations";
            }
            if (ilb.engine.isHandingOver() || (running.size() > 1 && ilb.engine.underReplicated() > 0)) {
                return ilb + " is handing over, " + ilb.engine.underReplicated() + " on one ILB only";
            }
        }
        return "";
    }

    /** Once the cluster has settled: each connection is with its owner and its backup, and the tables are in order. */
    void checkHolders() {
        List<SimulatedIlb> running = simulation.cluster().running();
        View view = new View(
                OwnershipMode.CRC32_MIXED,
                simulation.schedule().seed(),
                running.stream().map(ilb -> ilb.id).sorted().toList());
        for (Conversation conversation : simulation.clients().conversations()) {
            if (conversation.isBound()) {
                long rank = view.rank(conversation.tuple);
                checkHolder(view, View.owner(rank), "owner", conversation);
                if (view.size() > 1) {
                    checkHolder(view, View.backup(rank), "backup", conversation);
                }
            }
        }
        checkTables();
    }

    private void checkHolder(View view, int position, String role, Conversation conversation) {
        SimulatedServer server = conversation.server;
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            if (server != null && ilb.id.equals(view.member(position))) {
                Server held = ilb.engine.held(conversation.tuple);
                if (held == null || !held.endpoint().equals(server.endpoint)) {
                    if (simulation.mayBreak()) {
                        broken++;
                        conversation.excuse = "not with its " + role + " after events that overlapped";
                    } else {
                        violation(3, "its " + role + ", " + ilb + ", holds " + held, conversation);
                    }
                }
            }
        }
    }

    void checkTables() {
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            try {
                ilb.engine.owned().checkConsistency();
                ilb.engine.cache().checkConsistency();
            } catch (IllegalStateException e) {
                violation(6, ilb + ": " + e.getMessage(), null);
            }
        }
    }
}
