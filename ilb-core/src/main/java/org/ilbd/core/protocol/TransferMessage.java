package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.getInt;
import static org.ilbd.core.packet.NetworkOrder.getLong;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedByte;
import static org.ilbd.core.packet.NetworkOrder.putByte;
import static org.ilbd.core.packet.NetworkOrder.putInt;
import static org.ilbd.core.packet.NetworkOrder.putLong;
import static org.ilbd.core.packet.NetworkOrder.putShort;

import java.lang.foreign.MemorySegment;

/**
 * A TRANSFER message: how far the transfer of associations between two ILBs has come, big-endian. It travels on the
 * transfer stream, behind the {@link AssociationsMessage}s that it is about.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |               MessageHeader (32 bytes) ...
 *  +---------------+-----------------------------------------------+
 *  |     Kind      |                   Reserved                    |
 *  +---------------+-----------------------------------------------+
 *  |                           Number                              |
 *  +---------------------------------------------------------------+
 *  |                         View digest                           |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 * </pre>
 */
public final class TransferMessage {
    public static final int KIND_OFFSET = MessageHeader.LENGTH_BYTES;
    public static final int NUMBER_OFFSET = MessageHeader.LENGTH_BYTES + 4;
    public static final int VIEW_DIGEST_OFFSET = MessageHeader.LENGTH_BYTES + 8;
    /** Bytes of a message. */
    public static final int LENGTH_BYTES = MessageHeader.LENGTH_BYTES + 16;

    /** What a message says. */
    public enum Kind {
        /** The sender has taken the frames up to the number, which it had from the receiver. */
        ACKNOWLEDGED(1),
        /**
         * The sender has sent, up to here, all that the receiver is to hold once it joins the view with that digest. Numbered
         * as one more frame.
         */
        HANDED_OVER(2),
        /** The frames after the number follow; what came before it and was not acknowledged does not come any more. */
        BEGIN(3);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        private static Kind ofCode(int code) {
            return switch (code) {
                case 1 -> ACKNOWLEDGED;
                case 2 -> HANDED_OVER;
                default -> BEGIN;
            };
        }

        /** The byte on the wire. */
        public int code() {
            return code;
        }
    }

    private Kind kind = Kind.ACKNOWLEDGED;
    private int number;
    private long viewDigest;

    /** Nothing yet. */
    public TransferMessage() {}

    /** Writes a message up to its signature; returns {@link #LENGTH_BYTES}. */
    public static int encode(
            MemorySegment segment,
            long offset,
            int senderTag,
            long incarnation,
            Kind kind,
            int number,
            long viewDigest) {
        MessageHeader.encode(segment, offset, MessageType.TRANSFER, senderTag, incarnation);
        putByte(segment, offset + KIND_OFFSET, kind.code);
        putByte(segment, offset + KIND_OFFSET + 1, 0);
        putShort(segment, offset + KIND_OFFSET + 2, 0);
        putInt(segment, offset + NUMBER_OFFSET, number);
        putLong(segment, offset + VIEW_DIGEST_OFFSET, viewDigest);
        return LENGTH_BYTES;
    }

    /** Reads a message into this object, which keeps no reference to the segment. */
    public DecodeResult decode(MemorySegment segment, long offset, int length) {
        DecodeResult result = MessageHeader.check(segment, offset, length, MessageType.TRANSFER);
        if (result != DecodeResult.OK) {
            return result;
        }
        if (length < LENGTH_BYTES) {
            return DecodeResult.TRUNCATED;
        }
        int code = getUnsignedByte(segment, offset + KIND_OFFSET);
        if (code < Kind.ACKNOWLEDGED.code || code > Kind.BEGIN.code) {
            return DecodeResult.BAD_VALUE;
        }
        kind = Kind.ofCode(code);
        number = getInt(segment, offset + NUMBER_OFFSET);
        viewDigest = getLong(segment, offset + VIEW_DIGEST_OFFSET);
        return DecodeResult.OK;
    }

    public Kind kind() {
        return kind;
    }

    /** The last frame taken, this one's own number, or that of the frame before the first. */
    public int number() {
        return number;
    }

    /** The view; only with {@link Kind#HANDED_OVER}. */
    public long viewDigest() {
        return viewDigest;
    }

    @Override
    public String toString() {
        return "TRANSFER kind=" + kind + " number=" + Integer.toUnsignedString(number) + " viewDigest=0x"
                + Long.toHexString(viewDigest);
    }
}
