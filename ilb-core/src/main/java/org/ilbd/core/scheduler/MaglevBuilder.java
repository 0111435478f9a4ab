package org.ilbd.core.scheduler;

import java.util.Arrays;

/**
 * Fills Maglev tables. Holds the memory that this takes, so that one for each thread will do, and a table is made anew
 * without allocation.
 *
 * <p><b>Turns.</b> A server has its k-th turn (k = 0, 1, ...) at {@code (k + 1/2) x W / weight}, W being the sum of the
 * weights: evenly spaced, one turn of somebody for each unit of time; the first 65,537 turns of all are taken. This is
 * the method of Webster and Sainte-Laguë for the seats of a parliament, and each server's number of entries is its exact
 * share to within about one. Turns within the same unit of time go in the order of the endpoints: so they are sorted by
 * counting, in time that does not depend on how many different weights there are, and servers of equal weight simply take
 * turns, as in the paper.
 *
 * <p><b>The last entries.</b> A server that steps through its preferences until it meets a free entry takes {@code 65,537 /
 * free} steps on average. When few are free, it is faster to compute how far each of them is in the server's order, and take
 * the nearest: the same entry.
 *
 * <p><b>Memory.</b> 521 KiB, and 8 bytes for each server of the largest set.
 */
public final class MaglevBuilder {
    private static final int SIZE = Maglev.TABLE_SIZE;
    /** The n-th server's last turn is at most n/2 units of time after the end of the table. */
    private static final int UNITS = SIZE + ServerSet.MAX_SIZE / 2 + 1;
    /** Free entries from which on they are looked through: a look costs about as much as a step, and 256^2 = 65,536. */
    private static final int FEW = 256;

    private final int[] turnsBefore = new int[UNITS + 1];
    private final char[] turns = new char[SIZE];
    private final long[] taken = new long[(SIZE + Long.SIZE - 1) / Long.SIZE];
    private final int[] free = new int[FEW];
    private int[] entries = {};
    private int[] skips = {};

    /** One with room for the turns, but for no servers yet. */
    public MaglevBuilder() {}

    /** Makes room for sets of this size. */
    void reserve(int servers) {
        if (servers > entries.length) {
            entries = new int[servers];
            skips = new int[servers];
        }
    }

    /**
     * Fills a table. Allocates nothing.
     *
     * @return whether there was a server for it; if not, it is left as it was
     */
    boolean build(ServerSet servers, MaglevPreferences preferences, char[] table) {
        if (!takeTurns(servers, preferences)) {
            return false;
        }
        int size = servers.size();
        for (int i = 0; i < size; i++) {
            entries[i] = preferences.offset(i);
            skips[i] = preferences.skip(i);
        }
        Arrays.fill(taken, 0);
        for (int turn = 0; turn < SIZE - FEW; turn++) {
            int i = turns[turn];
            int skip = skips[i];
            int entry = entries[i];
            while ((taken[entry >> 6] >>> entry & 1) != 0) {
                entry += skip;
                entry -= entry >= SIZE ? SIZE : 0;
            }
            taken[entry >> 6] |= 1L << entry;
            table[entry] = (char) preferences.position(i);
            entries[i] = entry;
        }
        fillLast(preferences, table);
        return true;
    }

    private void fillLast(MaglevPreferences preferences, char[] table) {
        int count = 0;
        for (int entry = 0; entry < SIZE; entry++) {
            if ((taken[entry >> 6] >>> entry & 1) == 0) {
                free[count++] = entry;
            }
        }
        for (; count > 0; count--) {
            int i = turns[SIZE - count];
            int nearest = 0;
            int least = Integer.MAX_VALUE;
            for (int j = 0; j < count; j++) {
                int rank = preferences.rank(i, free[j], entries[i]);
                if (rank < least) {
                    least = rank;
                    nearest = j;
                }
            }
            table[free[nearest]] = (char) preferences.position(i);
            entries[i] = free[nearest];
            free[nearest] = free[count - 1];
        }
    }

    /** Writes who has each turn, as places in the order of the endpoints. */
    private boolean takeTurns(ServerSet servers, MaglevPreferences preferences) {
        int size = servers.size();
        long sum = 0;
        int listed = 0;
        for (int i = 0; i < size; i++) {
            int weight = servers.effectiveWeight(i);
            sum += weight;
            listed += weight > 0 ? 1 : 0;
        }
        if (sum == 0) {
            return false;
        }
        int units = SIZE + listed / 2 + 1;
        Arrays.fill(turnsBefore, 0, units + 1, 0);
        for (int i = 0; i < size; i++) {
            spread(i, servers.effectiveWeight(preferences.position(i)), sum, units, false);
        }
        for (int unit = 0; unit < units; unit++) {
            turnsBefore[unit + 1] += turnsBefore[unit];
        }
        for (int i = 0; i < size; i++) {
            spread(i, servers.effectiveWeight(preferences.position(i)), sum, units, true);
        }
        return true;
    }

    /**
     * Goes through the turns of the i-th server, and counts or places them. Times are exact, in units and in parts of {@code 1
     * / (2 weight)}.
     */
    private void spread(int i, int weight, long sum, int units, boolean place) {
        if (weight == 0) {
            return;
        }
        int parts = 2 * weight;
        int gap = (int) Math.min(sum / weight, units);
        int gapParts = 2 * (int) (sum % weight);
        int unit = (int) Math.min(sum / parts, units);
        int unitParts = (int) (sum % parts);
        while (unit < units) {
            if (place) {
                int turn = turnsBefore[unit]++;
                if (turn >= SIZE) {
                    return;
                }
                turns[turn] = (char) i;
            } else {
                turnsBefore[unit + 1]++;
            }
            unit += gap;
            unitParts += gapParts;
            if (unitParts >= parts) {
                unitParts -= parts;
                unit++;
            }
        }
    }
}
