package org.ilbd.daemon.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;

/**
 * This ILB and its cluster.
 *
 * @param bind address and port of this ILB's messages
 * @param peers the other ILBs; empty with multicast, and for a single ILB
 * @param multicast the group that ID messages go to, instead of {@code peers}
 * @param keys none, one, or two during a rotation: the first signs, both verify
 * @param heartbeatInterval from one ID message to the next; less than half of {@code failureTimeout}
 * @param failureTimeout without an ID message until a peer is DEAD
 * @param ownership the same on all ILBs, as is {@code seed}
 * @param loadCgroup the directory of the control group whose processor time is this ILB's load, instead of the host's
 */
public record ClusterSettings(
        IlbId id,
        Endpoint bind,
        List<Endpoint> peers,
        Optional<Endpoint> multicast,
        List<ClusterKey> keys,
        Duration heartbeatInterval,
        Duration failureTimeout,
        OwnershipMode ownership,
        long seed,
        Optional<Path> loadCgroup) {
    /** Copies the lists. */
    public ClusterSettings {
        peers = List.copyOf(peers);
        keys = List.copyOf(keys);
    }

    /** The keys as the engine takes them. */
    public List<byte[]> keyBytes() {
        return keys.stream().map(ClusterKey::bytes).toList();
    }

    /** The same with other keys. */
    public ClusterSettings withKeys(final List<ClusterKey> otherKeys) {
        return new ClusterSettings(
                id, bind, peers, multicast, otherKeys, heartbeatInterval, failureTimeout, ownership, seed, loadCgroup);
    }
}
