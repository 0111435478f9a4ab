package org.ilbd.core.scheduler;

/**
 * The server with the smallest key, found without looking at all: a complete binary tree whose leaves are the servers
 * and whose inner nodes hold the smaller key of their two children and how many leaves have it. A change of one server's
 * key replays its path towards the root, as far as it changes anything, and a selection goes down from the root to the
 * leaf that the hash picks: O(log n) both. Which of several equal ones is selected depends on the hash, so that the ILBs,
 * which learn of each other's selections only later, do not all hit the same one.
 *
 * <p><b>Memory.</b> 24 to 48 bytes for each server: two nodes of 12 for each leaf, and the leaves are a power of two.
 */
final class Tournament {
    /** The key of a server that takes no part. */
    static final long OUT = Long.MAX_VALUE;

    /**
     * The first leaf: a power of two, at least the number of servers. The root is 1, the children of i are 2i and
     * 2i+1.
     */
    private final int leaves;

    private final long[] keys;
    private final int[] counts;

    /** One in which nobody takes part yet. */
    Tournament(int size) {
        leaves = size <= 1 ? 1 : Integer.highestOneBit(size - 1) * 2;
        keys = new long[2 * leaves];
        counts = new int[2 * leaves];
        for (int i = 0; i < leaves; i++) {
            prepare(i, OUT);
        }
        playAll();
    }

    /** Sets a key that counts after {@link #playAll} only. */
    void prepare(int position, long key) {
        keys[leaves + position] = key;
        counts[leaves + position] = 1;
    }

    /** Makes all prepared keys count: O(n). */
    void playAll() {
        for (int node = leaves - 1; node >= 1; node--) {
            play(node);
        }
    }

    /** Changes one key: O(log n). */
    void set(int position, long key) {
        if (keys[leaves + position] == key) {
            return;
        }
        keys[leaves + position] = key;
        int node = (leaves + position) / 2;
        while (node >= 1 && play(node)) {
            node /= 2;
        }
    }

    /** The position of one of the smallest, as the hash decides, or {@link Scheduler#NONE}. */
    int select(long hash) {
        long key = keys[1];
        if (key == OUT) {
            return Scheduler.NONE;
        }
        int remaining = (int) Math.unsignedMultiplyHigh(hash, counts[1]);
        int node = 1;
        while (node < leaves) {
            node *= 2;
            int left = keys[node] == key ? counts[node] : 0;
            if (remaining >= left) {
                remaining -= left;
                node++;
            }
        }
        return node - leaves;
    }

    /** Returns whether the node's result changed, so that its parent has to be played again. */
    private boolean play(int node) {
        long left = keys[2 * node];
        long right = keys[2 * node + 1];
        long key = Math.min(left, right);
        int count = (left <= right ? counts[2 * node] : 0) + (right <= left ? counts[2 * node + 1] : 0);
        boolean changed = keys[node] != key || counts[node] != count;
        keys[node] = key;
        counts[node] = count;
        return changed;
    }
}
