package org.ilbd.core.scheduler;

import java.util.List;

/**
 * The server with the fewest connections for its weight: the smallest {@code (connections + 1) / weight}, counting
 * the connections of the whole cluster (weighted least-connections: Zhang, "Linux Virtual Server for Scalable Network
 * Services", Ottawa Linux Symposium 2000). Which of several equal ones is selected depends on the connection's hash.
 *
 * <p><b>Structure.</b> A {@link Tournament}, which takes changes of connections from the set's log at the next selection:
 * O(log n) for each. An update costs O(n).
 *
 * <p><b>Load.</b> {@code (connections + 1) x 2^32 / weight}, rounded down: exact as an order, because two different
 * fractions with denominators below 2^16 are more than 2^-32 apart, and equal ones round alike.
 *
 * <p><b>Memory.</b> 18 bytes for each server.
 */
public final class LeastConnections implements Scheduler {
    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private int[] weights = {};
    private Tournament tournament = new Tournament(0);
    private long seen;

    LeastConnections() {}

    @Override
    public void update(ServerSet newServers) {
        if (newServers.size() != weights.length) {
            weights = new int[newServers.size()];
            tournament = new Tournament(weights.length);
        }
        servers = newServers;
        servers.copyEffectiveWeights(weights);
        rebuild();
    }

    @Override
    public int select(long connectionHash) {
        if (seen != servers.logged()) {
            catchUp();
        }
        return tournament.select(connectionHash);
    }

    private void catchUp() {
        long logged = servers.logged();
        if (logged - seen > servers.logLength()) {
            rebuild();
            return;
        }
        for (; seen < logged; seen++) {
            int position = servers.logged(seen);
            tournament.set(position, key(position));
        }
    }

    private void rebuild() {
        for (int i = 0; i < weights.length; i++) {
            tournament.prepare(i, key(i));
        }
        tournament.playAll();
        seen = servers.logged();
    }

    private long key(int position) {
        int weight = weights[position];
        return weight > 0
                ? ((Math.min(servers.connections(position), Integer.MAX_VALUE - 1) + 1L) << 32) / weight
                : Tournament.OUT;
    }
}
