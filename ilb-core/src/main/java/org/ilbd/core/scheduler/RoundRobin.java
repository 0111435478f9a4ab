package org.ilbd.core.scheduler;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ilbd.core.packet.Endpoint;

/**
 * Servers take turns in proportion to their weights, each evenly spaced: stride scheduling (Waldspurger, Weihl: "Stride
 * Scheduling: Deterministic Proportional-Share Resource Management", MIT/LCS/TM-528, 1995). A server's turns are one gap
 * apart, its first comes after half a gap, gaps are inverse to weights, and the earliest turn of all is next; the lower
 * position of equal ones. The hash of the connection does not count; each ILB has its own sequence.
 *
 * <p>An update does not start again from the first server, which would get most of a quiet service that is updated
 * often: how much of its gap a server has waited carries over, so that nobody gets a burst either.
 *
 * <p><b>Cost.</b> A selection is O(log n) ({@link Tournament}), whatever the weights, an update O(n).
 *
 * <p><b>Memory.</b> 22 bytes for each server.
 */
public final class RoundRobin implements Scheduler {
    /** Of the heaviest server's gap; the others' are exact to 2^-16. */
    private static final int FRACTION_BITS = 16;
    /** Times are above the position in a key, so that no two are equal. */
    private static final int POSITION_BITS = 16;

    /** When times start again at 0, which costs O(n), after 2^17 turns or more. Gaps are up to 2^32, so times fit in 47 bits. */
    private static final long LATEST = 1L << 33;

    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    /** By position; 0 for one that has no turns. */
    private long[] gaps = {};

    private Tournament tournament = new Tournament(0);
    /** The time of the last turn. */
    private long now;

    RoundRobin() {}

    @Override
    public void update(ServerSet newServers) {
        int size = newServers.size();
        int[] previous = previousPositions(newServers);
        long heaviest = 0;
        for (int i = 0; i < size; i++) {
            heaviest = Math.max(heaviest, newServers.effectiveWeight(i));
        }
        long[] newGaps = new long[size];
        Tournament newTournament = new Tournament(size);
        for (int i = 0; i < size; i++) {
            int weight = newServers.effectiveWeight(i);
            if (weight > 0) {
                long gap = (heaviest << FRACTION_BITS) / weight;
                newGaps[i] = gap;
                newTournament.prepare(i, key(wait(previous[i], gap), i));
            }
        }
        newTournament.playAll();
        servers = newServers;
        gaps = newGaps;
        tournament = newTournament;
        now = 0;
    }

    @Override
    public int select(long connectionHash) {
        int position = tournament.select(0);
        if (position != NONE) {
            now = tournament.key(position) >>> POSITION_BITS;
            if (now > LATEST) {
                startAgain();
            }
            tournament.set(position, key(now + gaps[position], position));
        }
        return position;
    }

    /** How long a server has still to wait for its turn, out of a gap. */
    private long wait(int previous, long gap) {
        if (previous == NONE || gaps[previous] == 0) {
            return gap / 2;
        }
        long wait = (tournament.key(previous) >>> POSITION_BITS) - now;
        return gaps[previous] == gap ? wait : (long) ((double) wait / gaps[previous] * gap);
    }

    private void startAgain() {
        for (int i = 0; i < gaps.length; i++) {
            if (gaps[i] != 0) {
                tournament.prepare(i, tournament.key(i) - (now << POSITION_BITS));
            }
        }
        tournament.playAll();
        now = 0;
    }

    private int[] previousPositions(ServerSet newServers) {
        int[] previous = new int[newServers.size()];
        Map<Endpoint, Integer> positions = HashMap.newHashMap(newServers == servers ? 0 : servers.size());
        for (int i = 0; newServers != servers && i < servers.size(); i++) {
            positions.put(servers.endpoint(i), i);
        }
        for (int i = 0; i < previous.length; i++) {
            previous[i] = newServers == servers ? i : positions.getOrDefault(newServers.endpoint(i), NONE);
        }
        return previous;
    }

    private static long key(long time, int position) {
        return time << POSITION_BITS | position;
    }
}
