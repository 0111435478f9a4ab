package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The Internet checksum (RFC 1071), and its incremental update (RFC 1624).
 *
 * <p><b>Sums.</b> A sum is a {@code long} that is congruent modulo 65535 to the sum of the 16-bit words and not yet
 * folded; sums of ranges of even length may be added. Some 2^31 of them fit. {@link #finish} makes the value that goes
 * into a header.
 *
 * <p><b>Speed.</b> 2^16 is 1 modulo 65535, so 32-bit halves are as good as 16-bit words, and the byte order does not
 * matter until the end (RFC 1071, 2 (B)): data is read eight bytes at a time in the order of the machine, into four
 * independent accumulators, and swapped once.
 */
public final class InternetChecksum {
    private static final long MASK = 0xFFFF_FFFFL;
    private static final ValueLayout.OfLong NATIVE_LONG = ValueLayout.JAVA_LONG_UNALIGNED.withByteAlignment(1);
    private static final ValueLayout.OfInt NATIVE_INT = ValueLayout.JAVA_INT_UNALIGNED.withByteAlignment(1);
    private static final ValueLayout.OfShort NATIVE_SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withByteAlignment(1);
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private InternetChecksum() {}

    /** The sum of {@code length} bytes (0..2^31), the last one padded with a zero if they are odd. */
    public static long sum(final MemorySegment segment, final long offset, final long length) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        long position = offset;
        final long end = offset + length;
        for (; end - position >= 32; position += 32) {
            final long v = segment.get(NATIVE_LONG, position);
            final long w = segment.get(NATIVE_LONG, position + 8);
            final long x = segment.get(NATIVE_LONG, position + 16);
            final long y = segment.get(NATIVE_LONG, position + 24);
            a += (v & MASK) + (v >>> 32);
            b += (w & MASK) + (w >>> 32);
            c += (x & MASK) + (x >>> 32);
            d += (y & MASK) + (y >>> 32);
        }
        for (; end - position >= 8; position += 8) {
            a += sumOf(segment.get(NATIVE_LONG, position));
        }
        if (end - position >= 4) {
            b += segment.get(NATIVE_INT, position) & MASK;
            position += 4;
        }
        if (end - position >= 2) {
            c += segment.get(NATIVE_SHORT, position) & 0xFFFF;
            position += 2;
        }
        if (end > position) {
            final int last = segment.get(ValueLayout.JAVA_BYTE, position) & 0xFF;
            d += LITTLE_ENDIAN ? last : last << 8;
        }
        final int folded = fold(a + b + c + d);
        return LITTLE_ENDIAN ? Short.reverseBytes((short) folded) & 0xFFFF : folded;
    }

    /** The sum of the eight bytes of {@code value}; for four or two bytes give the rest as zero. */
    public static long sumOf(final long value) {
        return (value & MASK) + (value >>> 32);
    }

    /** The sum of the pseudo-header of TCP, UDP and ICMPv6 over IPv4 (RFC 9293, 3.1) or IPv6 (RFC 8200, 8.1). */
    public static long pseudoHeader(
            final long sourceHigh,
            final long sourceLow,
            final long destinationHigh,
            final long destinationLow,
            final int protocol,
            final int length) {
        return sumOf(sourceHigh)
                + sumOf(sourceLow)
                + sumOf(destinationHigh)
                + sumOf(destinationLow)
                + protocol
                + length;
    }

    /** The sum as 16 bits: 0 only if everything that was added was 0. */
    public static int fold(final long sum) {
        long folded = (sum & MASK) + (sum >>> 32);
        folded = (folded & 0xFFFF) + (folded >>> 16);
        folded = (folded & 0xFFFF) + (folded >>> 16);
        folded = (folded & 0xFFFF) + (folded >>> 16);
        return (int) folded;
    }

    /** The checksum for a header: the complement of the folded sum. Data with a right checksum in it give 0. */
    public static int finish(final long sum) {
        return ~fold(sum) & 0xFFFF;
    }

    /** What the change of eight bytes (four, two: the rest zero) adds to a sum: never negative (RFC 1624, 3: ~m + m'). */
    public static long change(final long from, final long to) {
        return sumOf(~from) + sumOf(to);
    }

    /** A header's complete checksum after its data changed by {@code change} (RFC 1624, equation 3). */
    public static int update(final int checksum, final long change) {
        return finish((~checksum & 0xFFFF) + change);
    }

    /** A partial checksum, which is a sum that is folded and not complemented, after a change. */
    public static int updatePartial(final int partial, final long change) {
        return fold(partial + change);
    }
}
