package org.ilbd.core.scheduler;

import java.util.Arrays;

/**
 * Turns in proportion to weights, spread as evenly as they go: the smooth weighted round-robin of nginx, in which
 * each turn adds its weight to every server's credit, goes to the largest credit (the lower position of equal ones),
 * and takes the sum of the weights from that.
 *
 * <p><b>Groups.</b> Credits of servers with the same weight rise together, so their order changes only when one of
 * them has its turn: it then has the smallest credit of the group, or close to it. So each group is a ring, its head
 * the only candidate, and a turn costs O(number of different weights), not O(servers). A credit is kept as {@code
 * base + turns x weight}; the products stay far from 2^63 for as long as a machine lives.
 */
final class SmoothSequence {
    /** A sequence without servers. */
    static final SmoothSequence EMPTY = new SmoothSequence(new int[0], new long[0]);

    private final long totalWeight;
    /** By position. */
    private final long[] bases;
    /** The positions, group by group, each group in order of credit from its head, around. */
    private final int[] rings;

    /**
     * By group: its weight, where its ring starts and how long it is, the head within the ring, and the head's base.
     */
    private final long[] groupWeights;

    private final int[] groupStarts;
    private final int[] groupLengths;
    private final int[] groupHeads;
    private final long[] headBases;

    private long turns;

    /**
     * A sequence that starts with the given credits.
     *
     * @param weights by position; 0 never has a turn
     * @param credits by position, each between minus and plus the sum of the weights; 0 for a fresh start
     */
    SmoothSequence(int[] weights, long[] credits) {
        bases = credits.clone();
        long[] order = new long[weights.length];
        int size = 0;
        long total = 0;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                order[size++] = i;
                total += weights[i];
            }
        }
        totalWeight = total;
        rings = Arrays.stream(order, 0, size)
                .boxed()
                .map(Long::intValue)
                .sorted((a, b) -> weights[a] != weights[b]
                        ? Integer.compare(weights[b], weights[a])
                        : bases[a] != bases[b] ? Long.compare(bases[b], bases[a]) : Integer.compare(a, b))
                .mapToInt(Integer::intValue)
                .toArray();
        int groups = (int) Arrays.stream(rings).map(i -> weights[i]).distinct().count();
        groupWeights = new long[groups];
        groupStarts = new int[groups];
        groupLengths = new int[groups];
        groupHeads = new int[groups];
        headBases = new long[groups];
        int group = -1;
        for (int i = 0; i < size; i++) {
            int weight = weights[rings[i]];
            if (group < 0 || groupWeights[group] != weight) {
                group++;
                groupWeights[group] = weight;
                groupStarts[group] = i;
                headBases[group] = bases[rings[i]];
            }
            groupLengths[group]++;
        }
    }

    /** The position whose turn it is, or {@link Scheduler#NONE} when there is no server. Allocates nothing. */
    int next() {
        int groups = groupWeights.length;
        if (groups == 0) {
            return Scheduler.NONE;
        }
        turns++;
        int best = 0;
        long bestCredit = headBases[0] + turns * groupWeights[0];
        for (int group = 1; group < groups; group++) {
            long credit = headBases[group] + turns * groupWeights[group];
            if (credit >= bestCredit && (credit > bestCredit || head(group) < head(best))) {
                best = group;
                bestCredit = credit;
            }
        }
        int position = head(best);
        bases[position] -= totalWeight;
        requeue(best, position);
        return position;
    }

    /**
     * The credit of a server, with which a later sequence may go on; 0 where it has no weight here and had none to
     * begin with.
     */
    long credit(int position, int weight) {
        return bases[position] + turns * weight;
    }

    long totalWeight() {
        return totalWeight;
    }

    private int head(int group) {
        return rings[groupStarts[group] + groupHeads[group]];
    }

    /** Moves the head of a ring to its end, and from there forward while those in front have less credit. */
    private void requeue(int group, int position) {
        int start = groupStarts[group];
        int length = groupLengths[group];
        int slot = groupHeads[group];
        int head = slot + 1 == length ? 0 : slot + 1;
        groupHeads[group] = head;
        while (slot != head) {
            int previousSlot = slot == 0 ? length - 1 : slot - 1;
            int previous = rings[start + previousSlot];
            if (bases[previous] > bases[position] || (bases[previous] == bases[position] && previous < position)) {
                break;
            }
            rings[start + slot] = previous;
            slot = previousSlot;
        }
        rings[start + slot] = position;
        headBases[group] = bases[rings[start + head]];
    }
}
