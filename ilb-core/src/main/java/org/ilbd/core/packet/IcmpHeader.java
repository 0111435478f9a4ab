package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * The header of ICMP (RFC 792) and of ICMPv6 (RFC 4443, 2.1). Behind that of an error the packet that caused it is quoted.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+-------------------------------+
 *  |      Type     |      Code     |            Checksum           |
 *  +---------------+---------------+-------------------------------+
 *  |                      Depends on the type                      |
 *  +---------------------------------------------------------------+
 * </pre>
 */
public final class IcmpHeader {
    /** Bytes of the header. */
    public static final int LENGTH_BYTES = 8;

    /** ICMP type (RFC 792). */
    public static final int ECHO_REPLY = 0;
    /** ICMP type (RFC 792). */
    public static final int DESTINATION_UNREACHABLE = 3;
    /** Code of {@link #DESTINATION_UNREACHABLE}: the path's MTU is in the last two bytes of the header (RFC 1191, 4). */
    public static final int FRAGMENTATION_NEEDED = 4;
    /** ICMP type (RFC 792). */
    public static final int ECHO_REQUEST = 8;
    /** ICMP type (RFC 792). */
    public static final int TIME_EXCEEDED = 11;
    /** ICMP type (RFC 792). */
    public static final int PARAMETER_PROBLEM = 12;

    /** ICMPv6 type (RFC 4443, 3.2): the path's MTU is in the last four bytes of the header. */
    public static final int V6_PACKET_TOO_BIG = 2;
    /** ICMPv6 type (RFC 4443, 4.1). */
    public static final int V6_ECHO_REQUEST = 128;
    /** ICMPv6 type (RFC 4443, 4.2). */
    public static final int V6_ECHO_REPLY = 129;

    static final int TYPE_OFFSET = 0;
    static final int CODE_OFFSET = 1;
    static final int CHECKSUM_OFFSET = 2;
    static final int REST_OFFSET = 4;

    private static final int V6_DESTINATION_UNREACHABLE = 1;
    private static final int V6_PARAMETER_PROBLEM = 4;

    private IcmpHeader() {}

    public static int type(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + TYPE_OFFSET);
    }

    static void type(final MemorySegment segment, final long offset, final int type) {
        NetworkOrder.putByte(segment, offset + TYPE_OFFSET, type);
    }

    public static int code(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + CODE_OFFSET);
    }

    public static int checksum(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + CHECKSUM_OFFSET);
    }

    static void checksum(final MemorySegment segment, final long offset, final int checksum) {
        NetworkOrder.putShort(segment, offset + CHECKSUM_OFFSET, checksum);
    }

    /** The last four bytes of the header. */
    public static int rest(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + REST_OFFSET);
    }

    /** Whether an ICMP message of this type quotes a packet that a host has to be told about; not a redirect. */
    static boolean isError(final int type, final boolean ipv6) {
        if (ipv6) {
            return type >= V6_DESTINATION_UNREACHABLE && type <= V6_PARAMETER_PROBLEM;
        }
        return type == DESTINATION_UNREACHABLE || type == TIME_EXCEEDED || type == PARAMETER_PROBLEM;
    }

    /** Every field, for a person; allocates. */
    public static String toString(final MemorySegment segment, final long offset) {
        return "ICMP type=%d code=%d checksum=0x%04x rest=0x%08x"
                .formatted(
                        type(segment, offset), code(segment, offset), checksum(segment, offset), rest(segment, offset));
    }
}
