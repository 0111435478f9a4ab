package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.getInt;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedByte;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedShort;

import java.lang.foreign.MemorySegment;

/**
 * An ASSOCIATIONS message: many associations in one datagram, big-endian. {@link AssociationsWriter} makes them.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |               MessageHeader (32 bytes) ...
 *  +---------------------------------------------------------------+
 *  |                           Sequence                            |
 *  +-------------------------------+---------------+---------------+
 *  |             Count             |   Audience    |   Reserved    |
 *  +-------------------------------+---------------+---------------+
 *  |               Count x AssociationRecord ...
 * </pre>
 *
 * <p>Broadcasts of an incarnation are numbered 1, 2, 3 ... so that a receiver notices a missing one; after 2<sup>32</sup>
 * of them the numbers start again. A message for one ILB alone is not numbered, and its sequence is 0. A message is taken
 * whole or not at all: decoding goes over all its records before the first of them is handed out.
 */
public final class AssociationsMessage {
    public static final int SEQUENCE_OFFSET = MessageHeader.LENGTH_BYTES;
    public static final int COUNT_OFFSET = MessageHeader.LENGTH_BYTES + 4;
    public static final int AUDIENCE_OFFSET = MessageHeader.LENGTH_BYTES + 6;
    public static final int RESERVED_OFFSET = MessageHeader.LENGTH_BYTES + 7;
    public static final int RECORDS_OFFSET = MessageHeader.LENGTH_BYTES + 8;

    /** Whom a message is for. */
    public enum Audience {
        /** Everyone; numbered. */
        ALL(1),
        /** The ILB that it is sent to; not numbered. */
        ONE(2),
        /** The ILB at the other end of a transfer stream; numbered as frames of that stream, and acknowledged. */
        TRANSFER(3);

        private final int code;

        Audience(int code) {
            this.code = code;
        }

        private static Audience ofCode(int code) {
            return switch (code) {
                case 1 -> ALL;
                case 2 -> ONE;
                default -> TRANSFER;
            };
        }

        /** The byte on the wire. */
        public int code() {
            return code;
        }
    }

    private MemorySegment segment = MemorySegment.NULL;
    private int sequence;
    private int count;
    private Audience audience = Audience.ONE;
    private int remaining;
    private long position;
    private long end;

    /** Holds nothing until it has decoded. */
    public AssociationsMessage() {}

    /** Reads a datagram. The segment must stay as it is until the last record has been taken. */
    public DecodeResult decode(MemorySegment segment, long offset, int length) {
        remaining = 0;
        DecodeResult result = MessageHeader.check(segment, offset, length, MessageType.ASSOCIATIONS);
        if (result != DecodeResult.OK) {
            return result;
        }
        if (length < RECORDS_OFFSET) {
            return DecodeResult.TRUNCATED;
        }
        int code = getUnsignedByte(segment, offset + AUDIENCE_OFFSET);
        if (code < Audience.ALL.code || code > Audience.TRANSFER.code) {
            return DecodeResult.BAD_VALUE;
        }
        this.segment = segment;
        audience = Audience.ofCode(code);
        sequence = getInt(segment, offset + SEQUENCE_OFFSET);
        count = getUnsignedShort(segment, offset + COUNT_OFFSET);
        position = offset + RECORDS_OFFSET;
        end = offset + length;
        result = checkRecords();
        if (result == DecodeResult.OK) {
            remaining = count;
        }
        return result;
    }

    private DecodeResult checkRecords() {
        long at = position;
        for (int i = 0; i < count; i++) {
            int length = AssociationRecord.checkedLengthBytes(segment, at, (int) (end - at));
            if (length <= 0) {
                return length == 0 ? DecodeResult.TRUNCATED : DecodeResult.BAD_VALUE;
            }
            at += length;
        }
        return at == end ? DecodeResult.OK : DecodeResult.BAD_VALUE;
    }

    /** Reads the next record into {@code record}; false after the last one. */
    public boolean next(AssociationRecord record) {
        if (remaining == 0 || record.decode(segment, position, (int) (end - position)) != DecodeResult.OK) {
            return false;
        }
        position += record.lengthBytes();
        remaining--;
        return true;
    }

    /** The number of this broadcast; 0 if it is for one ILB alone. */
    public int sequence() {
        return sequence;
    }

    /** The number of records, 0..65535. */
    public int count() {
        return count;
    }

    public Audience audience() {
        return audience;
    }

    /** Every field; of the records, how many there are and how many are still to be taken. */
    @Override
    public String toString() {
        return "ASSOCIATIONS sequence=" + Integer.toUnsignedString(sequence) + " audience=" + audience + " count="
                + count + " remaining=" + remaining;
    }
}
