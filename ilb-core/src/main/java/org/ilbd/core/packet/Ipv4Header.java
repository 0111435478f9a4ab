package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * The IPv4 header (RFC 791, 3.1).
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---------------+-------------------------------+
 *  |Version|  IHL  |Type of service|          Total length         |
 *  +-------+-------+---------------+-----+-------------------------+
 *  |         Identification        |Flags|      Fragment offset    |
 *  +---------------+---------------+-----+-------------------------+
 *  |  Time to live |    Protocol   |        Header checksum        |
 *  +---------------+---------------+-------------------------------+
 *  |                         Source address                        |
 *  +---------------------------------------------------------------+
 *  |                      Destination address                      |
 *  +---------------------------------------------------------------+
 *  |                    Options, 0 to 40 bytes                     |
 *  +---------------------------------------------------------------+
 * </pre>
 */
public final class Ipv4Header {
    /** The version in the first four bits. */
    public static final int VERSION = 4;
    /** Bytes of a header without options. */
    public static final int MIN_LENGTH_BYTES = 20;
    /** Bytes of a header with all the options it can hold. */
    public static final int MAX_LENGTH_BYTES = 60;
    /** Protocol number of ICMP (RFC 792). */
    public static final int PROTOCOL_ICMP = 1;
    /** Protocol number of TCP (RFC 9293, 3.1). */
    public static final int PROTOCOL_TCP = 6;
    /** Protocol number of UDP (RFC 768). */
    public static final int PROTOCOL_UDP = 17;
    /** Flag in {@link #fragment}: a router must not cut the packet. */
    public static final int DONT_FRAGMENT = 0x4000;
    /** Flag in {@link #fragment}: more fragments follow. */
    public static final int MORE_FRAGMENTS = 0x2000;
    /** The part of {@link #fragment} that is the offset, in units of eight bytes. */
    public static final int FRAGMENT_OFFSET_MASK = 0x1FFF;

    static final int VERSION_AND_LENGTH_OFFSET = 0;
    static final int TYPE_OF_SERVICE_OFFSET = 1;
    static final int TOTAL_LENGTH_OFFSET = 2;
    static final int IDENTIFICATION_OFFSET = 4;
    static final int FRAGMENT_OFFSET = 6;
    static final int TIME_TO_LIVE_OFFSET = 8;
    static final int PROTOCOL_OFFSET = 9;
    static final int CHECKSUM_OFFSET = 10;
    static final int SOURCE_OFFSET = 12;
    static final int DESTINATION_OFFSET = 16;

    private Ipv4Header() {}

    /** 4, if this is an IPv4 header at all. */
    public static int version(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + VERSION_AND_LENGTH_OFFSET) >>> 4;
    }

    /** Bytes of this header as it claims: 0..60, less than 20 being wrong. */
    public static int headerLength(final MemorySegment segment, final long offset) {
        return (NetworkOrder.getUnsignedByte(segment, offset + VERSION_AND_LENGTH_OFFSET) & 0xF) << 2;
    }

    /** DSCP and ECN (RFC 2474, RFC 3168). */
    public static int typeOfService(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + TYPE_OF_SERVICE_OFFSET);
    }

    /** Bytes of header and payload. */
    public static int totalLength(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + TOTAL_LENGTH_OFFSET);
    }

    static void totalLength(final MemorySegment segment, final long offset, final int totalLength) {
        NetworkOrder.putShort(segment, offset + TOTAL_LENGTH_OFFSET, totalLength);
    }

    public static int identification(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + IDENTIFICATION_OFFSET);
    }

    static void identification(final MemorySegment segment, final long offset, final int identification) {
        NetworkOrder.putShort(segment, offset + IDENTIFICATION_OFFSET, identification);
    }

    /** Flags and fragment offset: 16 bits. */
    public static int fragment(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + FRAGMENT_OFFSET);
    }

    public static int timeToLive(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + TIME_TO_LIVE_OFFSET);
    }

    public static int protocol(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + PROTOCOL_OFFSET);
    }

    public static int checksum(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + CHECKSUM_OFFSET);
    }

    static void checksum(final MemorySegment segment, final long offset, final int checksum) {
        NetworkOrder.putShort(segment, offset + CHECKSUM_OFFSET, checksum);
    }

    public static int source(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + SOURCE_OFFSET);
    }

    static void source(final MemorySegment segment, final long offset, final int source) {
        NetworkOrder.putInt(segment, offset + SOURCE_OFFSET, source);
    }

    public static int destination(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + DESTINATION_OFFSET);
    }

    static void destination(final MemorySegment segment, final long offset, final int destination) {
        NetworkOrder.putInt(segment, offset + DESTINATION_OFFSET, destination);
    }

    /** Computes the checksum over {@code headerLength} bytes and stores it. */
    static void updateChecksum(final MemorySegment segment, final long offset, final int headerLength) {
        checksum(segment, offset, 0);
        checksum(segment, offset, InternetChecksum.finish(InternetChecksum.sum(segment, offset, headerLength)));
    }

    /**
     * Writes a header without options, complete with its checksum.
     *
     * @param totalLength bytes of header and payload, 20..65535
     * @param fragment {@link #DONT_FRAGMENT} or 0
     */
    public static void write(
            final MemorySegment segment,
            final long offset,
            final int totalLength,
            final int identification,
            final int fragment,
            final int timeToLive,
            final int protocol,
            final int source,
            final int destination) {
        NetworkOrder.putShort(segment, offset, (VERSION << 4 | MIN_LENGTH_BYTES >>> 2) << 8);
        totalLength(segment, offset, totalLength);
        identification(segment, offset, identification);
        NetworkOrder.putShort(segment, offset + FRAGMENT_OFFSET, fragment);
        NetworkOrder.putByte(segment, offset + TIME_TO_LIVE_OFFSET, timeToLive);
        NetworkOrder.putByte(segment, offset + PROTOCOL_OFFSET, protocol);
        source(segment, offset, source);
        destination(segment, offset, destination);
        updateChecksum(segment, offset, MIN_LENGTH_BYTES);
    }

    /** Every field, for a person; allocates. */
    public static String toString(final MemorySegment segment, final long offset) {
        return "IPv4 %s -> %s headerLength=%d tos=0x%02x totalLength=%d id=%d fragment=0x%04x ttl=%d protocol=%d checksum=0x%04x"
                .formatted(
                        IpAddress.ofIpv4(source(segment, offset)),
                        IpAddress.ofIpv4(destination(segment, offset)),
                        headerLength(segment, offset),
                        typeOfService(segment, offset),
                        totalLength(segment, offset),
                        identification(segment, offset),
                        fragment(segment, offset),
                        timeToLive(segment, offset),
                        protocol(segment, offset),
                        checksum(segment, offset));
    }
}
