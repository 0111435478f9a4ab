package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.getInt;
import static org.ilbd.core.packet.NetworkOrder.getLong;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedByte;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedShort;
import static org.ilbd.core.packet.NetworkOrder.putByte;
import static org.ilbd.core.packet.NetworkOrder.putInt;
import static org.ilbd.core.packet.NetworkOrder.putLong;
import static org.ilbd.core.packet.NetworkOrder.putShort;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.IpAddress;

/**
 * An ID message, the heartbeat: I am here, in this state, with this load. Big-endian.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |               MessageHeader (32 bytes) ...
 *  +---------------+---------------+-------------------------------+
 *  |     State     |    Id kind    |          Load count           |
 *  +---------------+---------------+-------------------------------+
 *  |                      Broadcast sequence                       |
 *  +---------------------------------------------------------------+
 *  |        Id (16 bytes; index and IPv4 in the last four)         |
 *  |                                                               |
 *  |                                                               |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                          View digest                          |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                     Configuration digest                      |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |  Load count x { Server key (8 bytes), Connections (4) } ...
 * </pre>
 *
 * <p>State: 1 JOINING, 2 ACTIVE, 3 LEAVING. Id kind: 1 index, 4 IPv4, 6 IPv6. The broadcast sequence is that of the last
 * broadcast of associations, 0 before the first, so that the loss of the last one is noticed as well. Bytes after the last
 * load are not looked at: there is room for what a later release adds.
 */
public final class IdMessage {
    /** Not yet an owner. */
    public static final int JOINING = 1;
    /** Owns connections. */
    public static final int ACTIVE = 2;
    /** Owns no more. */
    public static final int LEAVING = 3;

    /** The id is an index. */
    public static final int INDEX_KIND = 1;
    /** The id is an IPv4 address. */
    public static final int IPV4_KIND = 4;
    /** The id is an IPv6 address. */
    public static final int IPV6_KIND = 6;

    public static final int STATE_OFFSET = MessageHeader.LENGTH_BYTES;
    public static final int ID_KIND_OFFSET = MessageHeader.LENGTH_BYTES + 1;
    public static final int LOAD_COUNT_OFFSET = MessageHeader.LENGTH_BYTES + 2;
    public static final int BROADCAST_SEQUENCE_OFFSET = MessageHeader.LENGTH_BYTES + 4;
    public static final int ID_OFFSET = MessageHeader.LENGTH_BYTES + 8;
    public static final int VIEW_DIGEST_OFFSET = MessageHeader.LENGTH_BYTES + 24;
    public static final int CONFIGURATION_DIGEST_OFFSET = MessageHeader.LENGTH_BYTES + 32;
    public static final int LOADS_OFFSET = MessageHeader.LENGTH_BYTES + 40;

    public static final int LOAD_LENGTH_BYTES = 12;
    private static final int LOAD_CONNECTIONS_OFFSET = 8;

    /** The most loads of one message; a longer list goes round over several. 72 + 100 x 12 = 1,272 bytes. */
    public static final int MAX_LOADS = 100;

    /** The longest message that is written, in bytes. */
    public static final int MAX_LENGTH_BYTES = LOADS_OFFSET + MAX_LOADS * LOAD_LENGTH_BYTES;

    private static final long LOW_FOUR_BYTES = 0xFFFF_FFFFL;

    private MemorySegment segment = MemorySegment.NULL;
    private long offset;
    private int loadCount;

    /** Holds nothing until it has decoded. */
    public IdMessage() {}

    /**
     * Writes a message with no loads yet; returns its length.
     *
     * @param state {@link #JOINING}, {@link #ACTIVE} or {@link #LEAVING}
     */
    public static int encode(
            MemorySegment segment,
            long offset,
            IlbId id,
            long incarnation,
            int state,
            int broadcastSequence,
            long viewDigest,
            long configurationDigest) {
        MessageHeader.encode(segment, offset, MessageType.ID, id.tag(), incarnation);
        putByte(segment, offset + STATE_OFFSET, state);
        putByte(segment, offset + ID_KIND_OFFSET, kindOf(id));
        putShort(segment, offset + LOAD_COUNT_OFFSET, 0);
        putInt(segment, offset + BROADCAST_SEQUENCE_OFFSET, broadcastSequence);
        putLong(segment, offset + ID_OFFSET, id.high());
        putLong(segment, offset + ID_OFFSET + Long.BYTES, id.low());
        putLong(segment, offset + VIEW_DIGEST_OFFSET, viewDigest);
        putLong(segment, offset + CONFIGURATION_DIGEST_OFFSET, configurationDigest);
        return LOADS_OFFSET;
    }

    /**
     * Appends the load of a server to a message that {@link #encode} began; returns the message's new length, or 0, and
     * nothing is done, if it has {@link #MAX_LOADS} already.
     *
     * @param serverKey names the server, the same in all ILBs
     * @param connections to it that the sender owns, 0..2<sup>31</sup>-1
     */
    public static int appendLoad(MemorySegment segment, long offset, long serverKey, int connections) {
        int count = getUnsignedShort(segment, offset + LOAD_COUNT_OFFSET);
        if (count >= MAX_LOADS) {
            return 0;
        }
        int at = LOADS_OFFSET + count * LOAD_LENGTH_BYTES;
        putLong(segment, offset + at, serverKey);
        putInt(segment, offset + at + LOAD_CONNECTIONS_OFFSET, connections);
        putShort(segment, offset + LOAD_COUNT_OFFSET, count + 1);
        return at + LOAD_LENGTH_BYTES;
    }

