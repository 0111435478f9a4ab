package org.ilbd.core.scheduler;

import java.util.List;

/**
 * The server with the smallest load, as the servers report it; of equally loaded ones the heaviest, and of those the one
 * that the connection's hash picks.
 *
 * <p><b>Between reports.</b> A report is old news soon, and whoever follows old news sends everything to the same server
 * until the next report (Mitzenmacher: "How Useful Is Old Information?", IEEE TPDS 11(1), 2000). So a load is
 * interpreted (Dahlin: "Interpreting Stale Load Information", IEEE TPDS 11(10), 2000): each connection that a server has
 * more than it had at its report counts as what one costs, which is the greater of
 * <ul>
 *   <li>what one costs at this server: its load by its connections at the report, and
 *   <li>what one costs on average at all that report, so that one which has just started is not flooded;
 * </ul>
 * and that times the largest weight by its own, so that a server in its slow start fills up sooner. A load that is
 * reported already is not divided by the weight: it is relative to the server's own strength.
 *
 * <p><b>No report.</b> A server without one counts as loaded as its connections would load the average that reports; in
 * proportion to the weight. Where none reports, that is the fewest connections for the weight. So it is neither starved
 * nor flooded, just as a server whose agent is silent keeps its share with HAProxy.
 *
 * <p><b>Cost.</b> A selection, a change of connections and a report cost O(log n) ({@link Tournament}); an update O(n), and so
 * do the reports between two selections together, while some available servers report and others don't.
 *
 * <p><b>Memory.</b> 30 bytes for each server.
 */
public final class LeastLoad implements Scheduler {
    /** Loads are kept in 2^-10 per mille. */
    private static final int FRACTION_BITS = 10;
    /** Loads fit in 46 bits, so that the weight fits in the key behind them. */
    private static final long MAX_ESTIMATE = (1L << 46) - 1;
    /** Costs fit in 30 bits, so that one times a number of connections fits in 62. */
    private static final long MAX_COST = (1L << 30) - 1;

    private static final int WEIGHT_BITS = 16;
    private static final long COST_WITHOUT_REPORTS = 1L << FRACTION_BITS;

    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private int[] weights = {};
    private int heaviest;
    private Tournament tournament = new Tournament(0);
    private long seen;

    /** Of the available servers: how many there are, and what {@link #averageCost} is made of. */
    private int available;

    private int reporting;
    private long loadSum;
    private long connectionsSum;
    private long averageCost = COST_WITHOUT_REPORTS;
    /** By position: the report that is in the sums. */
    private int[] loads = {};

    private int[] connectionsAtReport = {};
    /** What a connection costs there by its report: the quotient is not made anew with each connection. */
    private int[] costs = {};

    LeastLoad() {}

    @Override
    public void update(ServerSet newServers) {
        int size = newServers.size();
        if (size != weights.length) {
            weights = new int[size];
            loads = new int[size];
            connectionsAtReport = new int[size];
            costs = new int[size];
            tournament = new Tournament(size);
        }
        servers = newServers;
        servers.copyEffectiveWeights(weights);
        heaviest = 0;
        available = 0;
        for (int weight : weights) {
            heaviest = Math.max(heaviest, weight);
            available += weight > 0 ? 1 : 0;
        }
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
        boolean reported = false;
        for (long change = seen; change < logged; change++) {
            reported |= takeReport(servers.logged(change));
        }
        if (reported && reporting < available) {
            setAll();
        } else {
            for (; seen < logged; seen++) {
                int position = servers.logged(seen);
                tournament.set(position, key(position));
            }
        }
    }

    private void rebuild() {
        reporting = 0;
        loadSum = 0;
        connectionsSum = 0;
        averageCost = COST_WITHOUT_REPORTS;
        for (int i = 0; i < weights.length; i++) {
            loads[i] = ServerSet.UNKNOWN;
            takeReport(i);
        }
        setAll();
    }

    private void setAll() {
        for (int i = 0; i < weights.length; i++) {
            tournament.prepare(i, key(i));
        }
        tournament.playAll();
        seen = servers.logged();
    }

    /** Brings the sums up to date with one server; returns whether there was anything new. */
    private boolean takeReport(int position) {
        int load = servers.load(position);
        int atReport = servers.connectionsAtReport(position);
        if (weights[position] == 0 || (loads[position] == load && connectionsAtReport[position] == atReport)) {
            return false;
        }
        if (loads[position] != ServerSet.UNKNOWN) {
            reporting--;
            loadSum -= loads[position];
            connectionsSum -= connectionsAtReport[position];
        }
        loads[position] = load;
        connectionsAtReport[position] = atReport;
        if (load != ServerSet.UNKNOWN) {
            reporting++;
            loadSum += load;
            connectionsSum += atReport;
            costs[position] = (int) cost(load, atReport, 1);
        }
        averageCost = reporting == 0 ? COST_WITHOUT_REPORTS : cost(loadSum, connectionsSum, reporting);
        return true;
    }

    private long key(int position) {
        int weight = weights[position];
        if (weight == 0) {
            return Tournament.OUT;
        }
        int load = loads[position];
        int atReport = connectionsAtReport[position];
        int connections = servers.connections(position);
        long estimate;
        if (load == ServerSet.UNKNOWN) {
            estimate = connections * weighted(averageCost, weight);
        } else if (connections > atReport) {
            long cost = Math.max(costs[position], averageCost);
            estimate = ((long) load << FRACTION_BITS) + (connections - atReport) * weighted(cost, weight);
        } else {
            estimate = (long) load << FRACTION_BITS;
        }
        return Math.min(estimate, MAX_ESTIMATE) << WEIGHT_BITS | (ServerSet.MAX_WEIGHT - weight);
    }

    /** What a connection costs, with one per mille and one connection more for each server: an idle one has a cost too. */
    private static long cost(long load, long connections, int servers) {
        return ((load + servers) << FRACTION_BITS) / (connections + servers);
    }

    private long weighted(long cost, int weight) {
        return Math.clamp(weight == heaviest ? cost : cost * heaviest / weight, 1, MAX_COST);
    }
}
