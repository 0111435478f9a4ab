package org.ilbd.core.simulator;

import java.util.HashMap;
import java.util.Map;
import org.ilbd.core.packet.IpAddress;

/**
 * Compares the servers of each client's connections, where the service has affinity: a connection that begins when an earlier
 * one of its client is established goes to the same server. After a change of the servers, or after events that
 * overlapped, a client may have come to another one before anybody can see it, so that its connections count from then on.
 */
final class AffinityChecks {
    /** All ILBs know of a change of the servers: more than a check takes, and a reload. */
    private static final long KNOWN_NANOS = 2 * EventQueue.SECOND;

    private final Simulation simulation;
    private final Map<IpAddress, Conversation> latest = new HashMap<>();

    AffinityChecks(Simulation simulation) {
        this.simulation = simulation;
    }

    void connected(Conversation conversation) {
        boolean isSettled = conversation.openedNanos - simulation.servers().changedNanos() > KNOWN_NANOS;
        if (!simulation.schedule().affinity() || conversation.excuse != null || simulation.mayBreak() || !isSettled) {
            latest.remove(conversation.client.address());
            return;
        }
        Conversation earlier = latest.get(conversation.client.address());
        if (earlier == null) {
            latest.put(conversation.client.address(), conversation);
        } else if (earlier.connectedNanos < conversation.openedNanos) {
            if (earlier.server != conversation.server) {
                simulation.oracle().violation(1, "its client's server was another before: " + earlier, conversation);
            }
            latest.put(conversation.client.address(), conversation);
        }
    }

    /** From here on everything may be otherwise. */
    void forget() {
        latest.clear();
    }
}
