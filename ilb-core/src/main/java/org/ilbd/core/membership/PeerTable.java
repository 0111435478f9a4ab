package org.ilbd.core.membership;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.IdMessage;
import org.jspecify.annotations.Nullable;

/**
 * The peers by position and by tag. A cluster has a few ILBs and datagrams come in bursts, so a scan over packed tags, from
 * the last hit on, is the fastest index there is.
 */
final class PeerTable {
    /** Swapped whole, since another thread may be reading it. */
    private volatile List<Peer> peers = List.of();

    private final int[] tags = new int[Membership.MAX_PEERS];
    private int lastHit;

    /** All peers, each at its position. */
    List<Peer> peers() {
        return peers;
    }

    /** Null where there is none; allocates nothing. */
    @Nullable
    Peer find(int tag) {
        int size = peers.size();
        if (lastHit < size && tags[lastHit] == tag) {
            return peers.get(lastHit);
        }
        for (int i = 0; i < size; i++) {
            if (tags[i] == tag) {
                lastHit = i;
                return peers.get(i);
            }
        }
        return null;
    }

    /** A new peer; where there are {@link Membership#MAX_PEERS} already, in place of the one that is dead for longest. */
    Optional<Peer> add(IlbId id, Endpoint endpoint, IdMessage message) {
        int position = peers.size() < Membership.MAX_PEERS ? peers.size() : longestDead();
        if (position < 0) {
            return Optional.empty();
        }
        Peer peer = new Peer(position, id, endpoint, message);
        List<Peer> changed = new ArrayList<>(peers);
        if (position == changed.size()) {
            changed.add(peer);
        } else {
            changed.set(position, peer);
        }
        peers = Collections.unmodifiableList(changed);
        tags[position] = id.tag();
        return Optional.of(peer);
    }

    private int longestDead() {
        int longest = -1;
        for (Peer peer : peers) {
            if (peer.state() == IlbState.DEAD
                    && (longest < 0
                            || peer.lastHeardNanos() - peers.get(longest).lastHeardNanos() < 0)) {
                longest = peer.position();
            }
        }
        return longest;
    }
}
