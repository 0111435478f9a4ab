package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * The IPv6 header (RFC 8200, 3), and the walk over its extension headers.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+---------------+---------------------------------------+
 *  |Version| Traffic class |               Flow label              |
 *  +-------+---------------+-------+---------------+---------------+
 *  |         Payload length        |  Next header  |   Hop limit   |
 *  +-------------------------------+---------------+---------------+
 *  |                   Source address, 16 bytes                    |
 *  +---------------------------------------------------------------+
 *  |                 Destination address, 16 bytes                 |
 *  +---------------------------------------------------------------+
 * </pre>
 */
public final class Ipv6Header {
    /** The version in the first four bits. */
    public static final int VERSION = 6;
    /** Bytes of the header without extension headers. */
    public static final int LENGTH_BYTES = 40;
    /** Next header: hop-by-hop options (RFC 8200, 4.3). */
    public static final int NEXT_HOP_BY_HOP = 0;
    /** Next header: TCP. */
    public static final int NEXT_TCP = 6;
    /** Next header: UDP. */
    public static final int NEXT_UDP = 17;
    /** Next header: routing (RFC 8200, 4.4). */
    public static final int NEXT_ROUTING = 43;
    /** Next header: fragment (RFC 8200, 4.5). */
    public static final int NEXT_FRAGMENT = 44;
    /** Next header: authentication (RFC 4302, 2). */
    public static final int NEXT_AUTHENTICATION = 51;
    /** Next header: ICMPv6 (RFC 4443, 1). */
    public static final int NEXT_ICMPV6 = 58;
    /** Next header: destination options (RFC 8200, 4.6). */
    public static final int NEXT_DESTINATION_OPTIONS = 60;
    /**
     * Extension headers that are walked before the packet is given up: twice what RFC 8200, 4.1 recommends as an order
     * would need without IPsec (hop-by-hop, destination, routing, fragment).
     */
    public static final int MAX_EXTENSION_HEADERS = 8;

    static final int FIRST_WORD_OFFSET = 0;
    static final int PAYLOAD_LENGTH_OFFSET = 4;
    static final int NEXT_HEADER_OFFSET = 6;
    static final int HOP_LIMIT_OFFSET = 7;
    static final int SOURCE_OFFSET = 8;
    static final int DESTINATION_OFFSET = 24;

    /** Result of {@link #walk}: the packet ends inside an extension header. */
    static final long WALK_TRUNCATED = -1;
    /** Result of {@link #walk}: too many extension headers, or a route whose end is not reached. */
    static final long WALK_UNSUPPORTED = -2;
    /** Result of {@link #walk}: a fragment other than the first, so there is no transport header. */
    static final long WALK_LATER_FRAGMENT = -3;

    private static final long WALK_FIRST_FRAGMENT_BIT = 1L << 40;

    /** RFC 8200, 4.2: a unit of eight bytes, the first not counted. */
    private static final int MIN_EXTENSION_LENGTH_BYTES = 8;

    private static final int EXTENSION_LENGTH_OFFSET = 1;
    private static final int SEGMENTS_LEFT_OFFSET = 3;
    private static final int FRAGMENT_FIELD_OFFSET = 2;
    private static final int FRAGMENT_OFFSET_MASK = 0xFFF8;
    private static final int MORE_FRAGMENTS = 1;

    private Ipv6Header() {}

