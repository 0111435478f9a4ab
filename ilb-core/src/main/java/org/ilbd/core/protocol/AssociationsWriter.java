package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.putByte;
import static org.ilbd.core.packet.NetworkOrder.putInt;
import static org.ilbd.core.packet.NetworkOrder.putShort;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.packet.FourTuple;

/**
 * Collects associations into one {@link AssociationsMessage}: begin, append until full or until it has waited long
 * enough, finish, sign, send.
 */
public final class AssociationsWriter {
    private final MemorySegment segment;
    private final int maxBytes;
    private int length;
    private int count;

    /**
     * A writer into a range of a segment, always the same one.
     *
     * @param offset where the datagram starts; {@link MessageHeader#MAX_DATAGRAM_BYTES} bytes from there on are used
     * @throws IndexOutOfBoundsException if they are not there
     */
    public AssociationsWriter(MemorySegment segment, long offset) {
        this(segment, offset, MessageHeader.MAX_DATAGRAM_BYTES);
    }

    /** As {@link #AssociationsWriter(MemorySegment, long)}, for messages of another greatest length. */
    public AssociationsWriter(MemorySegment segment, long offset, int maxBytes) {
        this.segment = segment.asSlice(offset, maxBytes);
        this.maxBytes = maxBytes;
        clear();
    }

    /** Starts anew, with no record. */
    public void clear() {
        length = AssociationsMessage.RECORDS_OFFSET;
        count = 0;
    }

    /** Appends a record, as {@link AssociationRecord#encode} writes it; false, and nothing done, if it has no room. */
    public boolean append(
            AssociationState state,
            boolean reset,
            FourTuple tuple,
            long serverHigh,
            long serverLow,
            int serverPort,
            int ageMillis,
            int assignedOwner) {
        if (length + AssociationRecord.lengthBytes(tuple.ipv6(), assignedOwner) > maxBytes) {
            return false;
        }
        length += AssociationRecord.encode(
                segment, length, state, reset, tuple, serverHigh, serverLow, serverPort, ageMillis, assignedOwner);
        count++;
        return true;
    }

    /** Records so far. */
    public int count() {
        return count;
    }

    /** Bytes so far, all headers included. */
    public int lengthBytes() {
        return length;
    }

    /** Completes a numbered message for everyone, up to its signature; returns its length in bytes. */
    public int finishForAll(int senderTag, long incarnation, int sequence) {
        return finish(senderTag, incarnation, sequence, AssociationsMessage.Audience.ALL);
    }

    /** Completes a message for one ILB alone, up to its signature; returns its length in bytes. */
    public int finishForOne(int senderTag, long incarnation) {
        return finish(senderTag, incarnation, 0, AssociationsMessage.Audience.ONE);
    }

    /** Completes a numbered frame of the transfer stream to one ILB, up to its signature; returns its length in bytes. */
    public int finishForTransfer(int senderTag, long incarnation, int number) {
        return finish(senderTag, incarnation, number, AssociationsMessage.Audience.TRANSFER);
    }

    private int finish(int senderTag, long incarnation, int sequence, AssociationsMessage.Audience audience) {
        MessageHeader.encode(segment, 0, MessageType.ASSOCIATIONS, senderTag, incarnation);
        putInt(segment, AssociationsMessage.SEQUENCE_OFFSET, sequence);
        putShort(segment, AssociationsMessage.COUNT_OFFSET, count);
        putByte(segment, AssociationsMessage.AUDIENCE_OFFSET, audience.code());
        putByte(segment, AssociationsMessage.RESERVED_OFFSET, 0);
        return length;
    }

    @Override
    public String toString() {
        return "ASSOCIATIONS being written: count=" + count + " lengthBytes=" + length;
    }
}