    /** The byte on the wire for the kind of an id. */
    public static int kindOf(IlbId id) {
        if (id.isIndex()) {
            return INDEX_KIND;
        }
        return id.isIpv6() ? IPV6_KIND : IPV4_KIND;
    }

    /** Reads a datagram. The accessors read from the segment, which must stay as it is as long as they are used. */
    public DecodeResult decode(MemorySegment segment, long offset, int length) {
        DecodeResult result = MessageHeader.check(segment, offset, length, MessageType.ID);
        if (result != DecodeResult.OK) {
            return result;
        }
        if (length < LOADS_OFFSET) {
            return DecodeResult.TRUNCATED;
        }
        int loads = getUnsignedShort(segment, offset + LOAD_COUNT_OFFSET);
        if (length - LOADS_OFFSET < loads * LOAD_LENGTH_BYTES) {
            return DecodeResult.TRUNCATED;
        }
        int state = getUnsignedByte(segment, offset + STATE_OFFSET);
        if (state < JOINING || state > LEAVING || !isValidId(segment, offset)) {
            return DecodeResult.BAD_VALUE;
        }
        for (int i = 0; i < loads; i++) {
            if (getInt(segment, offset + LOADS_OFFSET + (long) i * LOAD_LENGTH_BYTES + LOAD_CONNECTIONS_OFFSET) < 0) {
                return DecodeResult.BAD_VALUE;
            }
        }
        this.segment = segment;
        this.offset = offset;
        this.loadCount = loads;
        return DecodeResult.OK;
    }

    private static boolean isValidId(MemorySegment segment, long offset) {
        return switch (getUnsignedByte(segment, offset + ID_KIND_OFFSET)) {
            case INDEX_KIND, IPV4_KIND ->
                getLong(segment, offset + ID_OFFSET) == 0
                        && (getLong(segment, offset + ID_OFFSET + Long.BYTES) & ~LOW_FOUR_BYTES) == 0;
            case IPV6_KIND -> true;
            default -> false;
        };
    }

    /** {@link MessageHeader#senderTag}. */
    public int senderTag() {
        return MessageHeader.senderTag(segment, offset);
    }

    /** {@link MessageHeader#incarnation}. */
    public long incarnation() {
        return MessageHeader.incarnation(segment, offset);
    }

    /** {@link MessageHeader#counter}. */
    public long counter() {
        return MessageHeader.counter(segment, offset);
    }

    /** {@link #JOINING}, {@link #ACTIVE} or {@link #LEAVING}. */
    public int state() {
        return getUnsignedByte(segment, offset + STATE_OFFSET);
    }

    /** {@link #INDEX_KIND}, {@link #IPV4_KIND} or {@link #IPV6_KIND}. */
    public int idKind() {
        return getUnsignedByte(segment, offset + ID_KIND_OFFSET);
    }

    /** The first eight bytes of the id; 0 for an index and for IPv4. */
    public long idHigh() {
        return getLong(segment, offset + ID_OFFSET);
    }

    /** The last eight bytes of the id; an index or an IPv4 address as 0..2^32-1. */
    public long idLow() {
        return getLong(segment, offset + ID_OFFSET + Long.BYTES);
    }

    /** The sender's id as a value of its own; allocates. Whether it belongs to the tag is not checked. */
    public IlbId id() {
        return switch (idKind()) {
            case INDEX_KIND -> IlbId.ofIndex((int) idLow());
            case IPV4_KIND -> IlbId.of(IpAddress.ofIpv4((int) idLow()));
            default -> IlbId.of(new IpAddress(true, idHigh(), idLow()));
        };
    }

    /** The sequence of the sender's last broadcast of associations. */
    public int broadcastSequence() {
        return getInt(segment, offset + BROADCAST_SEQUENCE_OFFSET);
    }

    /** Equal when two ILBs see the same view. */
    public long viewDigest() {
        return getLong(segment, offset + VIEW_DIGEST_OFFSET);
    }

    /** Equal when two ILBs have the same services configured. */
    public long configurationDigest() {
        return getLong(segment, offset + CONFIGURATION_DIGEST_OFFSET);
    }

    public int loadCount() {
        return loadCount;
    }

    /** @param index 0..{@link #loadCount()}-1 */
    public long loadServerKey(int index) {
        return getLong(segment, loadOffset(index));
    }

    /** @param index 0..{@link #loadCount()}-1 */
    public int loadConnections(int index) {
        return getInt(segment, loadOffset(index) + LOAD_CONNECTIONS_OFFSET);
    }

    private long loadOffset(int index) {
        return offset + LOADS_OFFSET + (long) Objects.checkIndex(index, loadCount) * LOAD_LENGTH_BYTES;
    }

    @Override
    public String toString() {
        if (segment.byteSize() == 0) {
            return "ID nothing decoded";
        }
        StringBuilder text = new StringBuilder(256)
                .append("ID ")
                .append(MessageHeader.toString(segment, offset))
                .append(" state=")
                .append(state())
                .append(" id=")
                .append(id())
                .append(" broadcastSequence=")
                .append(Integer.toUnsignedString(broadcastSequence()))
                .append(" viewDigest=0x")
                .append(Long.toHexString(viewDigest()))
                .append(" configurationDigest=0x")
                .append(Long.toHexString(configurationDigest()))
                .append(" loads=[");
        for (int i = 0; i < loadCount; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append("0x")
                    .append(Long.toHexString(loadServerKey(i)))
                    .append('=')
                    .append(loadConnections(i));
        }
        return text.append(']').toString();
    }
}
