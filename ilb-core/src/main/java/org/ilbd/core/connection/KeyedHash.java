package org.ilbd.core.connection;

import org.ilbd.core.packet.Mixing;
import org.ilbd.core.packet.SipHash;

/**
 * The hash of an association's key under a secret: what names its place in the index of a table.
 *
 * <p>The key's 32-bit words, each times a secret 64-bit factor, are added up modulo 2^64 (Lemire, Kaser: "Strongly universal
 * string hashing is fast", 2014); the upper 32 bits of the sum are strongly universal, so whatever two keys a stranger selects,
 * their sums are equal with a probability of 2^-32 at most. A sum of products alone would be linear: who once finds two keys
 * with the same home, by the time that answers take, could go on from there in equal steps. The mixing of the whole sum takes
 * that away, since a home is some bits of what comes out of it.
 *
 * <p>A fifth of the time of SipHash-1-3, which it stands for here: that makes no use of the key's being short and of one size.
 */
final class KeyedHash {

    private final long start;
    private final long highUpper;
    private final long highLower;
    private final long lowUpper;
    private final long lowLower;
    private final long rest;

    /**
     * @param key0 half of a secret and random key, from which the factors are made
     * @param key1 the other half
     */
    KeyedHash(long key0, long key1) {
        start = factor(key0, key1, 0);
        highUpper = factor(key0, key1, 1);
        highLower = factor(key0, key1, 2);
        lowUpper = factor(key0, key1, 3);
        lowLower = factor(key0, key1, 4);
        rest = factor(key0, key1, 5);
    }

    /** The hash of a source address and of what else there is of a key, which is 0..2^33-1. */
    int of(long sourceHigh, long sourceLow, long serviceAndPort) {
        long sum = start
                + highUpper * (sourceHigh >>> Integer.SIZE)
                + highLower * (sourceHigh & 0xffff_ffffL)
                + lowUpper * (sourceLow >>> Integer.SIZE)
                + lowLower * (sourceLow & 0xffff_ffffL)
                + rest * serviceAndPort;
        return (int) (Mixing.fmix64(sum) >>> Integer.SIZE);
    }

    private static long factor(long key0, long key1, long number) {
        return SipHash.hash13(key0, key1, number, 0, 0);
    }
}
