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
 *  |  Load count x 24 bytes:
 *  +---------------------------------------------------------------+
 *  |                          Server key                           |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                          Connections                          |
 *  +---------------------------------------------------------------+
 *  |                          Report age                           |
 *  +---------------------------------------------------------------+
 *  |                        Max connections                        |
 *  +-------------------------------+---------+-+-+-----------------+
 *  |             Load              |0 0|L|Adm|A|C| Weight per cent |
 *  +-------------------------------+---------+-+-+-----------------+
 *  |  Load of the sender's host    |
 *  +-------------------------------+
 * </pre>
 *
 * <p>State: 1 JOINING, 2 ACTIVE, 3 LEAVING. Id kind: 1 index, 4 IPv4, 6 IPv6. The broadcast sequence is that of the last
 * broadcast of associations, 0 before the first, so that the loss of the last one is noticed as well. Bytes after the host's
 * load are not looked at: there is room for what a later release adds.
 *
 * <p>C: the sender's own checks find the server down. L: the server is on the sender's own host. The report age says, in milliseconds, when an agent told the sender the
 * rest, or is {@link #NO_REPORT}: what agents say counts from the ILB that heard it last. Max connections: 0 for what is configured.
 * Load: per mille, or {@link #UNKNOWN_LOAD}, also that of the host. Adm: 0 ready, 1 drain, 2 maintenance. A: the agent says that the server is
 * down. Weight: 0 to 256 per cent of what is configured.
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

    public static final int LOAD_LENGTH_BYTES = 24;
    private static final int LOAD_CONNECTIONS_OFFSET = 8;
    private static final int LOAD_REPORT_AGE_OFFSET = 12;
    private static final int LOAD_MAX_CONNECTIONS_OFFSET = 16;
    private static final int LOAD_LOAD_OFFSET = 20;
    private static final int LOAD_FLAGS_OFFSET = 22;

    private static final int WEIGHT_MASK = 0x1FF;
    private static final int MAX_WEIGHT_PERCENT = 256;
    /** The sender's own checks find the server down. */
    public static final int CHECK_DOWN = 0x200;
    /** The agent says that the server is down. */
    public static final int AGENT_DOWN = 0x400;

    /** The server is on the sender's own host. */
    public static final int LOCAL = 0x2000;

    private static final int ADMINISTRATION_SHIFT = 11;
    private static final int ADMINISTRATION_MASK = 3;
    private static final int MAX_ADMINISTRATION = 2;

    /** Instead of an age: no agent has told the sender anything, or another ILB heard of it later. */
    public static final int NO_REPORT = -1;
    /** Instead of a load: none was reported, or too long ago. */
    public static final int UNKNOWN_LOAD = 0xFFFF;

    private static final int MAX_LOAD = 1_000;

    /** The most loads of one message; a longer list goes round over several. 72 + 50 x 24 + 2 = 1,274 bytes. */
    public static final int MAX_LOADS = 50;

    /** The longest message that is written, in bytes. */
    public static final int MAX_LENGTH_BYTES = LOADS_OFFSET + MAX_LOADS * LOAD_LENGTH_BYTES + Short.BYTES;

    private static final long LOW_FOUR_BYTES = 0xFFFF_FFFFL;

    private MemorySegment segment = MemorySegment.NULL;
    private long offset;
    private int loadCount;

    /** Holds nothing until it has decoded. */
    public IdMessage() {}

    /**
     * Writes a message with no loads yet; {@link #finish} completes it.
     *
     * @param state {@link #JOINING}, {@link #ACTIVE} or {@link #LEAVING}
     */
    public static void encode(
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
    }

    /**
     * Appends the load of a server to a message that {@link #encode} began; false, and nothing is done, if it has
     * {@link #MAX_LOADS} already.
     *
     * @param serverKey names the server, the same in all ILBs
     * @param connections to it that the sender owns, 0..2<sup>31</sup>-1
     * @param reportAgeMillis or {@link #NO_REPORT}
     * @param maxConnections 0 for what is configured
     * @param load 0..1000, or {@link #UNKNOWN_LOAD}
     * @param flags of {@link #flags}
     */
    public static boolean appendLoad(
            MemorySegment segment,
            long offset,
            long serverKey,
            int connections,
            int reportAgeMillis,
            int maxConnections,
            int load,
            int flags) {
        int count = getUnsignedShort(segment, offset + LOAD_COUNT_OFFSET);
        if (count >= MAX_LOADS) {
            return false;
        }
        int at = LOADS_OFFSET + count * LOAD_LENGTH_BYTES;
        putLong(segment, offset + at, serverKey);
        putInt(segment, offset + at + LOAD_CONNECTIONS_OFFSET, connections);
        putInt(segment, offset + at + LOAD_REPORT_AGE_OFFSET, reportAgeMillis);
        putInt(segment, offset + at + LOAD_MAX_CONNECTIONS_OFFSET, maxConnections);
        putShort(segment, offset + at + LOAD_LOAD_OFFSET, load);
        putShort(segment, offset + at + LOAD_FLAGS_OFFSET, flags);
        putShort(segment, offset + LOAD_COUNT_OFFSET, count + 1);
        return true;
    }

    /**
     * Completes a message up to its signature; returns its length.
     *
     * @param hostLoad of the sender's host, 0..1000 or {@link #UNKNOWN_LOAD}
     */
    public static int finish(MemorySegment segment, long offset, int hostLoad) {
        int at = LOADS_OFFSET + getUnsignedShort(segment, offset + LOAD_COUNT_OFFSET) * LOAD_LENGTH_BYTES;
        putShort(segment, offset + at, hostLoad);
        return at + Short.BYTES;
    }

    /** Whether a number is a load: 0..1000, or {@link #UNKNOWN_LOAD}. */
    static boolean isLoad(int perMille) {
        return (perMille >= 0 && perMille <= MAX_LOAD) || perMille == UNKNOWN_LOAD;
    }

    /**
     * The flags of a load.
     *
     * @param weightPercent 0..256
     * @param administration 0 ready, 1 drain, 2 maintenance
     */
    public static int flags(int weightPercent, int administration, boolean agentDown, boolean checkDown) {
        return weightPercent
                | administration << ADMINISTRATION_SHIFT
                | (agentDown ? AGENT_DOWN : 0)
                | (checkDown ? CHECK_DOWN : 0);
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
        int end = LOADS_OFFSET + loads * LOAD_LENGTH_BYTES;
        if (length < end + Short.BYTES) {
            return DecodeResult.TRUNCATED;
        }
        int state = getUnsignedByte(segment, offset + STATE_OFFSET);
        if (state < JOINING
                || state > LEAVING
                || !isValidId(segment, offset)
                || !isLoad(getUnsignedShort(segment, offset + end))) {
            return DecodeResult.BAD_VALUE;
        }
        for (int i = 0; i < loads; i++) {
            if (!isValidLoad(segment, offset + LOADS_OFFSET + (long) i * LOAD_LENGTH_BYTES)) {
                return DecodeResult.BAD_VALUE;
            }
        }
        this.segment = segment;
        this.offset = offset;
        this.loadCount = loads;
        return DecodeResult.OK;
    }

    private static boolean isValidLoad(MemorySegment segment, long at) {
        int load = getUnsignedShort(segment, at + LOAD_LOAD_OFFSET);
        int flags = getUnsignedShort(segment, at + LOAD_FLAGS_OFFSET);
        return getInt(segment, at + LOAD_CONNECTIONS_OFFSET) >= 0
                && getInt(segment, at + LOAD_REPORT_AGE_OFFSET) >= NO_REPORT
                && getInt(segment, at + LOAD_MAX_CONNECTIONS_OFFSET) >= 0
                && isLoad(load)
                && (flags & WEIGHT_MASK) <= MAX_WEIGHT_PERCENT
                && (flags >> ADMINISTRATION_SHIFT & ADMINISTRATION_MASK) <= MAX_ADMINISTRATION;
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

    /** {@link #NO_REPORT}, or how many milliseconds ago the sender was told what follows. */
    public int loadReportAgeMillis(int index) {
        return getInt(segment, loadOffset(index) + LOAD_REPORT_AGE_OFFSET);
    }

    /** 0 for what is configured. */
    public int loadMaxConnections(int index) {
        return getInt(segment, loadOffset(index) + LOAD_MAX_CONNECTIONS_OFFSET);
    }

    /** 0..1000 per mille, or {@link #UNKNOWN_LOAD}. */
    public int loadPerMille(int index) {
        return getUnsignedShort(segment, loadOffset(index) + LOAD_LOAD_OFFSET);
    }

    /** 0..256. */
    public int loadWeightPercent(int index) {
        return loadFlags(index) & WEIGHT_MASK;
    }

    /** 0 ready, 1 drain, 2 maintenance. */
    public int loadAdministration(int index) {
        return loadFlags(index) >> ADMINISTRATION_SHIFT & ADMINISTRATION_MASK;
    }

    /** Whether the agent says that the server is down. */
    public boolean loadAgentDown(int index) {
        return (loadFlags(index) & AGENT_DOWN) != 0;
    }

    /** Whether the sender's own checks find the server down. */
    public boolean loadCheckDown(int index) {
        return (loadFlags(index) & CHECK_DOWN) != 0;
    }

    /** Whether the server is on the sender's own host. */
    public boolean loadLocal(int index) {
        return (loadFlags(index) & LOCAL) != 0;
    }

    private int loadFlags(int index) {
        return getUnsignedShort(segment, loadOffset(index) + LOAD_FLAGS_OFFSET);
    }

    /** How busy the sender's host is, 0..1000 per mille, or {@link #UNKNOWN_LOAD}. */
    public int hostLoad() {
        return getUnsignedShort(segment, offset + LOADS_OFFSET + (long) loadCount * LOAD_LENGTH_BYTES);
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
                .append(" hostLoad=")
                .append(hostLoad())
                .append(" loads=[");
        for (int i = 0; i < loadCount; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append("0x")
                    .append(Long.toHexString(loadServerKey(i)))
                    .append('=')
                    .append(loadConnections(i))
                    .append(loadCheckDown(i) ? " checkDown" : "")
                    .append(loadLocal(i) ? " local" : "");
            if (loadReportAgeMillis(i) != NO_REPORT) {
                text.append(" age=")
                        .append(loadReportAgeMillis(i))
                        .append(" maxConnections=")
                        .append(loadMaxConnections(i))
                        .append(" load=")
                        .append(loadPerMille(i))
                        .append(" weight=")
                        .append(loadWeightPercent(i))
                        .append("% administration=")
                        .append(loadAdministration(i))
                        .append(loadAgentDown(i) ? " agentDown" : "");
            }
        }
        return text.append(']').toString();
    }
}
