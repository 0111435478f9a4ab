package org.ilbd.core.simulator;

import java.util.HashMap;
import java.util.Map;
import org.ilbd.core.packet.IpAddress;

/**
 * Compares the servers of each client's connections, where the service has affinity: a connection that begins when an earlier
 * one of its client is established goes to the same server, unless that has gone or is new. Those do not count whose port was
 * used before: they may be taken for the connection of that time. After events that overlapped, a client's connections
 * count from then on.
 */
final class AffinityChecks {
    private final Simulation simulation;
    private final Map<IpAddress, Conversation> latest = new HashMap<>();

    AffinityChecks(Simulation simulation) {
        this.simulation = simulation;
    }

    void connected(Conversation conversation) {
        if (!simulation.schedule().affinity() || conversation.again) {
            return;
        }
        if (conversation.excuse != null || simulation.mayBreak()) {
            latest.remove(conversation.client.address());
            return;
        }
        Conversation earlier = latest.putIfAbsent(conversation.client.address(), conversation);
        if (earlier != null && earlier.connectedNanos < conversation.openedNanos) {
            if (isSettled(earlier) && earlier.server != conversation.server) {
                simulation.oracle().violation(1, "its client's server was another before: " + earlier, conversation);
            }
            latest.put(conversation.client.address(), conversation);
        }
    }

    private boolean isSettled(Conversation earlier) {
        SimulatedServer server = earlier.server;
        return server != null
                && server.limit() == 0
                && !simulation.servers().isFallback(server)
                && earlier.openedNanos - server.changedNanos() > ServerChecks.KNOWN_NANOS;
    }

    /** From here on everything may be otherwise. */
    void forget() {
        latest.clear();
    }
}
