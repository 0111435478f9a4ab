package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * The UDP header (RFC 768).
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          Source port          |       Destination port        |
 *  +-------------------------------+-------------------------------+
 *  |             Length            |           Checksum            |
 *  +-------------------------------+-------------------------------+
 * </pre>
 */
public final class UdpHeader {
    /** Bytes of the header. */
    public static final int LENGTH_BYTES = 8;

    static final int SOURCE_PORT_OFFSET = 0;
    static final int DESTINATION_PORT_OFFSET = 2;
    static final int LENGTH_OFFSET = 4;
    static final int CHECKSUM_OFFSET = 6;

    private UdpHeader() {}

    public static int sourcePort(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + SOURCE_PORT_OFFSET);
    }

    public static int destinationPort(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + DESTINATION_PORT_OFFSET);
    }

    /** Bytes of header and payload as the header claims. */
    public static int length(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + LENGTH_OFFSET);
    }

    /** 0 in IPv4: the sender made none. */
    public static int checksum(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + CHECKSUM_OFFSET);
    }

    /**
     * Writes a header.
     *
     * @param length bytes of header and payload, 8..65535
     * @param checksum as computed; a computed 0 has to be given as 0xFFFF
     */
    public static void write(
            final MemorySegment segment,
            final long offset,
            final int sourcePort,
            final int destinationPort,
            final int length,
            final int checksum) {
        NetworkOrder.putShort(segment, offset + SOURCE_PORT_OFFSET, sourcePort);
        NetworkOrder.putShort(segment, offset + DESTINATION_PORT_OFFSET, destinationPort);
        NetworkOrder.putShort(segment, offset + LENGTH_OFFSET, length);
        NetworkOrder.putShort(segment, offset + CHECKSUM_OFFSET, checksum);
    }

    /** Every field, for a person; allocates. */
    public static String toString(final MemorySegment segment, final long offset) {
        return "UDP %d -> %d length=%d checksum=0x%04x"
                .formatted(
                        sourcePort(segment, offset),
                        destinationPort(segment, offset),
                        length(segment, offset),
                        checksum(segment, offset));
    }
}
