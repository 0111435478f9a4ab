package org.ilbd.core.packet;

import java.nio.ByteBuffer;

/**
 * An IPv4 or IPv6 address. A value of the control path; the packet path carries the same three components loose.
 *
 * @param ipv6 false for IPv4
 * @param high the first eight bytes of an IPv6 address; 0 for IPv4
 * @param low the last eight bytes of an IPv6 address; the IPv4 address as 0..2^32-1
 */
public record IpAddress(boolean ipv6, long high, long low) implements Comparable<IpAddress> {
    /** Bytes of an IPv4 address. */
    public static final int IPV4_LENGTH_BYTES = 4;
    /** Bytes of an IPv6 address. */
    public static final int IPV6_LENGTH_BYTES = 16;

    private static final long IPV4_MASK = 0xFFFF_FFFFL;

    /** @throws IllegalArgumentException if an IPv4 address has bits outside its four bytes */
    public IpAddress {
        if (!ipv6 && (high != 0 || (low & ~IPV4_MASK) != 0)) {
            throw new IllegalArgumentException("an IPv4 address has 32 bits");
        }
    }

    /** The IPv4 address whose four bytes are those of {@code address}, most significant first. */
    public static IpAddress ofIpv4(final int address) {
        return new IpAddress(false, 0, address & IPV4_MASK);
    }

    /** The address in network byte order. */
    public static IpAddress ofBytes(final byte[] bytes) {
        return switch (bytes.length) {
            case IPV4_LENGTH_BYTES -> ofIpv4(ByteBuffer.wrap(bytes).getInt());
            case IPV6_LENGTH_BYTES -> {
                final ByteBuffer buffer = ByteBuffer.wrap(bytes);
                yield new IpAddress(true, buffer.getLong(), buffer.getLong());
            }
            default -> throw new IllegalArgumentException("an IP address has 4 or 16 bytes, not " + bytes.length);
        };
    }

    /**
     * Reads a dotted quad, or an IPv6 address in any form of RFC 4291, 2.2. Never resolves a name.
     *
     * @throws IllegalArgumentException with a text for an operator
     */
    public static IpAddress parse(final String text) {
        return new IpAddressParser(text).parse();
    }

    /** The address in network byte order: 4 or 16 bytes. */
    public byte[] toBytes() {
        return ipv6
                ? ByteBuffer.allocate(IPV6_LENGTH_BYTES)
                        .putLong(high)
                        .putLong(low)
                        .array()
                : ByteBuffer.allocate(IPV4_LENGTH_BYTES).putInt((int) low).array();
    }

    /** Loopback: 127.0.0.0/8 (RFC 1122, 3.2.1.3) or ::1 (RFC 4291, 2.5.3). */
    public boolean isLoopback() {
        return ipv6 ? high == 0 && low == 1 : low >>> 24 == 127;
    }

    /** The unspecified address: 0.0.0.0 or ::. */
    public boolean isUnspecified() {
        return high == 0 && low == 0;
    }

    /** Multicast: 224.0.0.0/4 (RFC 1112, 4) or ff00::/8 (RFC 4291, 2.7). */
    public boolean isMulticast() {
        return ipv6 ? high >>> 56 == 0xFF : low >>> 28 == 0xE;
    }

    /** IPv4 before IPv6, then by unsigned value. */
    @Override
    public int compareTo(final IpAddress other) {
        if (ipv6 != other.ipv6) {
            return ipv6 ? 1 : -1;
        }
        final int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    /** A dotted quad, or the text form of RFC 5952. */
    @Override
    public String toString() {
        final StringBuilder text = new StringBuilder(40);
        if (!ipv6) {
            appendDottedQuad(text);
        } else if (high == 0 && low >>> 32 == 0xFFFF) {
            text.append("::ffff:"); // RFC 5952, 5: the mixed form for IPv4-mapped addresses
            appendDottedQuad(text);
        } else {
            appendGroups(text);
        }
        return text.toString();
    }

    private void appendDottedQuad(final StringBuilder text) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            text.append((low >>> shift) & 0xFF);
            if (shift > 0) {
                text.append('.');
            }
        }
    }

    private void appendGroups(final StringBuilder text) {
        // RFC 5952, 4.2: the longest run of at least two zero groups is left out, the first of equal ones.
        int runStart = -1;
        int runLength = 1;
        for (int i = 0; i < 8; i++) {
            int end = i;
            while (end < 8 && group(end) == 0) {
                end++;
            }
            if (end - i > runLength) {
                runStart = i;
                runLength = end - i;
            }
        }
        for (int i = 0; i < 8; i++) {
            if (i == runStart) {
                text.append("::");
                i += runLength - 1;
            } else {
                if (i > 0 && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(group(i)));
            }
        }
    }

    private int group(final int index) {
        return (int) ((index < 4 ? high : low) >>> (48 - 16 * (index & 3))) & 0xFFFF;
    }
}
