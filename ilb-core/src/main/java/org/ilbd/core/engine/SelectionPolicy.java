package org.ilbd.core.engine;

import org.ilbd.core.protocol.IdMessage;

/**
 * Who selects a service's servers for new connections, and what counts before the scheduler.
 *
 * @param masterTimeoutNanos after which an owner, whom the master has not answered, selects by itself; more than 0
 * @param overload the load of an owner's host, 0 to 1000 per mille, above which the master has the backup own a new connection
 * @param overloadDifference by how much the load of the backup's host must be lower than that, 1 to 1000 per mille
 * @param preferLastServer whether a client's new connection goes to the server that its last one went to, while that takes
 *     any; counts at the master only
 * @param preferZone whether servers in the client's zone come first, and those in the owner's zone next
 * @param zoneLoadLimit a server whose reported load is this or more is passed over in favour of other zones; 1 to 1000 per
 *     mille
 */
public record SelectionPolicy(
        Authority authority,
        long masterTimeoutNanos,
        int overload,
        int overloadDifference,
        boolean preferLastServer,
        boolean preferZone,
        int zoneLoadLimit,
        Zones zones) {
    /** Some hundred round trips of a LAN, and the twentieth part of the time after which a client sends its SYN again. */
    public static final long DEFAULT_MASTER_TIMEOUT_NANOS = 50_000_000;

    /** As for a zone's servers: a fifth of the host is left for what comes in a burst. */
    public static final int DEFAULT_OVERLOAD = 800;

    /** As among the peers of a service: a smaller difference is soon made up for by what moves. */
    public static final int DEFAULT_OVERLOAD_DIFFERENCE = 200;

    /** As HAProxy's and other agents count it, a host with a fifth of it left takes its neighbours' connections no more. */
    public static final int DEFAULT_ZONE_LOAD_LIMIT = 800;

    /** The owner selects, by the scheduler alone. */
    public static final SelectionPolicy DEFAULT = new SelectionPolicy(
            Authority.OWNER,
            DEFAULT_MASTER_TIMEOUT_NANOS,
            DEFAULT_OVERLOAD,
            DEFAULT_OVERLOAD_DIFFERENCE,
            false,
            false,
            DEFAULT_ZONE_LOAD_LIMIT,
            Zones.NONE);

    /** The same by another authority. */
    public SelectionPolicy by(Authority other) {
        return new SelectionPolicy(
                other,
                masterTimeoutNanos,
                overload,
                overloadDifference,
                preferLastServer,
                preferZone,
                zoneLoadLimit,
                zones);
    }

    /** The same with other limits from which on a connection's backup owns it. */
    public SelectionPolicy withOverload(int limit, int difference) {
        return new SelectionPolicy(
                authority, masterTimeoutNanos, limit, difference, preferLastServer, preferZone, zoneLoadLimit, zones);
    }

    /**
     * Whether the backup is to own a new connection, by the loads of the two hosts, per mille or unknown.
     *
     * @param ownerLoad of the owner by score
     */
    boolean assignsToBackup(int ownerLoad, int backupLoad) {
        return ownerLoad != IdMessage.UNKNOWN_LOAD
                && backupLoad != IdMessage.UNKNOWN_LOAD
                && ownerLoad > overload
                && ownerLoad - backupLoad >= overloadDifference;
    }

    /** Of what all ILBs have to agree on. */
    long digest() {
        long digest = EndpointIndex.mix(masterTimeoutNanos * 2 + authority.ordinal());
        digest = EndpointIndex.mix(digest + overload * 1_001L + overloadDifference);
        digest = EndpointIndex.mix(digest + zoneLoadLimit * 4L + (preferZone ? 2 : 0) + (preferLastServer ? 1 : 0));
        return EndpointIndex.mix(digest + zones.clients().hashCode());
    }
}