    /** 6, if this is an IPv6 header at all. */
    public static int version(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset) >>> 4;
    }

    /** DSCP and ECN (RFC 2474, RFC 3168). */
    public static int trafficClass(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + FIRST_WORD_OFFSET) >>> 20 & 0xFF;
    }

    /** 20 bits. */
    public static int flowLabel(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + FIRST_WORD_OFFSET) & 0xF_FFFF;
    }

    /** Bytes behind this header, extension headers included. */
    public static int payloadLength(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + PAYLOAD_LENGTH_OFFSET);
    }

    static void payloadLength(final MemorySegment segment, final long offset, final int payloadLength) {
        NetworkOrder.putShort(segment, offset + PAYLOAD_LENGTH_OFFSET, payloadLength);
    }

    public static int nextHeader(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + NEXT_HEADER_OFFSET);
    }

    public static int hopLimit(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + HOP_LIMIT_OFFSET);
    }

    static void hopLimit(final MemorySegment segment, final long offset, final int hopLimit) {
        NetworkOrder.putByte(segment, offset + HOP_LIMIT_OFFSET, hopLimit);
    }

    public static long sourceHigh(final MemorySegment segment, final long offset) {
        return NetworkOrder.getLong(segment, offset + SOURCE_OFFSET);
    }

    public static long sourceLow(final MemorySegment segment, final long offset) {
        return NetworkOrder.getLong(segment, offset + SOURCE_OFFSET + 8);
    }

    static void source(final MemorySegment segment, final long offset, final long high, final long low) {
        NetworkOrder.putLong(segment, offset + SOURCE_OFFSET, high);
        NetworkOrder.putLong(segment, offset + SOURCE_OFFSET + 8, low);
    }

    public static long destinationHigh(final MemorySegment segment, final long offset) {
        return NetworkOrder.getLong(segment, offset + DESTINATION_OFFSET);
    }

    public static long destinationLow(final MemorySegment segment, final long offset) {
        return NetworkOrder.getLong(segment, offset + DESTINATION_OFFSET + 8);
    }

    static void destination(final MemorySegment segment, final long offset, final long high, final long low) {
        NetworkOrder.putLong(segment, offset + DESTINATION_OFFSET, high);
        NetworkOrder.putLong(segment, offset + DESTINATION_OFFSET + 8, low);
    }

    /**
     * Writes a header without extension headers, traffic class and flow label 0.
     *
     * @param payloadLength bytes behind the header, 0..65535
     */
    public static void write(
            final MemorySegment segment,
            final long offset,
            final int payloadLength,
            final int nextHeader,
            final int hopLimit,
            final long sourceHigh,
            final long sourceLow,
            final long destinationHigh,
            final long destinationLow) {
        NetworkOrder.putInt(segment, offset + FIRST_WORD_OFFSET, VERSION << 28);
        payloadLength(segment, offset, payloadLength);
        NetworkOrder.putByte(segment, offset + NEXT_HEADER_OFFSET, nextHeader);
        hopLimit(segment, offset, hopLimit);
        source(segment, offset, sourceHigh, sourceLow);
        destination(segment, offset, destinationHigh, destinationLow);
    }

    /**
     * Walks from the end of the header at {@code offset} to the first header that is no extension header.
     *
     * @param end the first byte that must not be read; at least {@code offset + LENGTH_BYTES}
     * @return one of the negative results, or the {@link #walkedProtocol}, the {@link #walkedLength} and whether it was a
     *     {@link #walkedFirstFragment}, packed
     */
    static long walk(final MemorySegment segment, final long offset, final long end) {
        int nextHeader = nextHeader(segment, offset);
        long position = offset + LENGTH_BYTES;
        long firstFragment = 0;
        for (int headers = 0; isExtension(nextHeader); headers++) {
            if (headers == MAX_EXTENSION_HEADERS) {
                return WALK_UNSUPPORTED;
            }
            if (end - position < MIN_EXTENSION_LENGTH_BYTES) {
                return WALK_TRUNCATED;
            }
            int length = (NetworkOrder.getUnsignedByte(segment, position + EXTENSION_LENGTH_OFFSET) + 1) << 3;
            switch (nextHeader) {
                case NEXT_FRAGMENT -> {
                    length = MIN_EXTENSION_LENGTH_BYTES;
                    final int field = NetworkOrder.getUnsignedShort(segment, position + FRAGMENT_FIELD_OFFSET);
                    if ((field & FRAGMENT_OFFSET_MASK) != 0) {
                        return WALK_LATER_FRAGMENT;
                    }
                    if ((field & MORE_FRAGMENTS) != 0) { // neither: a whole packet (RFC 6946)
                        firstFragment = WALK_FIRST_FRAGMENT_BIT;
                    }
                }
                case NEXT_ROUTING -> {
                    // With segments left the destination is not the last one, which the TCP checksum is made for.
                    if (NetworkOrder.getUnsignedByte(segment, position + SEGMENTS_LEFT_OFFSET) != 0) {
                        return WALK_UNSUPPORTED;
                    }
                }
                case NEXT_AUTHENTICATION -> // RFC 4302, 2.2: units of four bytes, the first two not counted
                    length = (NetworkOrder.getUnsignedByte(segment, position + EXTENSION_LENGTH_OFFSET) + 2) << 2;
                default -> {}
            }
            nextHeader = NetworkOrder.getUnsignedByte(segment, position);
            position += length;
            if (position > end) {
                return WALK_TRUNCATED;
            }
        }
        return firstFragment | (long) nextHeader << 32 | (position - offset);
    }

    /** The next-header value that a {@link #walk} ended at. */
    static int walkedProtocol(final long walked) {
        return (int) (walked >>> 32) & 0xFF;
    }

    /** Bytes of the header and all extension headers that a {@link #walk} went over. */
    static int walkedLength(final long walked) {
        return (int) walked;
    }

    /** Whether a {@link #walk} met the first one of several fragments. */
    static boolean walkedFirstFragment(final long walked) {
        return (walked & WALK_FIRST_FRAGMENT_BIT) != 0;
    }

    private static boolean isExtension(final int nextHeader) {
        return switch (nextHeader) {
            case NEXT_HOP_BY_HOP, NEXT_ROUTING, NEXT_FRAGMENT, NEXT_AUTHENTICATION, NEXT_DESTINATION_OPTIONS -> true;
            default -> false;
        };
    }

    /** Every field, for a person; allocates. */
    public static String toString(final MemorySegment segment, final long offset) {
        return "IPv6 %s -> %s trafficClass=0x%02x flowLabel=0x%05x payloadLength=%d nextHeader=%d hopLimit=%d"
                .formatted(
                        new IpAddress(true, sourceHigh(segment, offset), sourceLow(segment, offset)),
                        new IpAddress(true, destinationHigh(segment, offset), destinationLow(segment, offset)),
                        trafficClass(segment, offset),
                        flowLabel(segment, offset),
                        payloadLength(segment, offset),
                        nextHeader(segment, offset),
                        hopLimit(segment, offset));
    }
}
