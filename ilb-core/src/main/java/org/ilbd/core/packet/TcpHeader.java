package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;

/**
 * The TCP header (RFC 9293, 3.1).
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------------------------------+-------------------------------+
 *  |          Source port          |       Destination port        |
 *  +-------------------------------+-------------------------------+
 *  |                        Sequence number                        |
 *  +---------------------------------------------------------------+
 *  |                     Acknowledgment number                     |
 *  +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *  | Data  |       |C|E|U|A|P|R|S|F|                               |
 *  | offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
 *  |       |       |R|E|G|K|H|T|N|N|                               |
 *  +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *  |           Checksum            |         Urgent pointer        |
 *  +-------------------------------+-------------------------------+
 *  |                    Options, 0 to 40 bytes                     |
 *  +---------------------------------------------------------------+
 * </pre>
 */
public final class TcpHeader {
    /** Bytes of a header without options. */
    public static final int MIN_LENGTH_BYTES = 20;
    /** Bytes of a header with all the options it can hold. */
    public static final int MAX_LENGTH_BYTES = 60;

    /** No more data from the sender. */
    public static final int FIN = 0x01;
    /** Synchronise sequence numbers. */
    public static final int SYN = 0x02;
    /** Reset the connection. */
    public static final int RST = 0x04;
    /** Push. */
    public static final int PSH = 0x08;
    /** The acknowledgment number counts. */
    public static final int ACK = 0x10;
    /** The urgent pointer counts. */
    public static final int URG = 0x20;
    /** ECN echo (RFC 3168, 6.1). */
    public static final int ECE = 0x40;
    /** Congestion window reduced (RFC 3168, 6.1). */
    public static final int CWR = 0x80;

    static final int SOURCE_PORT_OFFSET = 0;
    static final int DESTINATION_PORT_OFFSET = 2;
    static final int SEQUENCE_OFFSET = 4;
    static final int ACKNOWLEDGMENT_OFFSET = 8;
    static final int DATA_OFFSET_OFFSET = 12;
    static final int FLAGS_OFFSET = 13;
    static final int WINDOW_OFFSET = 14;
    static final int CHECKSUM_OFFSET = 16;
    static final int URGENT_POINTER_OFFSET = 18;

    private TcpHeader() {}

    public static int sourcePort(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + SOURCE_PORT_OFFSET);
    }

    static void sourcePort(final MemorySegment segment, final long offset, final int port) {
        NetworkOrder.putShort(segment, offset + SOURCE_PORT_OFFSET, port);
    }

    public static int destinationPort(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + DESTINATION_PORT_OFFSET);
    }

    static void destinationPort(final MemorySegment segment, final long offset, final int port) {
        NetworkOrder.putShort(segment, offset + DESTINATION_PORT_OFFSET, port);
    }

    /** 32 bits, to be compared by difference. */
    public static int sequence(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + SEQUENCE_OFFSET);
    }

    static void sequence(final MemorySegment segment, final long offset, final int sequence) {
        NetworkOrder.putInt(segment, offset + SEQUENCE_OFFSET, sequence);
    }

    /** 32 bits, to be compared by difference; counts only with {@link #ACK}. */
    public static int acknowledgment(final MemorySegment segment, final long offset) {
        return NetworkOrder.getInt(segment, offset + ACKNOWLEDGMENT_OFFSET);
    }

    /** Bytes of this header as it claims: 0..60, less than 20 being wrong. */
    public static int headerLength(final MemorySegment segment, final long offset) {
        return (NetworkOrder.getUnsignedByte(segment, offset + DATA_OFFSET_OFFSET) >>> 4) << 2;
    }

    /** The eight flags from {@link #FIN} to {@link #CWR}. */
    public static int flags(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedByte(segment, offset + FLAGS_OFFSET);
    }

    static void flags(final MemorySegment segment, final long offset, final int flags) {
        NetworkOrder.putByte(segment, offset + FLAGS_OFFSET, flags);
    }

    /** Unscaled. */
    public static int window(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + WINDOW_OFFSET);
    }

    public static int checksum(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + CHECKSUM_OFFSET);
    }

    static void checksum(final MemorySegment segment, final long offset, final int checksum) {
        NetworkOrder.putShort(segment, offset + CHECKSUM_OFFSET, checksum);
    }

    public static int urgentPointer(final MemorySegment segment, final long offset) {
        return NetworkOrder.getUnsignedShort(segment, offset + URGENT_POINTER_OFFSET);
    }

    /** Writes a header without options, window and urgent pointer 0, checksum 0 for the caller to compute. */
    static void write(
            final MemorySegment segment,
            final long offset,
            final int sourcePort,
            final int destinationPort,
            final int sequence,
            final int acknowledgment,
            final int flags) {
        sourcePort(segment, offset, sourcePort);
        destinationPort(segment, offset, destinationPort);
        sequence(segment, offset, sequence);
        NetworkOrder.putInt(segment, offset + ACKNOWLEDGMENT_OFFSET, acknowledgment);
        NetworkOrder.putShort(segment, offset + DATA_OFFSET_OFFSET, MIN_LENGTH_BYTES >>> 2 << 12 | flags);
        NetworkOrder.putShort(segment, offset + WINDOW_OFFSET, 0);
        checksum(segment, offset, 0);
        NetworkOrder.putShort(segment, offset + URGENT_POINTER_OFFSET, 0);
    }

    /** Every field, for a person; allocates. */
    public static String toString(final MemorySegment segment, final long offset) {
        return "TCP %d -> %d seq=%d ack=%d headerLength=%d flags=%s window=%d checksum=0x%04x urgent=%d"
                .formatted(
                        sourcePort(segment, offset),
                        destinationPort(segment, offset),
                        Integer.toUnsignedLong(sequence(segment, offset)),
                        Integer.toUnsignedLong(acknowledgment(segment, offset)),
                        headerLength(segment, offset),
                        flagNames(flags(segment, offset)),
                        window(segment, offset),
                        checksum(segment, offset),
                        urgentPointer(segment, offset));
    }

    /** The flags by name, such as {@code SYN|ACK}; "none" if there are none. */
    public static String flagNames(final int flags) {
        final String[] names = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
        final StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < names.length; bit++) {
            if ((flags >>> bit & 1) != 0) {
                text.append(text.isEmpty() ? "" : "|").append(names[bit]);
            }
        }
        return text.isEmpty() ? "none" : text.toString();
    }
}
