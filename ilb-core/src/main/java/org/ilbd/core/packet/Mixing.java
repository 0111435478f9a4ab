package org.ilbd.core.packet;

/** A bijection of 64 bits in which every bit of the input changes every bit of the output with probability 1/2. */
public final class Mixing {

    private Mixing() {}

    /** fmix64, the finaliser of MurmurHash3 (Appleby, 2011). */
    public static long fmix64(long value) {
        long x = value;
        x ^= x >>> 33;
        x *= 0xFF51_AFD7_ED55_8CCDL;
        x ^= x >>> 33;
        x *= 0xC4CE_B9FE_1A85_EC53L;
        return x ^ x >>> 33;
    }
}
