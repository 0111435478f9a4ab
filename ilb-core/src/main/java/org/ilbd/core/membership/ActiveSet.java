package org.ilbd.core.membership;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.protocol.IdMessage;

/** The ACTIVE ILBs, and 64 bits that stand for their ids and incarnations: a sum of one hash for each, so in any order. */
final class ActiveSet {
    private List<IlbId> activeIds = List.of();
    private long digest;

    /** Gathers the set anew; true if it is another, be it that a member was replaced by its next incarnation. */
    boolean update(IlbId self, long incarnation, IlbState selfState, List<Peer> peers) {
        List<IlbId> ids = new ArrayList<>();
        long sum = 0;
        if (selfState == IlbState.ACTIVE) {
            ids.add(self);
            sum += hash(self, incarnation);
        }
        for (Peer peer : peers) {
            if (peer.state() == IlbState.ACTIVE) {
                ids.add(peer.id());
                sum += hash(peer.id(), peer.incarnation());
            }
        }
        if (sum == digest) {
            return false;
        }
        digest = sum;
        activeIds = ids.stream().sorted().toList();
        return true;
    }

    /** Sorted, immutable. */
    List<IlbId> activeIds() {
        return activeIds;
    }

    /** 0 for the empty set. */
    long digest() {
        return digest;
    }

    private static long hash(IlbId id, long incarnation) {
        return mix(mix(mix(mix(IdMessage.kindOf(id)) ^ id.high()) ^ id.low()) ^ incarnation);
    }

    /** The finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
    private static long mix(long value) {
        long x = value + 0x9E37_79B9_7F4A_7C15L;
        x = (x ^ x >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        x = (x ^ x >>> 27) * 0x94D0_49BB_1331_11EBL;
        return x ^ x >>> 31;
    }
}
