package org.ilbd.core.scheduler;

import java.util.HashMap;
import java.util.Map;
import org.ilbd.core.packet.Endpoint;

/**
 * Servers take turns in proportion to their weights, as evenly spread as they go ({@link SmoothSequence}). The hash
 * of the connection does not count; each ILB has its own sequence.
 *
 * <p>An update does not start again from the first server, which would get most of a quiet service that is updated
 * often: what a server is ahead or behind carries over, in proportion to the sum of the weights, so that nobody gets
 * a burst either.
 */
public final class RoundRobin implements Scheduler {
    private Map<Endpoint, Integer> positions = Map.of();
    private int[] weights = {};
    private SmoothSequence sequence = SmoothSequence.EMPTY;

    RoundRobin() {}

    @Override
    public void update(ServerSet servers) {
        int size = servers.size();
        Map<Endpoint, Integer> newPositions = HashMap.newHashMap(size);
        int[] newWeights = new int[size];
        long newTotal = 0;
        for (int i = 0; i < size; i++) {
            newPositions.put(servers.endpoint(i), i);
            newWeights[i] = servers.effectiveWeight(i);
            newTotal += newWeights[i];
        }
        long[] credits = new long[size];
        long oldTotal = Math.max(1, sequence.totalWeight());
        for (int i = 0; i < size; i++) {
            Integer old = positions.get(servers.endpoint(i));
            if (old != null && newWeights[i] > 0) {
                credits[i] = sequence.credit(old, weights[old]) * newTotal / oldTotal;
            }
        }
        positions = newPositions;
        weights = newWeights;
        sequence = new SmoothSequence(newWeights, credits);
    }

    @Override
    public int select(long connectionHash) {
        return sequence.next();
    }
}
