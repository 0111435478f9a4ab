package org.ilbd.core.protocol;

import static org.ilbd.core.packet.NetworkOrder.getInt;
import static org.ilbd.core.packet.NetworkOrder.getLong;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedByte;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedInt;
import static org.ilbd.core.packet.NetworkOrder.getUnsignedShort;
import static org.ilbd.core.packet.NetworkOrder.putByte;
import static org.ilbd.core.packet.NetworkOrder.putInt;
import static org.ilbd.core.packet.NetworkOrder.putLong;
import static org.ilbd.core.packet.NetworkOrder.putShort;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;

/**
 * One association as it is told to another ILB, big-endian. It names its server by address and port, so that two ILBs
 * whose configurations differ for a moment still mean the same server.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------+-----------+-+-+-------------------------------+
 *  |     State     |    0    |O|R|6|          Server port          |
 *  +---------------+---------+-+-+-+-------------------------------+
 *  |                   Age, in milliseconds                        |
 *  +---------------------------------------------------------------+
 *  |            Server address (4 bytes, or 16 with 6)             |
 *  +---------------------------------------------------------------+
 *  |      4-tuple, as FourTuple encodes it (12 bytes, or 36)       |
 *  +---------------------------------------------------------------+
 *  |             With O: tag of the ILB that is to own it          |
 *  +---------------------------------------------------------------+
 *
 *  6: IPv6   R: closing because of a RST   O: not its owner by score is to own it
 * </pre>
 *
 * <p>24 bytes for IPv4, 60 for IPv6, and 4 more with O. The age says how long ago the association was made, so no synchronised clocks are
 * needed to tell which of two is the older; it is 0..2<sup>31</sup>-1, about 24 days, and stops there.
 */
public final class AssociationRecord {
    /** Bytes of the longest record. */
    public static final int MAX_LENGTH_BYTES = 64;

    public static final int STATE_OFFSET = 0;
    public static final int FLAGS_OFFSET = 1;
    public static final int SERVER_PORT_OFFSET = 2;
    public static final int AGE_OFFSET = 4;
    public static final int SERVER_ADDRESS_OFFSET = 8;

    /** In the flags: the addresses are IPv6. */
    public static final int IPV6_FLAG = 0x01;
    /** In the flags: {@link AssociationState#CLOSING} was reached by a RST. */
    public static final int RESET_FLAG = 0x02;

    /** In the flags: the record ends with the tag of the ILB that is to own the connection. */
    public static final int OWNER_FLAG = 0x04;

    private static final int KNOWN_FLAGS = IPV6_FLAG | RESET_FLAG | OWNER_FLAG;
    private static final int OWNER_BYTES = Integer.BYTES;
    private static final int IPV4_ADDRESS_BYTES = 4;
    private static final int IPV6_ADDRESS_BYTES = 16;

    private final FourTuple tuple = new FourTuple();
    private AssociationState state = AssociationState.UNSURE;
    private boolean reset;
    private long serverHigh;
    private long serverLow;
    private int serverPort;
    private int ageMillis;
    private int assignedOwner;

    /** Holds nothing until it has decoded. */
    public AssociationRecord() {}

    /** Bytes of a record that assigns no owner. */
    public static int lengthBytes(boolean ipv6) {
        return lengthBytes(ipv6, 0);
    }

    /**
     * Bytes of a record.
     *
     * @param assignedOwner the tag of the ILB that is to own the connection; 0 for none
     */
    static int lengthBytes(boolean ipv6, int assignedOwner) {
        return tupleOffset(ipv6) + FourTuple.lengthBytes(ipv6) + (assignedOwner == 0 ? 0 : OWNER_BYTES);
    }

    private static int tupleOffset(boolean ipv6) {
        return SERVER_ADDRESS_OFFSET + (ipv6 ? IPV6_ADDRESS_BYTES : IPV4_ADDRESS_BYTES);
    }

    /**
     * Writes a record, for which {@link #lengthBytes(boolean)} bytes must be there, and 4 more if it assigns an owner; returns
     * how many it has taken.
     *
     * @param serverHigh 0 for IPv4; the family is the 4-tuple's
     * @param serverPort 1..65535
     * @param ageMillis less than 0 is written as 0
     * @param assignedOwner the tag of the ILB that is to own the connection; 0 for the owner by score
     */
    public static int encode(
            MemorySegment segment,
            long offset,
            AssociationState state,
            boolean reset,
            FourTuple tuple,
            long serverHigh,
            long serverLow,
            int serverPort,
            int ageMillis,
            int assignedOwner) {
        boolean ipv6 = tuple.ipv6();
        putByte(segment, offset + STATE_OFFSET, state.code());
        putByte(
                segment,
                offset + FLAGS_OFFSET,
                (ipv6 ? IPV6_FLAG : 0) | (reset ? RESET_FLAG : 0) | (assignedOwner == 0 ? 0 : OWNER_FLAG));
        putShort(segment, offset + SERVER_PORT_OFFSET, serverPort);
        putInt(segment, offset + AGE_OFFSET, Math.max(ageMillis, 0));
        if (ipv6) {
            putLong(segment, offset + SERVER_ADDRESS_OFFSET, serverHigh);
            putLong(segment, offset + SERVER_ADDRESS_OFFSET + Long.BYTES, serverLow);
        } else {
            putInt(segment, offset + SERVER_ADDRESS_OFFSET, (int) serverLow);
        }
        tuple.encode(segment, offset + tupleOffset(ipv6));
        if (assignedOwner != 0) {
            putInt(segment, offset + lengthBytes(ipv6), assignedOwner);
        }
        return lengthBytes(ipv6, assignedOwner);
    }

