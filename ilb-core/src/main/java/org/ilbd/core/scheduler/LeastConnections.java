package org.ilbd.core.scheduler;

import java.util.List;

/**
 * The server with the fewest connections for its weight: the smallest {@code (connections + 1) / weight}, counting
 * the connections of the whole cluster. Which of several equal ones is selected depends on the connection's hash, so
 * that the ILBs, which learn of each other's selections only later, do not all hit the same one.
 *
 * <p><b>Structure.</b> A tournament: a complete binary tree whose leaves are the servers and whose inner nodes hold
 * the smaller load of their two children and how many leaves have it. A change of one server's connections replays
 * its path towards the root, as far as it changes anything, and a selection goes down from the root to the leaf that
 * the hash picks: O(log n) both. Changes are taken from the set's log at the next selection.
 *
 * <p><b>Load.</b> {@code (connections + 1) x 2^32 / weight}, rounded down: exact as an order, because two different
 * fractions with denominators below 2^16 are more than 2^-32 apart, and equal ones round alike.
 */
public final class LeastConnections implements Scheduler {
    private static final long UNAVAILABLE = Long.MAX_VALUE;

    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private int[] weights = {};
    /**
     * The first leaf: a power of two, at least the number of servers. The root is 1, the children of i are 2i and
     * 2i+1.
     */
    private int leaves = 1;

    private long[] loads = {UNAVAILABLE, UNAVAILABLE};
    private int[] counts = {0, 0};
    private long seen;

    LeastConnections() {}

    @Override
    public void update(ServerSet servers) {
        this.servers = servers;
        int size = servers.size();
        weights = new int[size];
        for (int i = 0; i < size; i++) {
            weights[i] = servers.effectiveWeight(i);
        }
        leaves = size <= 1 ? 1 : Integer.highestOneBit(size - 1) * 2;
        loads = new long[2 * leaves];
        counts = new int[2 * leaves];
        rebuild();
    }

    @Override
    public int select(long connectionHash) {
        if (seen != servers.logged()) {
            catchUp();
        }
        long load = loads[1];
        if (load == UNAVAILABLE) {
            return NONE;
        }
        int remaining = (int) Math.unsignedMultiplyHigh(connectionHash, counts[1]);
        int node = 1;
        while (node < leaves) {
            node *= 2;
            int left = loads[node] == load ? counts[node] : 0;
            if (remaining >= left) {
                remaining -= left;
                node++;
            }
        }
        return node - leaves;
    }

    private void catchUp() {
        long logged = servers.logged();
        if (logged - seen > servers.logLength()) {
            rebuild();
            return;
        }
        for (; seen < logged; seen++) {
            int position = servers.logged(seen);
            setLeaf(position);
            int node = (leaves + position) / 2;
            while (node >= 1 && play(node)) {
                node /= 2;
            }
        }
    }

    private void rebuild() {
        for (int i = 0; i < leaves; i++) {
            setLeaf(i);
        }
        for (int node = leaves - 1; node >= 1; node--) {
            play(node);
        }
        seen = servers.logged();
    }

    private void setLeaf(int position) {
        int weight = position < weights.length ? weights[position] : 0;
        loads[leaves + position] = weight > 0 ? load(servers.connections(position), weight) : UNAVAILABLE;
        counts[leaves + position] = 1;
    }

    /** Returns whether the node's result changed, so that its parent has to be played again. */
    private boolean play(int node) {
        long left = loads[2 * node];
        long right = loads[2 * node + 1];
        long load = Math.min(left, right);
        int count = (left <= right ? counts[2 * node] : 0) + (right <= left ? counts[2 * node + 1] : 0);
        boolean changed = loads[node] != load || counts[node] != count;
        loads[node] = load;
        counts[node] = count;
        return changed;
    }

    private static long load(int connections, int weight) {
        return ((Math.min(connections, Integer.MAX_VALUE - 1) + 1L) << 32) / weight;
    }
}
