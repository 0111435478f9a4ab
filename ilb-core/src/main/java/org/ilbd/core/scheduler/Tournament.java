package org.ilbd.core.scheduler;

import java.util.Arrays;

/**
 * The server with the smallest key, found without looking at all: a tree whose leaves are the servers and whose inner
 * nodes hold the smallest key of their children and how many leaves have it. A change of one server's key replays its path
 * towards the root, as far as it changes anything, and a selection goes down from the root to the leaf that the hash
 * picks: O(log n) both. Which of several equal ones is selected depends on the hash, so that the ILBs, which learn of each
 * other's selections only later, do not all hit the same one.
 *
 * <p><b>Shape.</b> Eight children to a node, side by side in one cache line: looking through eight costs less than the three
 * levels, each with a branch that nobody can predict, of a binary tree.
 *
 * <p><b>Memory.</b> 14 bytes for each server, and up to 400 bytes in all.
 */
final class Tournament {
    /** The key of a server that takes no part. */
    static final long OUT = Long.MAX_VALUE;

    private static final int CHILDREN_BITS = 3;
    private static final int CHILDREN = 1 << CHILDREN_BITS;

    /** Where each level starts in the arrays; the first are the leaves, the last has one node, the root. */
    private final int[] levels;

    private final long[] keys;
    private final int[] counts;

    /** One in which nobody takes part yet. */
    Tournament(int size) {
        int[] starts = new int[Integer.SIZE / CHILDREN_BITS + 2];
        int depth = 0;
        int nodes = Math.max(1, size);
        while (nodes > 1) {
            int blocks = (nodes + CHILDREN - 1) / CHILDREN;
            starts[depth + 1] = starts[depth] + blocks * CHILDREN;
            depth++;
            nodes = blocks;
        }
        levels = Arrays.copyOf(starts, depth + 1);
        keys = new long[levels[depth] + 1];
        counts = new int[levels[depth] + 1];
        Arrays.fill(keys, OUT);
        Arrays.fill(counts, 1);
    }

    /** Sets a key that counts after {@link #playAll} only. */
    void prepare(int position, long key) {
        keys[position] = key;
    }

    /** Makes all prepared keys count: O(n). */
    void playAll() {
        for (int level = 1; level < levels.length; level++) {
            int start = levels[level];
            int nodes = (start - levels[level - 1]) / CHILDREN;
            for (int node = 0; node < nodes; node++) {
                play(levels[level - 1] + node * CHILDREN, start + node);
            }
        }
    }

    /** Changes one key: O(log n). */
    void set(int position, long key) {
        long oldKey = keys[position];
        if (oldKey == key) {
            return;
        }
        keys[position] = key;
        long newKey = key;
        int oldCount = 1;
        int newCount = 1;
        int child = position;
        for (int level = 1; level < levels.length; level++) {
            int children = levels[level - 1] + (child & -CHILDREN);
            child >>= CHILDREN_BITS;
            int node = levels[level] + child;
            long nodeKey = keys[node];
            int nodeCount = counts[node];
            if (newKey < nodeKey) {
                keys[node] = newKey;
                counts[node] = newCount;
            } else {
                int count = nodeCount + (newKey == nodeKey ? newCount : 0) - (oldKey == nodeKey ? oldCount : 0);
                if (count == nodeCount) {
                    return;
                }
                counts[node] = count;
                if (count == 0) {
                    play(children, node);
                }
            }
            oldKey = nodeKey;
            oldCount = nodeCount;
            newKey = keys[node];
            newCount = counts[node];
        }
    }

    /** The key that was set last. */
    long key(int position) {
        return keys[position];
    }

    /** The position of one of the smallest, as the hash decides, or {@link Scheduler#NONE}. */
    int select(long hash) {
        int top = levels.length - 1;
        long key = keys[levels[top]];
        if (key == OUT) {
            return Scheduler.NONE;
        }
        int remaining = (int) Math.unsignedMultiplyHigh(hash, counts[levels[top]]);
        int node = 0;
        for (int level = top - 1; level >= 0; level--) {
            int child = levels[level] + (node << CHILDREN_BITS);
            while (true) {
                int count = keys[child] == key ? counts[child] : 0;
                if (remaining < count) {
                    break;
                }
                remaining -= count;
                child++;
            }
            node = child - levels[level];
        }
        return node;
    }

    /** Looks through all children of a node. */
    private void play(int children, int node) {
        long key = OUT;
        for (int i = children; i < children + CHILDREN; i++) {
            key = Math.min(key, keys[i]);
        }
        int count = 0;
        for (int i = children; i < children + CHILDREN; i++) {
            // All ones if the keys are equal, without a branch: which of them are, is as good as random.
            long difference = keys[i] ^ key;
            count += counts[i] & (int) ~((difference | -difference) >> 63);
        }
        keys[node] = key;
        counts[node] = count;
    }
}
