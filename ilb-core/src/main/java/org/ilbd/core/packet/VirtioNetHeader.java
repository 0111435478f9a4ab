package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The header that the kernel puts in front of a packet on a TUN device with {@code IFF_VNET_HDR} and on a packet socket
 * with {@code PACKET_VNET_HDR}: what is left to do for the packet's checksum and segmentation (virtio 1.2, 5.1.6;
 * {@code linux/virtio_net.h}). The legacy form, so in the byte order of the machine.
 *
 * <pre>
 *   0       1          2               4           6                8                 10
 *  +-------+----------+---------------+-----------+----------------+-----------------+
 *  | flags | GSO type | header length | GSO size  | checksum start | checksum offset |
 *  +-------+----------+---------------+-----------+----------------+-----------------+
 * </pre>
 *
 * <p>Checksum start and header length count from the first byte behind this header: from the IP header on a TUN device,
 * from the Ethernet header on a packet socket.
 */
public final class VirtioNetHeader {
    /** Bytes of the header. */
    public static final int LENGTH_BYTES = 10;

    /** Flag: the checksum field holds the folded pseudo-header sum; the rest, from checksum start on, is to be added. */
    public static final int NEEDS_CSUM = 1;
    /** Flag: the checksum was verified by whoever received the packet. */
    public static final int DATA_VALID = 2;

    /** GSO type: one packet. */
    public static final int GSO_NONE = 0;
    /** GSO type: to be cut into IPv4 TCP segments. */
    public static final int GSO_TCPV4 = 1;
    /** GSO type: to be cut into IPv6 TCP segments. */
    public static final int GSO_TCPV6 = 4;
    /** Bit of the GSO type: the segments carry ECN, so CWR goes on the first one only. */
    public static final int GSO_ECN = 0x80;

    private static final int FLAGS_OFFSET = 0;
    private static final int GSO_TYPE_OFFSET = 1;
    private static final int HEADER_LENGTH_OFFSET = 2;
    private static final int GSO_SIZE_OFFSET = 4;
    private static final int CHECKSUM_START_OFFSET = 6;
    private static final int CHECKSUM_OFFSET_OFFSET = 8;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.nativeOrder()).withByteAlignment(1);

    private VirtioNetHeader() {}

    /** {@link #NEEDS_CSUM}, {@link #DATA_VALID}. */
    public static int flags(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + FLAGS_OFFSET);
    }

    public static void flags(final MemorySegment segment, final long offset, final int flags) {
        NetworkOrder.putByte(segment, offset + FLAGS_OFFSET, flags);
    }

    /** One of the GSO types, with or without {@link #GSO_ECN}. */
    public static int gsoType(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + GSO_TYPE_OFFSET);
    }

    public static void gsoType(final MemorySegment segment, final long offset, final int gsoType) {
        NetworkOrder.putByte(segment, offset + GSO_TYPE_OFFSET, gsoType);
    }

    /** Bytes of all headers up to the payload: a hint that may be short or 0. */
    public static int headerLength(final MemorySegment segment, final long offset) {
        return segment.get(SHORT, offset + HEADER_LENGTH_OFFSET) & 0xFFFF;
    }

    public static void headerLength(final MemorySegment segment, final long offset, final int headerLength) {
        segment.set(SHORT, offset + HEADER_LENGTH_OFFSET, (short) headerLength);
    }

    /** Bytes of TCP payload in each segment but the last. */
    public static int gsoSize(final MemorySegment segment, final long offset) {
        return segment.get(SHORT, offset + GSO_SIZE_OFFSET) & 0xFFFF;
    }

    public static void gsoSize(final MemorySegment segment, final long offset, final int gsoSize) {
        segment.set(SHORT, offset + GSO_SIZE_OFFSET, (short) gsoSize);
    }

    /** Where the sum that is still to be added begins. */
    public static int checksumStart(final MemorySegment segment, final long offset) {
        return segment.get(SHORT, offset + CHECKSUM_START_OFFSET) & 0xFFFF;
    }

    public static void checksumStart(final MemorySegment segment, final long offset, final int checksumStart) {
        segment.set(SHORT, offset + CHECKSUM_START_OFFSET, (short) checksumStart);
    }

    /** Where the checksum field lies, counted from {@link #checksumStart}. */
    public static int checksumOffset(final MemorySegment segment, final long offset) {
        return segment.get(SHORT, offset + CHECKSUM_OFFSET_OFFSET) & 0xFFFF;
    }

    public static void checksumOffset(final MemorySegment segment, final long offset, final int checksumOffset) {
        segment.set(SHORT, offset + CHECKSUM_OFFSET_OFFSET, (short) checksumOffset);
    }

    /** All zero: a packet that is complete as it is. */
    public static void clear(final MemorySegment segment, final long offset) {
        NetworkOrder.putLong(segment, offset, 0);
        NetworkOrder.putShort(segment, offset + CHECKSUM_OFFSET_OFFSET, 0);
    }

    /** Whether the checksum {@code field} bytes behind {@code start} (from the packet's first byte) is a partial one. */
    static boolean isPartial(final MemorySegment segment, final long offset, final long start, final int field) {
        return (flags(segment, offset) & NEEDS_CSUM) != 0
                && checksumStart(segment, offset) == start
                && checksumOffset(segment, offset) == field;
    }

    /** Every field, for a person; allocates. */
    public static String toString(final MemorySegment segment, final long offset) {
        return "virtio-net flags=%d gsoType=%d headerLength=%d gsoSize=%d checksumStart=%d checksumOffset=%d"
                .formatted(
                        flags(segment, offset),
                        gsoType(segment, offset),
                        headerLength(segment, offset),
                        gsoSize(segment, offset),
                        checksumStart(segment, offset),
                        checksumOffset(segment, offset));
    }
}
