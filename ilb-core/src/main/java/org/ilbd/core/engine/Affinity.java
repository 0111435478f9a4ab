package org.ilbd.core.engine;

import org.ilbd.core.packet.FourTuple;

/**
 * That all connections of a client go to the same server, and what a client is: the addresses that begin with the same bits.
 *
 * @param prefixBits of an IPv4 address, 1 to 32
 * @param prefix6Bits of an IPv6 address, 1 to 128
 * @param timeoutMillis from a client's last new connection until its next one may go to another server; 1 to
 *     {@link #MAX_TIMEOUT_MILLIS}
 */
public record Affinity(int prefixBits, int prefix6Bits, int timeoutMillis) {
    /** A whole IPv4 address. */
    public static final int DEFAULT_PREFIX_BITS = Integer.SIZE;

    /** A network of IPv6, since its hosts change the rest of their addresses every day (RFC 8981). */
    public static final int DEFAULT_PREFIX6_BITS = Long.SIZE;

    /** Seven days: a table keeps no entry for longer than 12. */
    public static final int MAX_TIMEOUT_MILLIS = 7 * 24 * 3_600_000;

    /** Checks the ranges. */
    public Affinity {
        if (prefixBits < 1
                || prefixBits > Integer.SIZE
                || prefix6Bits < 1
                || prefix6Bits > 2 * Long.SIZE
                || timeoutMillis < 1
                || timeoutMillis > MAX_TIMEOUT_MILLIS) {
            throw new IllegalArgumentException(
                    "out of range: /" + prefixBits + ", /" + prefix6Bits + ", " + timeoutMillis + " ms");
        }
    }

    /** Makes one tuple the name of the client that another one's connection is from: its prefix, and no port. */
    FourTuple client(FourTuple connection, FourTuple into) {
        boolean ipv6 = connection.ipv6();
        return into.set(
                ipv6,
                ipv6 ? connection.sourceHigh() & mask(prefix6Bits, Long.SIZE) : 0,
                connection.sourceLow()
                        & (ipv6 ? mask(prefix6Bits - Long.SIZE, Long.SIZE) : mask(prefixBits, Integer.SIZE)),
                0,
                connection.destinationHigh(),
                connection.destinationLow(),
                connection.destinationPort());
    }

    /** The highest of a number of low bits; a shift by the whole of a long would do nothing. */
    private static long mask(int ones, int bits) {
        return ones <= 0 ? 0 : ones >= bits ? -1 : -1L << (bits - ones);
    }
}
