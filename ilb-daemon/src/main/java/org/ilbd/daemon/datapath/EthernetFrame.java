package org.ilbd.daemon.datapath;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.ilbd.core.packet.VirtioNetHeader;

/**
 * Turns an IP packet behind a virtio-net header into an Ethernet frame behind one, in place: the virtio-net header moves to the front by
 * an Ethernet header's length, and what it counts from its end grows by as much.
 *
 * <pre>
 *   from                    [virtio-net 10][IP packet ...
 *   to      [virtio-net 10][Ethernet 14   ][IP packet ...
 * </pre>
 */
final class EthernetFrame {
    /** IEEE 802.3: destination, source, type. */
    static final int HEADER_LENGTH_BYTES = 14;

    /** From the start of what is written out to the packet. */
    static final int PREFIX_LENGTH_BYTES = VirtioNetHeader.LENGTH_BYTES + HEADER_LENGTH_BYTES;

    private static final short ETHERTYPE_IPV4 = 0x0800;
    private static final short ETHERTYPE_IPV6 = (short) 0x86DD;
    private static final int TYPE_OFFSET = 12;

    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private EthernetFrame() {}

    /**
     * Prepends the header to the packet at {@code offset}.
     *
     * @param destination MAC address in the low 48 bits
     * @param source MAC address in the low 48 bits
     * @return the offset of the virtio-net header, from where to write
     */
    static long prepend(MemorySegment segment, long offset, boolean ipv6, long destination, long source) {
        long from = offset - VirtioNetHeader.LENGTH_BYTES;
        int flags = VirtioNetHeader.flags(segment, from);
        int gsoType = VirtioNetHeader.gsoType(segment, from);
        int headerLength = VirtioNetHeader.headerLength(segment, from);
        int gsoSize = VirtioNetHeader.gsoSize(segment, from);
        int checksumStart = VirtioNetHeader.checksumStart(segment, from);
        int checksumOffset = VirtioNetHeader.checksumOffset(segment, from);

        long to = offset - PREFIX_LENGTH_BYTES;
        VirtioNetHeader.flags(segment, to, flags);
        VirtioNetHeader.gsoType(segment, to, gsoType);
        VirtioNetHeader.headerLength(segment, to, headerLength == 0 ? 0 : headerLength + HEADER_LENGTH_BYTES);
        VirtioNetHeader.gsoSize(segment, to, gsoSize);
        boolean partial = (flags & VirtioNetHeader.NEEDS_CSUM) != 0;
        VirtioNetHeader.checksumStart(segment, to, partial ? checksumStart + HEADER_LENGTH_BYTES : 0);
        VirtioNetHeader.checksumOffset(segment, to, checksumOffset);

        long ethernet = offset - HEADER_LENGTH_BYTES;
        segment.set(LONG, ethernet, destination << 16 | (source >>> 32 & 0xFFFF));
        segment.set(INT, ethernet + Long.BYTES, (int) source);
        segment.set(SHORT, ethernet + TYPE_OFFSET, ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
        return to;
    }
}
