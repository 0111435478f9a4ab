package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Flyweight over the messages of rtnetlink(7) that the daemon speaks: neighbours and routes. Numbers are in the order of the host,
 * addresses in that of the network.
 *
 * <pre>
 *  nlmsghdr                ndmsg (at 16)                 rtmsg (at 16)
 *   0  length (4)          16  family (1)  padding (3)   16  family, destination and source length, TOS (1 each)
 *   4  type (2)            20  interface (4)             20  table, protocol, scope, type (1 each)
 *   6  flags (2)           24  state (2)                 24  flags (4)
 *   8  sequence (4)        26  flags (1)  type (1)
 *  12  port (4)
 *                          ifinfomsg (at 16)
 *                          16  family (1)  padding (1)  type (2)
 *                          20  interface (4)
 *                          24  flags (4)  change (4)
 *  then attributes, each from a multiple of 4: length (2), type (2), value
 * </pre>
 */
final class RouteMessage {
    static final int NLMSG_ERROR = 2;
    static final int RTM_SETLINK = 19;
    static final int RTM_NEWROUTE = 24;
    static final int RTM_GETROUTE = 26;
    static final int RTM_NEWNEIGH = 28;
    static final int RTM_DELNEIGH = 29;
    static final int RTM_GETNEIGH = 30;
    static final int MAX_REQUEST_LENGTH = 64;

    static final int HEADER_LENGTH = 16;
    static final int BODY_LENGTH = 12;

    private static final int NLM_F_REQUEST = 0x1;
    private static final int NLM_F_ACK = 0x4;
    private static final int NLM_F_DUMP = 0x300;
    private static final int NLM_F_CREATE = 0x400;
    private static final int NTF_USE = 0x1;

    /** NUD_REACHABLE, STALE, DELAY, PROBE, NOARP and PERMANENT: the states in which the kernel itself would use the address. */
    private static final int NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80;

    private static final int RTN_UNICAST = 1;
    private static final int RTN_LOCAL = 2;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_VIA = 18;
    private static final int IFLA_TXQLEN = 13;
    private static final int NDA_DST = 1;
    private static final int NDA_LLADDR = 2;

    private static final int TYPE_OFFSET = 4;
    private static final int FLAGS_OFFSET = 6;
    private static final int ERROR_OFFSET = 16;
    private static final int FAMILY_OFFSET = 16;
    private static final int NEIGHBOUR_INTERFACE_OFFSET = 20;
    private static final int NEIGHBOUR_STATE_OFFSET = 24;
    private static final int NEIGHBOUR_FLAGS_OFFSET = 26;
    private static final int LINK_INDEX_OFFSET = 20;
    private static final int LINK_ATTRIBUTES_OFFSET = 32;
    private static final int ROUTE_DESTINATION_LENGTH_OFFSET = 17;
    private static final int ROUTE_TYPE_OFFSET = 23;
    private static final int ATTRIBUTES_OFFSET = HEADER_LENGTH + BODY_LENGTH;
    private static final int ATTRIBUTE_HEADER_LENGTH = 4;
    private static final int MAC_LENGTH = 6;
    private static final int NONE = -1;

    private RouteMessage() {}

    /** Asks for every neighbour, IPv4 and IPv6. Returns the message's length. */
    static int encodeNeighbourDump(MemorySegment segment) {
        return header(segment, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, ATTRIBUTES_OFFSET);
    }

    /** Has the kernel behave as if it had just sent to the neighbour: find it, or make sure that it is still there. */
    static int encodeSolicit(MemorySegment segment, int interfaceIndex, boolean ipv6, long high, long low) {
        int length = ATTRIBUTES_OFFSET + ATTRIBUTE_HEADER_LENGTH + addressLength(ipv6);
        header(segment, RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE, length);
        segment.set(JAVA_BYTE, FAMILY_OFFSET, family(ipv6));
        segment.set(JAVA_INT_UNALIGNED, NEIGHBOUR_INTERFACE_OFFSET, interfaceIndex);
        segment.set(JAVA_BYTE, NEIGHBOUR_FLAGS_OFFSET, (byte) NTF_USE);
        address(segment, NDA_DST, ipv6, high, low);
        return length;
    }

