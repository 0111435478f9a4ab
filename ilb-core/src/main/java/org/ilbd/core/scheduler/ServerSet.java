package org.ilbd.core.scheduler;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.ilbd.core.packet.Endpoint;

/**
 * The servers of one service as a scheduler sees them, at positions 0..size-1. Endpoints and weights are fixed;
 * availability and connections change. Not safe for use by several threads.
 *
 * <p>Keeps a log of the positions whose connections changed, a ring that is overwritten when full, so that any number
 * of schedulers can follow the changes at their own pace, and see that they have fallen too far behind.
 */
public final class ServerSet {
    /** The most servers of one service: a position fits in 16 bits. */
    public static final int MAX_SIZE = 65_535;
    /** The largest weight; with it, ratios of connections to weights are exact in 64 bits. */
    public static final int MAX_WEIGHT = 65_535;

    private static final int MIN_LOG_LENGTH = 64;

    private final List<Endpoint> endpoints;
    private final int[] weights;
    private final boolean[] available;
    private final int[] connections;

    private final int[] log;
    private long logged;

    /**
     * A set in which every server is available and has no connections.
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
            if (weight < 0 || weight > MAX_WEIGHT) {
                throw new IllegalArgumentException("weight " + weight + " is not in 0.." + MAX_WEIGHT);
            }
        }
        this.endpoints = List.copyOf(endpoints);
        this.weights = weights.clone();
        this.available = new boolean[weights.length];
        Arrays.fill(available, true);
        this.connections = new int[weights.length];
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
            log[(int) logged++ & log.length - 1] = position;
        }
    }

    /** The weight of a server that is available, otherwise 0. */
    int effectiveWeight(int position) {
        return available[position] ? weights[position] : 0;
    }

    /** How many changes of connections have been logged. */
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
}
