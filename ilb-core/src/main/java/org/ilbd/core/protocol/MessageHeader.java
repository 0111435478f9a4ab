package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.getInt;
import static org.ilbd.core.packet.NetworkOrder.getLong;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedByte;
import static org.ilbd.core.packet.NetworkOrder.putByte;
import static org.ilbd.core.packet.NetworkOrder.putInt;
import static org.ilbd.core.packet.NetworkOrder.putLong;

import java.lang.foreign.MemorySegment;

/**
 * The 32 bytes in front of every datagram between ILBs, big-endian.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+---------------+---------------+---------------+
 *  |    Version    |     Type      |    Key id     |     Flags     |
 *  +---------------+---------------+---------------+---------------+
 *  |                          Sender tag                           |
 *  +---------------------------------------------------------------+
 *  |                          Incarnation                          |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                            Counter                            |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                              MAC                              |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                           Body ...
 * </pre>
 *
 * <p>The sender tag is the CRC32 of the sender's id. An incarnation is one life of its process, and each has a larger
 * number than the one before it; both are compared as signed numbers. {@link MessageAuthenticator} fills in key id,
 * counter and MAC. No flag is in use yet; they are written as 0 and not looked at.
 */
public final class MessageHeader {
    /** The version that this code writes, and the only one it reads. */
    public static final int VERSION = 1;

    /** Bytes of the header; the body comes next. */
    public static final int LENGTH_BYTES = 32;

    /**
     * The longest datagram between ILBs that is made up of collected records, in bytes: what fits in an Ethernet MTU of
     * 1,500 bytes with an IPv6 and a UDP header (48 bytes), and leaves about 50 bytes for a tunnel on the way.
     */
    public static final int MAX_DATAGRAM_BYTES = 1_400;

    public static final int VERSION_OFFSET = 0;
    public static final int TYPE_OFFSET = 1;
    public static final int KEY_ID_OFFSET = 2;
    public static final int FLAGS_OFFSET = 3;
    public static final int SENDER_TAG_OFFSET = 4;
    public static final int INCARNATION_OFFSET = 8;
    public static final int COUNTER_OFFSET = 16;
    public static final int MAC_OFFSET = 24;

    private MessageHeader() {}

    /** Writes a header that is yet to be signed; returns {@link #LENGTH_BYTES}. */
    public static int encode(MemorySegment segment, long offset, MessageType type, int senderTag, long incarnation) {
        putByte(segment, offset + VERSION_OFFSET, VERSION);
        putByte(segment, offset + TYPE_OFFSET, type.code());
        putByte(segment, offset + KEY_ID_OFFSET, 0);
        putByte(segment, offset + FLAGS_OFFSET, 0);
        putInt(segment, offset + SENDER_TAG_OFFSET, senderTag);
        putLong(segment, offset + INCARNATION_OFFSET, incarnation);
        putLong(segment, offset + COUNTER_OFFSET, 0);
        putLong(segment, offset + MAC_OFFSET, 0);
        return LENGTH_BYTES;
    }

    /** Whether a whole header of this version is there. The type may be one that this version does not know. */
    public static DecodeResult check(MemorySegment segment, long offset, int length) {
        if (!within(segment, offset, length) || length < LENGTH_BYTES) {
            return DecodeResult.TRUNCATED;
        }
        return version(segment, offset) == VERSION ? DecodeResult.OK : DecodeResult.BAD_VERSION;
    }

    /** As {@link #check(MemorySegment, long, int)}, with the type that is wanted. */
    static DecodeResult check(MemorySegment segment, long offset, int length, MessageType wanted) {
        DecodeResult result = check(segment, offset, length);
        if (result == DecodeResult.OK && type(segment, offset) != wanted) {
            return DecodeResult.BAD_TYPE;
        }
        return result;
    }

    /** Whether the range lies within the segment; for any values, with no overflow. */
    static boolean within(MemorySegment segment, long offset, int length) {
        return length >= 0 && offset >= 0 && offset <= segment.byteSize() - length;
    }

    public static int version(MemorySegment segment, long offset) {
        return getUnsignedByte(segment, offset + VERSION_OFFSET);
    }

    public static MessageType type(MemorySegment segment, long offset) {
        return MessageType.ofCode(getUnsignedByte(segment, offset + TYPE_OFFSET));
    }

    /** 1..255, or 0: sent without a key. */
    public static int keyId(MemorySegment segment, long offset) {
        return getUnsignedByte(segment, offset + KEY_ID_OFFSET);
    }

    static void setKeyId(MemorySegment segment, long offset, int keyId) {
        putByte(segment, offset + KEY_ID_OFFSET, keyId);
    }

    public static int flags(MemorySegment segment, long offset) {
        return getUnsignedByte(segment, offset + FLAGS_OFFSET);
    }

    /** The CRC32 of the sender's id. */
    public static int senderTag(MemorySegment segment, long offset) {
        return getInt(segment, offset + SENDER_TAG_OFFSET);
    }

    /** Which life of the sender's process this is. */
    public static long incarnation(MemorySegment segment, long offset) {
        return getLong(segment, offset + INCARNATION_OFFSET);
    }

    /** Numbers the datagrams of an incarnation from 1 on, over all their types and receivers. */
    public static long counter(MemorySegment segment, long offset) {
        return getLong(segment, offset + COUNTER_OFFSET);
    }

    static void setCounter(MemorySegment segment, long offset, long counter) {
        putLong(segment, offset + COUNTER_OFFSET, counter);
    }

    /** SipHash-2-4 over the datagram, with this field as 0. */
    public static long mac(MemorySegment segment, long offset) {
        return getLong(segment, offset + MAC_OFFSET);
    }

    static void setMac(MemorySegment segment, long offset, long mac) {
        putLong(segment, offset + MAC_OFFSET, mac);
    }

    /** Every field of the header at {@code offset}, which must be there. */
    public static String toString(MemorySegment segment, long offset) {
        return "version=" + version(segment, offset)
                + " type=" + type(segment, offset)
                + " keyId=" + keyId(segment, offset)
                + " flags=0x" + Integer.toHexString(flags(segment, offset))
                + " senderTag=0x" + Integer.toHexString(senderTag(segment, offset))
                + " incarnation=" + incarnation(segment, offset)
                + " counter=" + counter(segment, offset)
                + " mac=0x" + Long.toHexString(mac(segment, offset));
    }
}
