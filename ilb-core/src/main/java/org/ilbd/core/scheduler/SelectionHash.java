package org.ilbd.core.scheduler;

import org.ilbd.core.packet.FourTuple;

/**
 * The 64-bit hash of a connection, or of its source, by which schedulers select. All ILBs compute the same one.
 *
 * <p><b>Independent of the ownership.</b> All connections that one ILB owns share a property of their ownership hash;
 * if the selection used that hash too, such an ILB would fill only some of the servers. So this hash shares nothing
 * with it: no CRC, another finaliser (variant 13 of Stafford's "Better Bit Mixing", 2011), and a seed of its own, the
 * eight ASCII bytes "ilbd-sel" as a big-endian number.
 *
 * <p><b>Form.</b> The encoded tuple is taken as words of eight bytes, the last one with four, big-endian: {@code hash
 * = mix(hash XOR word)} for each, from the seed.
 */
public final class SelectionHash {
    private static final long SEED = 0x696C_6264_2D73_656CL;
    /** ASCII "ilbd-src". */
    private static final long SOURCE_SEED = 0x696C_6264_2D73_7263L;

    private SelectionHash() {}

    /** The hash of a connection; every bit is as good as any other. Packet path. */
    public static long of(FourTuple tuple) {
        if (tuple.ipv6()) {
            long destinationHigh = tuple.destinationHigh();
            long destinationLow = tuple.destinationLow();
            long sourceHigh = tuple.sourceHigh();
            long sourceLow = tuple.sourceLow();
            long hash = mix(SEED ^ ((long) tuple.destinationPort() << 48 | destinationHigh >>> 16));
            hash = mix(hash ^ (destinationHigh << 48 | destinationLow >>> 16));
            hash = mix(hash ^ (destinationLow << 48 | (long) tuple.sourcePort() << 32 | sourceHigh >>> 32));
            hash = mix(hash ^ (sourceHigh << 32 | sourceLow >>> 32));
            return mix(hash ^ (sourceLow & 0xFFFF_FFFFL));
        }
        long hash =
                mix(SEED ^ ((long) tuple.destinationPort() << 48 | tuple.destinationLow() << 16 | tuple.sourcePort()));
        return mix(hash ^ tuple.sourceLow());
    }

    /**
     * The hash of a connection's source address alone: the same for all connections of a client, whatever its port and
     * whatever the service, so that it comes to the same server by all ports of the same servers. Packet path.
     */
    public static long ofSource(FourTuple tuple) {
        long hash = mix(SOURCE_SEED ^ (tuple.ipv6() ? 6 : 4));
        hash = mix(hash ^ tuple.sourceHigh());
        return mix(hash ^ tuple.sourceLow());
    }

    /**
     * Variant 13 of Stafford's mixers: a bijection in which every bit of the input changes every bit of the output
     * half the time.
     */
    static long mix(long value) {
        long x = value;
        x ^= x >>> 30;
        x *= 0xBF58_476D_1CE4_E5B9L;
        x ^= x >>> 27;
        x *= 0x94D0_49BB_1331_11EBL;
        return x ^ x >>> 31;
    }
}
