package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Flyweight over a socket address; see ip(7) and ipv6(7). The family is in the order of the host, the rest in that of the network.
 *
 * <pre>
 *  sockaddr_in                        sockaddr_in6
 *   0  family (2)  port (2)            0  family (2)  port (2)
 *   4  address (4)                     4  flow information (4)
 *   8  zero (8)                        8  address (16)
 *                                     24  scope: interface index (4)
 * </pre>
 */
final class SocketAddress {
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int IPV4_LENGTH = 16;
    static final int IPV6_LENGTH = 28;
    static final int MAX_LENGTH = 32;

    private static final int PORT_OFFSET = 2;
    private static final int IPV4_ADDRESS_OFFSET = 4;
    private static final int IPV6_FLOW_OFFSET = 4;
    private static final int IPV6_HIGH_OFFSET = 8;
    private static final int IPV6_LOW_OFFSET = 16;
    private static final int IPV6_SCOPE_OFFSET = 24;

    static final ValueLayout.OfShort NETWORK_SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfInt NETWORK_INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    static final ValueLayout.OfLong NETWORK_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private SocketAddress() {}

    static int length(boolean ipv6) {
        return ipv6 ? IPV6_LENGTH : IPV4_LENGTH;
    }

    /** Writes an address; returns its length. */
    static int encode(MemorySegment segment, long offset, boolean ipv6, long high, long low, int port) {
        segment.set(JAVA_SHORT_UNALIGNED, offset, (short) (ipv6 ? AF_INET6 : AF_INET));
        segment.set(NETWORK_SHORT, offset + PORT_OFFSET, (short) port);
        if (ipv6) {
            segment.set(NETWORK_INT, offset + IPV6_FLOW_OFFSET, 0);
            segment.set(NETWORK_LONG, offset + IPV6_HIGH_OFFSET, high);
            segment.set(NETWORK_LONG, offset + IPV6_LOW_OFFSET, low);
            segment.set(NETWORK_INT, offset + IPV6_SCOPE_OFFSET, 0);
            return IPV6_LENGTH;
        }
        segment.set(NETWORK_INT, offset + IPV4_ADDRESS_OFFSET, (int) low);
        segment.set(NETWORK_LONG, offset + IPV4_ADDRESS_OFFSET + Integer.BYTES, 0);
        return IPV4_LENGTH;
    }

    /** Says which link a link-local IPv6 address, or group, is on. */
    static void scope(MemorySegment segment, long offset, int interfaceIndex) {
        segment.set(JAVA_INT_UNALIGNED, offset + IPV6_SCOPE_OFFSET, interfaceIndex);
    }

    static boolean ipv6(MemorySegment segment, long offset) {
        return segment.get(JAVA_SHORT_UNALIGNED, offset) == AF_INET6;
    }

    static int port(MemorySegment segment, long offset) {
        return segment.get(NETWORK_SHORT, offset + PORT_OFFSET) & 0xFFFF;
    }

    static long high(MemorySegment segment, long offset) {
        return ipv6(segment, offset) ? segment.get(NETWORK_LONG, offset + IPV6_HIGH_OFFSET) : 0;
    }

    static long low(MemorySegment segment, long offset) {
        return ipv6(segment, offset)
                ? segment.get(NETWORK_LONG, offset + IPV6_LOW_OFFSET)
                : segment.get(NETWORK_INT, offset + IPV4_ADDRESS_OFFSET) & 0xFFFFFFFFL;
    }
}