    /** Asks how a packet to the address would be sent. */
    static int encodeRouteLookup(MemorySegment segment, boolean ipv6, long high, long low) {
        int length = ATTRIBUTES_OFFSET + ATTRIBUTE_HEADER_LENGTH + addressLength(ipv6);
        header(segment, RTM_GETROUTE, NLM_F_REQUEST, length);
        segment.set(JAVA_BYTE, FAMILY_OFFSET, family(ipv6));
        segment.set(JAVA_BYTE, ROUTE_DESTINATION_LENGTH_OFFSET, (byte) (addressLength(ipv6) * Byte.SIZE));
        address(segment, RTA_DST, ipv6, high, low);
        return length;
    }

    /** Sets how many packets may wait in a device's queue, and asks for an acknowledgement. */
    static int encodeQueueLength(MemorySegment segment, int interfaceIndex, int packets) {
        int length = LINK_ATTRIBUTES_OFFSET + ATTRIBUTE_HEADER_LENGTH + Integer.BYTES;
        header(segment, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, length);
        segment.set(JAVA_INT_UNALIGNED, LINK_INDEX_OFFSET, interfaceIndex);
        segment.set(JAVA_SHORT_UNALIGNED, LINK_ATTRIBUTES_OFFSET, (short) (ATTRIBUTE_HEADER_LENGTH + Integer.BYTES));
        segment.set(JAVA_SHORT_UNALIGNED, LINK_ATTRIBUTES_OFFSET + 2, (short) IFLA_TXQLEN);
        segment.set(JAVA_INT_UNALIGNED, LINK_ATTRIBUTES_OFFSET + ATTRIBUTE_HEADER_LENGTH, packets);
        return length;
    }

    /**
     * Bytes from this message to the next, or 0 when what is there is no whole message.
     *
     * @param limit end of what was received
     */
    static int length(MemorySegment segment, long offset, long limit) {
        if (limit - offset < HEADER_LENGTH) {
            return 0;
        }
        int length = segment.get(JAVA_INT_UNALIGNED, offset);
        return length < HEADER_LENGTH || length > limit - offset ? 0 : length;
    }

    static int type(MemorySegment segment, long offset) {
        return segment.get(JAVA_SHORT_UNALIGNED, offset + TYPE_OFFSET) & 0xFFFF;
    }

    /** The positive errno of an NLMSG_ERROR; 0 is an acknowledgement. */
    static int errno(MemorySegment segment, long offset, int length) {
        return length < ERROR_OFFSET + Integer.BYTES ? 0 : -segment.get(JAVA_INT_UNALIGNED, offset + ERROR_OFFSET);
    }

    /** Reads an RTM_NEWNEIGH or RTM_DELNEIGH; says whether it was about an IP neighbour, and was told to the listener. */
    static boolean decodeNeighbour(MemorySegment segment, long offset, int length, NeighbourListener listener) {
        if (length < ATTRIBUTES_OFFSET) {
            return false;
        }
        int family = segment.get(JAVA_BYTE, offset + FAMILY_OFFSET);
        boolean ipv6 = family == SocketAddress.AF_INET6;
        long destination = attribute(segment, offset, length, NDA_DST, addressLength(ipv6));
        if ((!ipv6 && family != SocketAddress.AF_INET) || destination == NONE) {
            return false;
        }
        long linkAddress = attribute(segment, offset, length, NDA_LLADDR, MAC_LENGTH);
        int state = segment.get(JAVA_SHORT_UNALIGNED, offset + NEIGHBOUR_STATE_OFFSET);
        boolean valid = type(segment, offset) == RTM_NEWNEIGH && (state & NUD_VALID) != 0 && linkAddress != NONE;
        listener.onNeighbour(
                segment.get(JAVA_INT_UNALIGNED, offset + NEIGHBOUR_INTERFACE_OFFSET),
                ipv6,
                ipv6 ? segment.get(SocketAddress.NETWORK_LONG, destination) : 0,
                ipv6
                        ? segment.get(SocketAddress.NETWORK_LONG, destination + Long.BYTES)
                        : segment.get(SocketAddress.NETWORK_INT, destination) & 0xFFFFFFFFL,
                valid ? NetworkDevice.readMac(segment, linkAddress) : NetworkDevice.NO_MAC);
        return true;
    }

