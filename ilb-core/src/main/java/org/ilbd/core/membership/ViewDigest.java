package org.ilbd.core.membership;

import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.protocol.IdMessage;

/** 64 bits that stand for a set of incarnations of ILBs: a sum of one hash for each, so in any order. */
final class ViewDigest {
    private ViewDigest() {}

    /** The digest of a set with one more member; that of the empty set is 0. */
    static long add(long digest, IlbId id, long incarnation) {
        return digest + mix(mix(mix(mix(IdMessage.kindOf(id)) ^ id.high()) ^ id.low()) ^ incarnation);
    }

    /** The finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). */
    private static long mix(long value) {
        long x = value + 0x9E37_79B9_7F4A_7C15L;
        x = (x ^ x >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        x = (x ^ x >>> 27) * 0x94D0_49BB_1331_11EBL;
        return x ^ x >>> 31;
    }
}