    /**
     * Reads a record into this object; it then takes up {@link #lengthBytes()} bytes.
     *
     * @param available bytes that may be read from {@code offset} on
     */
    public DecodeResult decode(MemorySegment segment, long offset, int available) {
        int length = checkedLengthBytes(segment, offset, available);
        if (length == 0) {
            return DecodeResult.TRUNCATED;
        }
        if (length < 0) {
            return DecodeResult.BAD_VALUE;
        }
        int flags = getUnsignedByte(segment, offset + FLAGS_OFFSET);
        boolean ipv6 = (flags & IPV6_FLAG) != 0;
        state = AssociationState.ofCode(getUnsignedByte(segment, offset + STATE_OFFSET));
        reset = (flags & RESET_FLAG) != 0;
        serverPort = getUnsignedShort(segment, offset + SERVER_PORT_OFFSET);
        ageMillis = getInt(segment, offset + AGE_OFFSET);
        if (ipv6) {
            serverHigh = getLong(segment, offset + SERVER_ADDRESS_OFFSET);
            serverLow = getLong(segment, offset + SERVER_ADDRESS_OFFSET + Long.BYTES);
        } else {
            serverHigh = 0;
            serverLow = getUnsignedInt(segment, offset + SERVER_ADDRESS_OFFSET);
        }
        tuple.decode(segment, offset + tupleOffset(ipv6), ipv6);
        assignedOwner = (flags & OWNER_FLAG) == 0 ? 0 : getInt(segment, offset + lengthBytes(ipv6));
        return DecodeResult.OK;
    }

    /** The length of the record if all of it is there and in range, 0 if it is truncated, -1 if a value is bad. */
    static int checkedLengthBytes(MemorySegment segment, long offset, int available) {
        if (!MessageHeader.within(segment, offset, available) || available < SERVER_ADDRESS_OFFSET) {
            return 0;
        }
        int flags = getUnsignedByte(segment, offset + FLAGS_OFFSET);
        if ((flags & ~KNOWN_FLAGS) != 0
                || !AssociationState.isCode(getUnsignedByte(segment, offset + STATE_OFFSET))
                || getUnsignedShort(segment, offset + SERVER_PORT_OFFSET) == 0
                || getInt(segment, offset + AGE_OFFSET) < 0) {
            return -1;
        }
        int lengthWithoutOwner = lengthBytes((flags & IPV6_FLAG) != 0);
        int length = lengthBytes((flags & IPV6_FLAG) != 0, flags & OWNER_FLAG);
        if (length > available) {
            return 0;
        }
        boolean assignsNobody = length > lengthWithoutOwner && getInt(segment, offset + lengthWithoutOwner) == 0;
        return assignsNobody ? -1 : length;
    }

    /** Bytes of the record that was decoded. */
    public int lengthBytes() {
        return lengthBytes(tuple.ipv6(), assignedOwner);
    }

    /** The connection; this object's own, refilled by the next decoding. */
    public FourTuple tuple() {
        return tuple;
    }

    public AssociationState state() {
        return state;
    }

    /** Whether the closing was begun by a RST. */
    public boolean reset() {
        return reset;
    }

    /** The first eight bytes of the server's IPv6 address; 0 for IPv4. */
    public long serverHigh() {
        return serverHigh;
    }

    /** The last eight bytes of the server's IPv6 address, or its IPv4 address as 0..2^32-1. */
    public long serverLow() {
        return serverLow;
    }

    /** 1..65535. */
    public int serverPort() {
        return serverPort;
    }

    /** How long ago the association was made, when the message was written. */
    public int ageMillis() {
        return ageMillis;
    }

    /** The tag of the ILB that is to own the connection; 0 for the owner by score. */
    public int assignedOwner() {
        return assignedOwner;
    }

    /** The server as a value of its own; allocates. */
    public Endpoint server() {
        return new Endpoint(new IpAddress(tuple.ipv6(), serverHigh, serverLow), serverPort);
    }

    @Override
    public String toString() {
        return "state=" + state + " reset=" + reset + " server=" + server() + " ageMillis=" + ageMillis + " tuple="
                + tuple + (assignedOwner == 0 ? "" : " assignedOwner=0x" + Integer.toHexString(assignedOwner));
    }
}
