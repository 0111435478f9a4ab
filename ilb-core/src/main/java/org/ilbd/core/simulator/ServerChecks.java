package org.ilbd.core.simulator;

import org.ilbd.core.engine.Server;

/**
 * Looks at which servers new connections are given: by what the ILB that decides was told, and by what everybody has had the time
 * to learn. Established ones are for {@link Oracle} to look at. A connection whose port was used before may be taken for the one
 * of that time, and a second SYN for the first: they count only where that makes no difference.
 */
final class ServerChecks {
    /** Everybody knows of a change: more than a check and an agent take, and a reload. */
    static final long KNOWN_NANOS = 2 * EventQueue.SECOND;

    /** Two reports of one agent that two ILBs get so soon after each other may take each other's place. */
    private static final long REPORTED_NANOS = 100 * EventQueue.MILLISECOND;

    private final Simulation simulation;

    ServerChecks(Simulation simulation) {
        this.simulation = simulation;
    }

    /** A SYN leaves an ILB for a server, whoever has decided on it. One that is not configured is checked no more. */
    void delivered(SimulatedIlb by, Segment syn, SimulatedServer target) {
        if (by.told(target.endpoint).isDown() && by.isConfigured(target)) {
            violation(by, syn, target, "which it knows to be down");
        }
    }

    /** The owner of a connection has made its association. */
    void decided(SimulatedIlb by, Segment syn, SimulatedServer target) {
        delivered(by, syn, target);
        Conversation conversation = simulation.clients().conversation(syn.connection());
        if (conversation == null || conversation.again || conversation.decided || simulation.mayBreak()) {
            return;
        }
        conversation.decided = true;
        long opened = conversation.openedNanos;
        Told told = by.told(target.endpoint);
        if (target.isDrained() && told.isDrainedSince(opened - REPORTED_NANOS)) {
            violation(by, syn, target, "which it knows to drain");
        }
        int limit = told.limitSince(opened - REPORTED_NANOS);
        int live = limit > 0 && limit == target.limit() ? simulation.holders().live(by, target) : 0;
        if (live > limit) {
            violation(by, syn, target, "with which it has " + live + " connections, and may have " + limit);
        }
        if (simulation.servers().isFallback(target) && simulation.servers().isAnyLongAvailable()) {
            violation(by, syn, target, "a fallback, while others are available");
        }
    }

    /** An ILB answers a SYN with a RST, since no server is available to it. */
    void refused(SimulatedIlb by, Conversation conversation) {
        if (simulation.servers().isAnyLongAvailable() && !simulation.mayBreak()) {
            simulation.oracle().violation(1, by + " refuses it, while servers are available", conversation);
        }
        conversation.excuse = "refused while no server was available";
    }

    /**
     * No ILB goes by a load that nobody has reported for too long. One that has stood still for a moment takes what piled up meanwhile for as
     * young as it says that it was when it was sent.
     */
    void checkLoads(SimulatedIlb ilb) {
        if (ilb.isPaused() || simulation.queue().now() - ilb.resumedNanos() < Servers.LOAD_AGE_NANOS) {
            return;
        }
        for (Server server : ilb.engine.services().get(0).servers()) {
            if (server.load() >= 0 && simulation.servers().isLoadTooOld(server.endpoint())) {
                simulation.oracle().violation(1, ilb + " goes by a load of " + server + " that is too old", null);
            }
        }
    }

    private void violation(SimulatedIlb by, Segment syn, SimulatedServer target, String why) {
        Conversation conversation = simulation.clients().conversation(syn.connection());
        if (conversation == null || conversation.excuse == null) {
            simulation.oracle().violation(1, by + " sends " + syn + " to " + target + ", " + why, conversation);
        }
    }
}
