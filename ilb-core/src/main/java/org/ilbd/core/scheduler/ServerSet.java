package org.ilbd.core.scheduler;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.ilbd.core.packet.Endpoint;

/**
 * The servers of one service as a scheduler sees them, at positions 0..size-1. Endpoints are fixed; weights,
 * availability, connections and loads change. Not safe for use by several threads.
 *
 * <p>Keeps a log of the positions whose connections or loads changed, a ring that is overwritten when full, so that any
 * number of schedulers can follow the changes at their own pace, and see that they have fallen too far behind.
 *
 * <p><b>Memory.</b> 21 bytes for each server besides its endpoint, and 4 to 8 for the log, whose length is a power of two.
 */
public final class ServerSet {
    /** The most servers of one service: a position fits in 16 bits. */
    public static final int MAX_SIZE = 65_535;
    /** The largest weight; with it, ratios of connections to weights are exact in 64 bits. */
    public static final int MAX_WEIGHT = 65_535;
    /** A server at the end of its strength. */
    public static final int MAX_LOAD = 1_000;
    /** The load of a server that has not reported one, or not for too long. */
    public static final int UNKNOWN = -1;

    private static final int MIN_LOG_LENGTH = 64;

    private final List<Endpoint> endpoints;
    private final int[] weights;
    private final boolean[] available;
    private final int[] connections;
    private final int[] limits;
    private final int[] loads;
    private final int[] connectionsAtReport;

    private final int[] log;
    private long logged;

    /**
     * A set in which every server is available, has no connections, and has not reported a load.
     *
     * @param weights for each endpoint, 0..{@link #MAX_WEIGHT}; 0 is never selected
     * @throws IllegalArgumentException if there are not as many weights as endpoints, an endpoint is there twice, a
     *     weight is out of range, or there are more than {@link #MAX_SIZE} servers
     */
    public ServerSet(List<Endpoint> endpoints, int[] weights) {
        if (endpoints.size() != weights.length) {
            throw new IllegalArgumentException(endpoints.size() + " endpoints but " + weights.length + " weights");
        }
        if (weights.length > MAX_SIZE) {
            throw new IllegalArgumentException(weights.length + " servers are more than " + MAX_SIZE);
        }
        HashSet<Endpoint> seen = new HashSet<>();
        for (Endpoint endpoint : endpoints) {
            if (!seen.add(endpoint)) {
                throw new IllegalArgumentException(endpoint + " is there twice");
            }
        }
        for (int weight : weights) {
            requireWeight(weight);
        }
        this.endpoints = List.copyOf(endpoints);
        this.weights = weights.clone();
        this.available = new boolean[weights.length];
        Arrays.fill(available, true);
        this.connections = new int[weights.length];
        this.limits = new int[weights.length];
        this.loads = new int[weights.length];
        Arrays.fill(loads, UNKNOWN);
        this.connectionsAtReport = new int[weights.length];
        this.log = new int[Math.max(MIN_LOG_LENGTH, Integer.highestOneBit(weights.length) * 2)];
    }

    /** The number of servers, available or not. */
    public int size() {
        return weights.length;
    }

    public Endpoint endpoint(int position) {
        return endpoints.get(position);
    }

    /** 0..{@link #MAX_WEIGHT}. */
    public int weight(int position) {
        return weights[position];
    }

    /**
     * Changes a server's share while it serves, as a slow start or an agent does. Schedulers see it at their next {@link
     * Scheduler#update}; each says what that costs.
     *
     * @param weight 0..{@link #MAX_WEIGHT}; 0 is never selected
     * @throws IllegalArgumentException if the weight is out of range
     */
    public void setWeight(int position, int weight) {
        requireWeight(weight);
        weights[position] = weight;
    }

    public boolean available(int position) {
        return available[position];
    }

    /** Schedulers see it at their next {@link Scheduler#update}. */
    public void setAvailable(int position, boolean available) {
        this.available[position] = available;
    }

    /** The server's connections in the whole cluster. */
    public int connections(int position) {
        return connections[position];
    }

    /** Schedulers see it at their next selection; 0..2^31-1. */
    public void setConnections(int position, int count) {
        if (connections[position] != count) {
            connections[position] = count;
            log(position);
        }
    }

    /** Connections at which the server gets no new ones; 0 for no limit. */
    int limit(int position) {
        return limits[position];
    }

    /** Seen at the next selection, by the schedulers that look at it; 0..2^31-1. */
    public void setLimit(int position, int limit) {
        limits[position] = limit;
    }

    boolean hasRoom(int position) {
        return limits[position] == 0 || connections[position] < limits[position];
    }

    /** What the server reported last, 0..{@link #MAX_LOAD} per mille, or {@link #UNKNOWN}. */
    public int load(int position) {
        return loads[position];
    }

    /**
     * Takes a report of a server's load, normalised, so that the same figure means the same on a small and on a large host.
     * Schedulers see it at their next selection. To be called once for each report, also if it says the same as the one
     * before, and not again when the same report is heard of once more: connections from now on count as not yet in it.
     *
     * @param perMille 0..{@link #MAX_LOAD}, or {@link #UNKNOWN}
     * @throws IllegalArgumentException if the load is out of range
     */
    public void setLoad(int position, int perMille) {
        if (perMille < UNKNOWN || perMille > MAX_LOAD) {
            throw new IllegalArgumentException("load " + perMille + " is not in 0.." + MAX_LOAD);
        }
        loads[position] = perMille;
        connectionsAtReport[position] = connections[position];
        log(position);
    }

    /** The server's connections when its load was set. */
    int connectionsAtReport(int position) {
        return connectionsAtReport[position];
    }

    /** The weight of a server that is available, otherwise 0. */
    int effectiveWeight(int position) {
        return available[position] ? weights[position] : 0;
    }

    void copyEffectiveWeights(int[] into) {
        for (int i = 0; i < into.length; i++) {
            into[i] = effectiveWeight(i);
        }
    }

    /** How many changes of connections and loads have been logged. */
    long logged() {
        return logged;
    }

    /** How many of the latest changes are still in the log. */
    int logLength() {
        return log.length;
    }

    /** The position that a change was about, one of the latest {@link #logLength}. */
    int logged(long change) {
        return log[(int) change & log.length - 1];
    }

    private void log(int position) {
        log[(int) logged++ & log.length - 1] = position;
    }

    private static void requireWeight(int weight) {
        if (weight < 0 || weight > MAX_WEIGHT) {
            throw new IllegalArgumentException("weight " + weight + " is not in 0.." + MAX_WEIGHT);
        }
    }
}
