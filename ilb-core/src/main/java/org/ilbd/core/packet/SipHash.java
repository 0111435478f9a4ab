package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * SipHash-c-d (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): a keyed 64-bit hash that nobody who lacks the
 * 128-bit key can steer, with c rounds for each word of the message and d at the end.
 *
 * <p>SipHash-1-3 indexes hash tables whose keys a stranger selects; SipHash-2-4 authenticates messages. Neither allocates.
 */
public final class SipHash {

    /** Initial state (section 2.1 of the paper), the ASCII bytes of "somepseudorandomlygeneratedbytes". */
    private static final long INITIAL_V0 = 0x736f6d6570736575L;

    private static final long INITIAL_V1 = 0x646f72616e646f6dL;
    private static final long INITIAL_V2 = 0x6c7967656e657261L;
    private static final long INITIAL_V3 = 0x7465646279746573L;

    /** Goes into v2 between the message and the final rounds (section 2.4). */
    private static final long FINALIZATION = 0xff;

    /** The last word of a message carries the message's length in its most significant byte (section 2.3). */
    private static final int LENGTH_SHIFT = 56;

    private static final long THREE_WORDS = 24L << LENGTH_SHIFT;

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private SipHash() {}

    /**
     * SipHash-1-3 of the 24 bytes of three longs, each in little-endian order.
     *
     * @param key0 the first eight bytes of the key, little-endian
     * @param key1 the last eight bytes of the key, little-endian
     */
    public static long hash13(long key0, long key1, long first, long second, long third) {
        long v0 = INITIAL_V0 ^ key0;
        long v1 = INITIAL_V1 ^ key1;
        long v2 = INITIAL_V2 ^ key0;
        long v3 = INITIAL_V3 ^ key1;
        // Four words of message, three rounds with nothing; a constant trip count, which the compiler unrolls.
        for (int round = 0; round < 7; round++) {
            long word = switch (round) {
                case 0 -> first;
                case 1 -> second;
                case 2 -> third;
                case 3 -> THREE_WORDS;
                default -> 0;
            };
            v3 ^= word;
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
            if (round == 3) {
                v2 ^= FINALIZATION;
            }
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }

    /**
     * SipHash-2-4 of a range of bytes.
     *
     * @param key0 the first eight bytes of the key, little-endian
     * @param key1 the last eight bytes of the key, little-endian
     * @param length in bytes, 0 or more
     * @throws IndexOutOfBoundsException when the range is not within the segment
     */
    public static long hash24(long key0, long key1, MemorySegment segment, long offset, long length) {
        long v0 = INITIAL_V0 ^ key0;
        long v1 = INITIAL_V1 ^ key1;
        long v2 = INITIAL_V2 ^ key0;
        long v3 = INITIAL_V3 ^ key1;
        long end = offset + (length & -Long.BYTES);
        for (long position = offset; position <= end; position += Long.BYTES) {
            long word = position < end ? segment.get(WORD, position) : lastWord(segment, position, length);
            v3 ^= word;
            for (int round = 0; round < 2; round++) {
                v0 += v1;
                v2 += v3;
                v1 = Long.rotateLeft(v1, 13) ^ v0;
                v3 = Long.rotateLeft(v3, 16) ^ v2;
                v0 = Long.rotateLeft(v0, 32);
                v2 += v1;
                v0 += v3;
                v1 = Long.rotateLeft(v1, 17) ^ v2;
                v3 = Long.rotateLeft(v3, 21) ^ v0;
                v2 = Long.rotateLeft(v2, 32);
            }
            v0 ^= word;
        }
        v2 ^= FINALIZATION;
        for (int round = 0; round < 4; round++) {
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }

    /** The 0 to 7 bytes that are left, and the length modulo 256 on top of them. */
    private static long lastWord(MemorySegment segment, long position, long length) {
        long word = length << LENGTH_SHIFT;
        for (int i = 0; i < (length & (Long.BYTES - 1)); i++) {
            word |= Byte.toUnsignedLong(segment.get(ValueLayout.JAVA_BYTE, position + i)) << (i * Byte.SIZE);
        }
        return word;
    }
}
