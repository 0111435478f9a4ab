package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.TcpHeader;
import org.jspecify.annotations.Nullable;

/**
 * Knows from outside what must become of packets and connections, and says what does not (design, invariants 1, 2 and 4).
 * What the ILBs hold is for {@link HolderChecks} and {@link TableChecks} to look at.
 */
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

    void withoutRoom(Segment syn) {
        Conversation conversation = find(syn.connection());
        if (conversation != null) {
            conversation.excuse = "accepted where there was no room for its association";
        }
    }

    void refusedBy(SimulatedIlb by, int connection) {
        Conversation conversation = find(connection);
        if (conversation != null && conversation.isBound()) {
            broken(by + " refused a packet", conversation);
        } else if (conversation != null && !conversation.established && conversation.excuse == null) {
            simulation.serverChecks().refused(by, conversation);
        }
    }

    /** Looks at a packet that an ILB delivers. */
    void delivered(SimulatedIlb by, Segment segment, SimulatedServer target) {
        Conversation conversation = find(segment.connection());
        if (conversation == null) {
            return;
        }
        conversation.wasReset = segment.is(TcpHeader.RST);
        if (segment.isSyn()) {
            simulation.serverChecks().delivered(by, segment, target);
            by.synDelivered(segment, target);
        } else if (conversation.isBound() && conversation.server != target) {
            broken("a packet was delivered to " + target + " by " + by + ": " + segment, conversation);
        }
    }

    /** Looks at a SYN on its way to a server, after what was done for it. */
    void synDelivered(SimulatedIlb by, Segment syn, SimulatedServer target) {
        Conversation conversation = find(syn.connection());
        boolean excused = conversation != null && conversation.excuse != null;
        if (excused || target.hasSeen(syn) || by.engine.membership().activeIds().size() < 2) {
            return;
        }
        FourTuple tuple = syn.tuple();
        int holders = 0;
        for (SimulatedIlb ilb : simulation.cluster().processes()) {
            boolean counts = ilb.isRunning() || simulation.queue().now() - ilb.endedNanos() < REMEMBERED_NANOS;
            if (counts && ilb.holds(tuple, target)) {
                holders++;
            }
        }
        if (holders < 2 && simulation.mayBreak() && simulation.holders().isContested(tuple, target)) {
            broken++;
        } else if (holders < 2) {
            violation(2, syn + " came to " + target + " with its association on " + holders + " ILB", conversation);
        }
    }

    /** An ILB has left and waited for as long as it does, and the others have not taken over all that it held. */
    void notReleased(SimulatedIlb ilb) {
        if (!simulation.mayBreak()) {
            violation(5, ilb + " was not released", null);
        }
    }

    /**
     * A connection is not with its owner or its backup although nothing is handed over any more.
     *
     * @param lost whether that is the cost of two events at once
     */
    void notHeld(String what, Conversation conversation, boolean lost) {
        if (simulation.mayBreak() && lost) {
            broken++;
            conversation.excuse = "lost to events that overlapped";
        } else {
            violation(3, what, conversation);
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
}
