package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Unaligned big-endian access to a segment: the byte order of every protocol header here, and of the messages between
 * ILBs.
 */
public final class NetworkOrder {
    /** Two bytes, any alignment. */
    public static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN).withByteAlignment(1);
    /** Four bytes, any alignment. */
    public static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN).withByteAlignment(1);
    /** Eight bytes, any alignment. */
    public static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN).withByteAlignment(1);

    private NetworkOrder() {}

    /** One byte, 0..255. */
    public static int getUnsignedByte(final MemorySegment segment, final long offset) {
        return segment.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    /** The low eight bits of {@code value}. */
    public static void putByte(final MemorySegment segment, final long offset, final int value) {
        segment.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
    }

    /** Two bytes, 0..65535. */
    public static int getUnsignedShort(final MemorySegment segment, final long offset) {
        return segment.get(SHORT, offset) & 0xFFFF;
    }

    /** The low sixteen bits of {@code value}. */
    public static void putShort(final MemorySegment segment, final long offset, final int value) {
        segment.set(SHORT, offset, (short) value);
    }

    /** Four bytes, as they are. */
    public static int getInt(final MemorySegment segment, final long offset) {
        return segment.get(INT, offset);
    }

    /** Four bytes, 0..2^32-1. */
    public static long getUnsignedInt(final MemorySegment segment, final long offset) {
        return segment.get(INT, offset) & 0xFFFF_FFFFL;
    }

    /** Four bytes. */
    public static void putInt(final MemorySegment segment, final long offset, final int value) {
        segment.set(INT, offset, value);
    }

    /** Eight bytes, as they are. */
    public static long getLong(final MemorySegment segment, final long offset) {
        return segment.get(LONG, offset);
    }

    /** Eight bytes. */
    public static void putLong(final MemorySegment segment, final long offset, final long value) {
        segment.set(LONG, offset, value);
    }
}
