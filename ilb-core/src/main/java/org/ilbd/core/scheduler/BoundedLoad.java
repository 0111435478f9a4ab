package org.ilbd.core.scheduler;

import java.util.List;

/**
 * Consistent hashing, but no server gets more than its part of the connections times a factor (Mirrokni, Thorup,
 * Zadimoghaddam: "Consistent Hashing with Bounded Loads", SODA 2018; HAProxy's {@code hash-balance-factor}). A connection
 * goes to its server of the {@link Maglev} table, or if that is at its bound, to that of the next entry whose server isn't.
 *
 * <p><b>Bound.</b> {@code ceil(factor x (m + 1) x weight / W)} connections, this one included: m are the connections in the whole
 * cluster to the servers that may be selected, W is the sum of their weights. Some server is always below it. It binds
 * selections: a server that has more when others close theirs keeps what it has.
 *
 * <p><b>Agreement.</b> All ILBs that count alike select alike.
 *
 * <p><b>Cost.</b> The servers below the bound have at least {@code 1 - 1 / factor} of the weight, and neighbouring entries
 * have nothing to do with each other, so a selection looks at {@code factor / (factor - 1)} entries on average at most: 5
 * with the default. An update is the table's, and O(n).
 *
 * <p><b>Memory.</b> 8 bytes for each server besides the table.
 */
public final class BoundedLoad implements Scheduler {
    /** A server gets at most a quarter more than its part: the smaller, the more connections move when others come. */
    public static final double DEFAULT_FACTOR = 1.25;
    /** A selection looks at 20 entries on average at most. */
    public static final double MIN_FACTOR = 1.05;
    /** From here on nothing is bounded, in practice. */
    public static final double MAX_FACTOR = 100;

    private final Maglev table;
    private final double factor;
    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private int[] weights = {};
    private double weightSum;
    /** By position: what is in the sum. */
    private int[] counted = {};

    private long connections;
    private long seen;

    /** @throws IllegalArgumentException if the factor is not in {@link #MIN_FACTOR}..{@link #MAX_FACTOR} */
    BoundedLoad(Maglev table, double factor) {
        if (!(factor >= MIN_FACTOR && factor <= MAX_FACTOR)) {
            throw new IllegalArgumentException("factor " + factor + " is not in " + MIN_FACTOR + ".." + MAX_FACTOR);
        }
        this.table = table;
        this.factor = factor;
    }

    @Override
    public void update(ServerSet newServers) {
        table.update(newServers);
        if (newServers.size() != weights.length) {
            weights = new int[newServers.size()];
            counted = new int[weights.length];
        }
        servers = newServers;
        servers.copyEffectiveWeights(weights);
        weightSum = 0;
        for (int weight : weights) {
            weightSum += weight;
        }
        countAll();
    }

    @Override
    public int select(long connectionHash) {
        int preferred = table.select(connectionHash);
        if (preferred == NONE) {
            return NONE;
        }
        if (seen != servers.logged()) {
            catchUp();
        }
        double bound = factor * (connections + 1) / weightSum;
        int entry = Maglev.entry(connectionHash);
        int position = preferred;
        for (int looked = 1; !isBelow(position, bound); looked++) {
            if (looked == Maglev.TABLE_SIZE) {
                // Those below their bound are too light for an entry.
                return preferred;
            }
            entry = entry + 1 == Maglev.TABLE_SIZE ? 0 : entry + 1;
            position = table.at(entry);
        }
        return position;
    }

    /** Whether one connection more is within the bound: {@code connections + 1 <= ceil(x)} is {@code connections < x}. */
    private boolean isBelow(int position, double boundByWeight) {
        return servers.connections(position) < boundByWeight * weights[position];
    }

    private void catchUp() {
        long logged = servers.logged();
        if (logged - seen > servers.logLength()) {
            countAll();
            return;
        }
        for (; seen < logged; seen++) {
            count(servers.logged(seen));
        }
    }

    private void countAll() {
        connections = 0;
        for (int i = 0; i < weights.length; i++) {
            counted[i] = 0;
            count(i);
        }
        seen = servers.logged();
    }

    private void count(int position) {
        if (weights[position] > 0) {
            int now = servers.connections(position);
            connections += now - counted[position];
            counted[position] = now;
        }
    }
}
