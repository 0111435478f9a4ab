package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.getInt;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedByte;
import static org.ilbd.core.packet.NetworkOrder.putByte;
import static org.ilbd.core.packet.NetworkOrder.putInt;
import static org.ilbd.core.packet.NetworkOrder.putShort;

import java.lang.foreign.MemorySegment;

/**
 * A FORWARD message: a client's packet on its way from one ILB to another, big-endian.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |               MessageHeader (32 bytes) ...
 *  +---------------+-------------+-+-------------------------------+
 *  |      Hop      |      0      |A|           Reserved            |
 *  +---------------+-------------+-+-------------------------------+
 *  |              Visited 0: tag of the first ILB                  |
 *  +---------------------------------------------------------------+
 *  |          Visited 1: tag of the second ILB, from hop 2 on      |
 *  +---------------------------------------------------------------+
 *  |      AssociationRecord, with A (24 to 64 bytes) ...
 *  +---------------------------------------------------------------+
 *  |      The IP packet, to the end of the datagram ...
 * </pre>
 *
 * <p>Hop 1 is the way from the first ILB to the second, hop 2 from the second to the third; there is no further one. The
 * decoder looks at the packet's length only: whether it is a packet, and the one that the association is about, is the
 * receiver's to find out.
 */
public final class ForwardHeader {
    /** The last hop there is: no packet visits more than three ILBs. */
    public static final int MAX_HOP = 2;

    public static final int HOP_OFFSET = MessageHeader.LENGTH_BYTES;
    public static final int FLAGS_OFFSET = MessageHeader.LENGTH_BYTES + 1;
    public static final int RESERVED_OFFSET = MessageHeader.LENGTH_BYTES + 2;
    public static final int VISITED_0_OFFSET = MessageHeader.LENGTH_BYTES + 4;
    public static final int VISITED_1_OFFSET = MessageHeader.LENGTH_BYTES + 8;
    /** Where the association is, if there is one, otherwise the packet. */
    public static final int ASSOCIATION_OFFSET = MessageHeader.LENGTH_BYTES + 12;

    /** In the flags: an association is present. */
    public static final int ASSOCIATION_FLAG = 0x01;

    /** The most bytes in front of the packet. */
    public static final int MAX_LENGTH_BYTES = ASSOCIATION_OFFSET + AssociationRecord.MAX_LENGTH_BYTES;

    /** The shortest packet there is: an IPv4 header (RFC 791, 3.1). */
    private static final int MIN_PACKET_BYTES = 20;

    private final AssociationRecord association = new AssociationRecord();
    private int hop;
    private int visited0;
    private int visited1;
    private boolean hasAssociation;
    private long packetOffset;
    private int packetLength;

    /** Holds nothing until it has decoded. */
    public ForwardHeader() {}

    /** Bytes in front of the packet, the {@link MessageHeader} included. */
    public static int lengthBytes(boolean association, boolean ipv6) {
        return association ? ASSOCIATION_OFFSET + AssociationRecord.lengthBytes(ipv6) : ASSOCIATION_OFFSET;
    }

    /**
     * Writes everything up to {@link #ASSOCIATION_OFFSET}, where the caller goes on with an
     * {@link AssociationRecord#encode association} if it has announced one, and then the packet.
     *
     * @param hop 1 or 2
     * @param visited0 tag of the ILB that received the packet first
     * @param visited1 tag of the second ILB; written as 0 with hop 1
     * @return {@link #ASSOCIATION_OFFSET}
     */
    public static int encode(
            MemorySegment segment,
            long offset,
            int senderTag,
            long incarnation,
            int hop,
            int visited0,
            int visited1,
            boolean association) {
        MessageHeader.encode(segment, offset, MessageType.FORWARD, senderTag, incarnation);
        putByte(segment, offset + HOP_OFFSET, hop);
        putByte(segment, offset + FLAGS_OFFSET, association ? ASSOCIATION_FLAG : 0);
        putShort(segment, offset + RESERVED_OFFSET, 0);
        putInt(segment, offset + VISITED_0_OFFSET, visited0);
        putInt(segment, offset + VISITED_1_OFFSET, hop == MAX_HOP ? visited1 : 0);
        return ASSOCIATION_OFFSET;
    }

    /** Reads a datagram into this object, which keeps no reference to the segment. */
    public DecodeResult decode(MemorySegment segment, long offset, int length) {
        DecodeResult result = MessageHeader.check(segment, offset, length, MessageType.FORWARD);
        if (result != DecodeResult.OK) {
            return result;
        }
        if (length < ASSOCIATION_OFFSET) {
            return DecodeResult.TRUNCATED;
        }
        hop = getUnsignedByte(segment, offset + HOP_OFFSET);
        int flags = getUnsignedByte(segment, offset + FLAGS_OFFSET);
        if (hop < 1 || hop > MAX_HOP || (flags & ~ASSOCIATION_FLAG) != 0) {
            return DecodeResult.BAD_VALUE;
        }
        visited0 = getInt(segment, offset + VISITED_0_OFFSET);
        visited1 = getInt(segment, offset + VISITED_1_OFFSET);
        hasAssociation = (flags & ASSOCIATION_FLAG) != 0;
        int before = ASSOCIATION_OFFSET;
        if (hasAssociation) {
            result = association.decode(segment, offset + ASSOCIATION_OFFSET, length - ASSOCIATION_OFFSET);
            if (result != DecodeResult.OK) {
                return result;
            }
            before += association.lengthBytes();
        }
        packetOffset = offset + before;
        packetLength = length - before;
        return packetLength < MIN_PACKET_BYTES ? DecodeResult.TRUNCATED : DecodeResult.OK;
    }

    /** 1 or 2. */
    public int hop() {
        return hop;
    }

    /** Tag of the ILB that received the packet first. */
    public int visited0() {
        return visited0;
    }

    /** Tag of the second ILB; nothing with hop 1. */
    public int visited1() {
        return visited1;
    }

    /** Whether the ILB with this tag has had the packet already. */
    public boolean hasVisited(int tag) {
        return visited0 == tag || (hop == MAX_HOP && visited1 == tag);
    }

    public boolean hasAssociation() {
        return hasAssociation;
    }

    /** The association; only if {@link #hasAssociation()}. This object's own, refilled by the next decoding. */
    public AssociationRecord association() {
        return association;
    }

    /** Where in the segment the packet starts. */
    public long packetOffset() {
        return packetOffset;
    }

    /** Bytes from there to the end of the datagram, 20 or more. */
    public int packetLength() {
        return packetLength;
    }

    @Override
    public String toString() {
        return "FORWARD hop=" + hop
                + " visited0=0x" + Integer.toHexString(visited0)
                + " visited1=0x" + Integer.toHexString(visited1)
                + " association=" + (hasAssociation ? "[" + association + "]" : "none")
                + " packetOffset=" + packetOffset
                + " packetLength=" + packetLength;
    }
}
