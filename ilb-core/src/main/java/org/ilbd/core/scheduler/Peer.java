package org.ilbd.core.scheduler;

import java.util.List;

/**
 * Servers that are ILBs too: the host that a connection reaches serves it, unless it is loaded above a threshold and the least
 * loaded other one by so much less that passing the connection on is worth while.
 *
 * <p><b>Who can take one.</b> A server whose load is known: loads go round all the time, so they are the sign of life. Servers without one
 * are selected only where none has one, by the fewest connections for their weight. Whether to pass a connection on is for the reported loads to say;
 * to whom, for the loads with what has come since: each connection more than at the report counts as what one cost then, so
 * that not all of them hit the same host until the next report. Where that leaves nobody, the lowest report counts.
 *
 * <p><b>Cost.</b> A connection that is kept costs one comparison; one that is passed on, a report and a change of connections
 * O(log n) ({@link Tournament}); an update O(n).
 *
 * <p><b>Memory.</b> 32 bytes for each server.
 */
public final class Peer implements Scheduler {
    /** Loads are kept in 2^-10 per mille. */
    private static final int FRACTION_BITS = 10;
    /** Behind every load that is known, whatever has come since. */
    private static final long UNKNOWN = 1L << 48;

    private static final long MAX_KNOWN = UNKNOWN - 1;
    private static final long MAX_UNKNOWN = 1L << 46;

    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private int[] weights = {};
    /** By the loads with what has come since. */
    private Tournament expected = new Tournament(0);
    /** By the loads as reported. */
    private Tournament reported = new Tournament(0);

    private long seen;
    private int keepBelow;
    private int passDifference;

    /** With the default thresholds. */
    Peer() {
        setThresholds(PeerThresholds.DEFAULT);
    }

    /** Counts from the next selection on. */
    public void setThresholds(PeerThresholds thresholds) {
        keepBelow = thresholds.keepBelow();
        passDifference = thresholds.passDifference();
    }

    @Override
    public void update(ServerSet newServers) {
        int size = newServers.size();
        if (size != weights.length) {
            weights = new int[size];
            expected = new Tournament(size);
            reported = new Tournament(size);
        }
        servers = newServers;
        servers.copyEffectiveWeights(weights);
        setAll();
    }

    /** The least loaded: for a connection that has reached a host without a server. */
    @Override
    public int select(long connectionHash) {
        if (seen != servers.logged()) {
            catchUp();
        }
        return expected.select(connectionHash);
    }

    /**
     * Selects for a connection that has reached a host with a server.
     *
     * @param reached the server's position, or {@link #NONE} if there is none
     */
    public int select(long connectionHash, int reached) {
        if (reached == NONE || weights[reached] == 0) {
            return select(connectionHash);
        }
        int load = servers.load(reached);
        if (load <= keepBelow) {
            return reached;
        }
        int least = select(connectionHash);
        if (isWorthWhile(load, least)) {
            return least;
        }
        int lowest = reported.select(connectionHash);
        return isWorthWhile(load, lowest) ? lowest : reached;
    }

    private boolean isWorthWhile(int load, int other) {
        int otherLoad = servers.load(other);
        return otherLoad != ServerSet.UNKNOWN && load - otherLoad >= passDifference;
    }

    private void catchUp() {
        long logged = servers.logged();
        if (logged - seen > servers.logLength()) {
            setAll();
            return;
        }
        for (; seen < logged; seen++) {
            int position = servers.logged(seen);
            expected.set(position, key(position));
            reported.set(position, reportedKey(position));
        }
    }

    private void setAll() {
        for (int i = 0; i < weights.length; i++) {
            expected.prepare(i, key(i));
            reported.prepare(i, reportedKey(i));
        }
        expected.playAll();
        reported.playAll();
        seen = servers.logged();
    }

    private long reportedKey(int position) {
        int load = servers.load(position);
        return weights[position] == 0 ? Tournament.OUT : load == ServerSet.UNKNOWN ? UNKNOWN : load;
    }

    private long key(int position) {
        int weight = weights[position];
        if (weight == 0) {
            return Tournament.OUT;
        }
        int load = servers.load(position);
        int connections = servers.connections(position);
        if (load == ServerSet.UNKNOWN) {
            return UNKNOWN + Math.min(MAX_UNKNOWN, ((long) connections << FRACTION_BITS) / weight);
        }
        int atReport = servers.connectionsAtReport(position);
        if (connections <= atReport) {
            return (long) load << FRACTION_BITS;
        }
        // With one per mille and one connection more: an idle one has a cost too.
        long cost = ((load + 1L) << FRACTION_BITS) / (atReport + 1L);
        return Math.min(MAX_KNOWN, ((long) load << FRACTION_BITS) + (connections - atReport) * cost);
    }
}
