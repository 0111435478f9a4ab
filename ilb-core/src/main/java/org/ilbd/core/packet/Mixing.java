package org.ilbd.core.packet;

/** A bijection of 64 bits in which every bit of the input changes every bit of the output with probability 1/2. */
public final class Mixing {

    private Mixing() {}

    /** fmix64, the finaliser of MurmurHash3 (Appleby, 2011). */
    public static long fmix64(long value) {
        return fold(multiply(fold(value)));
    }

    /** The first step of fmix64, and the last one: XORs the upper 31 bits into the lower ones, and is linear. */
    public static long fold(long value) {
        return value ^ value >>> 33;
    }

    /** What fmix64 does between its first step and its last. */
    public static long multiply(long value) {
        return fold(value * 0xFF51_AFD7_ED55_8CCDL) * 0xC4CE_B9FE_1A85_EC53L;
    }
}
