package org.ilbd.core.engine;

import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;

/**
 * What an engine is made from. All ILBs of a cluster need the same ownership mode, seed, keys and services.
 *
 * @param incarnation greater at every start of the process
 * @param ownershipSeed cluster-wide
 * @param bind address and port of this ILB's messages
 * @param peers the other ILBs' addresses; empty with multicast or for a single ILB
 * @param multicast the group that ID messages go to, instead of {@code peers}
 * @param keys none, or the cluster key, or two during a rotation: the first signs, both verify
 * @param established room for established and closing associations
 * @param halfOpen room for half-open associations
 * @param clients room for clients of services with affinity, each with the server of its connections
 * @param cacheCapacity room for associations of others
 * @param tableKey0 first half of the secret that keys the tables' hashes
 * @param tableKey1 second half of it
 */
public record EngineConfig(
        IlbId id,
        long incarnation,
        OwnershipMode ownership,
        long ownershipSeed,
        Endpoint bind,
        List<Endpoint> peers,
        Optional<Endpoint> multicast,
        long heartbeatIntervalNanos,
        long failureTimeoutNanos,
        List<byte[]> keys,
        int established,
        int halfOpen,
        int clients,
        int halfOpenTimeoutMillis,
        int establishedTimeoutMillis,
        int closingTimeoutMillis,
        CacheFill cacheFill,
        int cacheCapacity,
        int cacheTimeoutMillis,
        long tableKey0,
        long tableKey1,
        List<ServiceConfig> services) {
    /** Copies the lists. */
    public EngineConfig {
        peers = List.copyOf(peers);
        keys = List.copyOf(keys);
        services = List.copyOf(services);
    }
}