    /**
     * Reads an RTM_NEWROUTE.
     *
     * @throws ErrnoException {@link Errno#ENETUNREACH} if it is a route that sends nothing
     */
    static Route decodeRoute(MemorySegment segment, long offset, int length) throws ErrnoException {
        if (length < ATTRIBUTES_OFFSET) {
            throw new ErrnoException("route lookup", Errno.EINVAL);
        }
        int type = segment.get(JAVA_BYTE, offset + ROUTE_TYPE_OFFSET);
        long interfaceIndex = attribute(segment, offset, length, RTA_OIF, Integer.BYTES);
        if ((type != RTN_UNICAST && type != RTN_LOCAL) || interfaceIndex == NONE) {
            throw new ErrnoException("route lookup", Errno.ENETUNREACH);
        }
        boolean gateway = attribute(segment, offset, length, RTA_GATEWAY, Integer.BYTES) != NONE
                || attribute(segment, offset, length, RTA_VIA, Integer.BYTES) != NONE;
        return new Route(segment.get(JAVA_INT_UNALIGNED, interfaceIndex), !gateway, type == RTN_LOCAL);
    }

    /** Where the value of the first attribute of a type is, or {@link #NONE} if it is absent or shorter than {@code minimum}. */
    private static long attribute(MemorySegment segment, long offset, int length, int wanted, int minimum) {
        long limit = offset + length;
        long at = offset + ATTRIBUTES_OFFSET;
        while (limit - at >= ATTRIBUTE_HEADER_LENGTH) {
            int attributeLength = segment.get(JAVA_SHORT_UNALIGNED, at) & 0xFFFF;
            if (attributeLength < ATTRIBUTE_HEADER_LENGTH || attributeLength > limit - at) {
                return NONE;
            }
            if (segment.get(JAVA_SHORT_UNALIGNED, at + 2) == wanted) {
                return attributeLength - ATTRIBUTE_HEADER_LENGTH < minimum ? NONE : at + ATTRIBUTE_HEADER_LENGTH;
            }
            at += align(attributeLength);
        }
        return NONE;
    }

    static int align(int length) {
        return (length + 3) & ~3;
    }

    private static int header(MemorySegment segment, int type, int flags, int length) {
        segment.asSlice(0, length).fill((byte) 0);
        segment.set(JAVA_INT_UNALIGNED, 0, length);
        segment.set(JAVA_SHORT_UNALIGNED, TYPE_OFFSET, (short) type);
        segment.set(JAVA_SHORT_UNALIGNED, FLAGS_OFFSET, (short) flags);
        return length;
    }

    private static void address(MemorySegment segment, int type, boolean ipv6, long high, long low) {
        int length = ATTRIBUTE_HEADER_LENGTH + addressLength(ipv6);
        segment.set(JAVA_SHORT_UNALIGNED, ATTRIBUTES_OFFSET, (short) length);
        segment.set(JAVA_SHORT_UNALIGNED, ATTRIBUTES_OFFSET + 2, (short) type);
        long value = ATTRIBUTES_OFFSET + ATTRIBUTE_HEADER_LENGTH;
        if (ipv6) {
            segment.set(SocketAddress.NETWORK_LONG, value, high);
            segment.set(SocketAddress.NETWORK_LONG, value + Long.BYTES, low);
        } else {
            segment.set(SocketAddress.NETWORK_INT, value, (int) low);
        }
    }

    private static int addressLength(boolean ipv6) {
        return ipv6 ? 2 * Long.BYTES : Integer.BYTES;
    }

    private static byte family(boolean ipv6) {
        return (byte) (ipv6 ? SocketAddress.AF_INET6 : SocketAddress.AF_INET);
    }
}
