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
import org.ilbd.core.packet.FourTuple;

/**
 * A SELECTION message: the owner of a new connection asks the service's master for a server, or the master answers,
 * big-endian.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |               MessageHeader (32 bytes) ...
 *  +---------------+-------------+-+-------------------------------+
 *  |     Kind      |      0      |6|          Server port          |
 *  +---------------+-------------+-+-------------------------------+
 *  |                        Sender's zone                          |
 *  +---------------------------------------------------------------+
 *  |        Load, in a request; owner's tag, in an answer          |
 *  +---------------------------------------------------------------+
 *  |            Server address (4 bytes, or 16 with 6)             |
 *  +---------------------------------------------------------------+
 *  |      4-tuple, as FourTuple encodes it (12 bytes, or 36)       |
 *  +---------------------------------------------------------------+
 *
 *  6: IPv6
 * </pre>
 *
 * <p>In a request the server is the one that the client had last, as far as the sender knows; in an answer, the one that is
 * selected. Port and address 0 stand for none. The load is the sender's host's, per mille, or {@link IdMessage#UNKNOWN_LOAD}; the
 * owner, the ILB that is to own the connection instead of the one that asks, or 0. The connection's 4-tuple says which request an answer belongs to.
 */
public final class SelectionMessage {
    public static final int KIND_OFFSET = MessageHeader.LENGTH_BYTES;
    public static final int FLAGS_OFFSET = MessageHeader.LENGTH_BYTES + 1;
    public static final int SERVER_PORT_OFFSET = MessageHeader.LENGTH_BYTES + 2;
    public static final int ZONE_OFFSET = MessageHeader.LENGTH_BYTES + 4;
    public static final int LOAD_OR_OWNER_OFFSET = MessageHeader.LENGTH_BYTES + 8;
    public static final int SERVER_ADDRESS_OFFSET = MessageHeader.LENGTH_BYTES + 12;

    /** In the flags: the addresses are IPv6. */
    public static final int IPV6_FLAG = 0x01;

    private static final int IPV4_ADDRESS_BYTES = 4;
    private static final int IPV6_ADDRESS_BYTES = 16;

    /** Bytes of the longest message. */
    public static final int MAX_LENGTH_BYTES = lengthBytes(true);

    /** What a message says. */
    public enum Kind {
        /** Which server is this connection to have? */
        REQUEST(1),
        /** That one. */
        ANSWER(2);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** The byte on the wire. */
        public int code() {
            return code;
        }
    }

    private final FourTuple tuple = new FourTuple();
    private Kind kind = Kind.REQUEST;
    private int zone;
    private int loadOrOwner;
    private long serverHigh;
    private long serverLow;
    private int serverPort;

    /** Holds nothing until it has decoded. */
    public SelectionMessage() {}

    /** Bytes of a message. */
    public static int lengthBytes(boolean ipv6) {
        return tupleOffset(ipv6) + FourTuple.lengthBytes(ipv6);
    }

    private static int tupleOffset(boolean ipv6) {
        return SERVER_ADDRESS_OFFSET + (ipv6 ? IPV6_ADDRESS_BYTES : IPV4_ADDRESS_BYTES);
    }

    /**
     * Writes a message up to its signature; returns its length.
     *
     * @param zone of the sender; 0 for none
     * @param loadOrOwner in a request the load of the sender's host, 0..1000 or {@link IdMessage#UNKNOWN_LOAD}; in an answer the
     *     tag of the ILB that is to own the connection, or 0
     * @param serverHigh 0 for IPv4; the family is the 4-tuple's
     * @param serverPort 0 for no server
     */
    public static int encode(
            MemorySegment segment,
            long offset,
            int senderTag,
            long incarnation,
            Kind kind,
            int zone,
            int loadOrOwner,
            FourTuple tuple,
            long serverHigh,
            long serverLow,
            int serverPort) {
        boolean ipv6 = tuple.ipv6();
        MessageHeader.encode(segment, offset, MessageType.SELECTION, senderTag, incarnation);
        putByte(segment, offset + KIND_OFFSET, kind.code);
        putByte(segment, offset + FLAGS_OFFSET, ipv6 ? IPV6_FLAG : 0);
        putShort(segment, offset + SERVER_PORT_OFFSET, serverPort);
        putInt(segment, offset + ZONE_OFFSET, zone);
        putInt(segment, offset + LOAD_OR_OWNER_OFFSET, loadOrOwner);
        if (ipv6) {
            putLong(segment, offset + SERVER_ADDRESS_OFFSET, serverHigh);
            putLong(segment, offset + SERVER_ADDRESS_OFFSET + Long.BYTES, serverLow);
        } else {
            putInt(segment, offset + SERVER_ADDRESS_OFFSET, (int) serverLow);
        }
        tuple.encode(segment, offset + tupleOffset(ipv6));
        return lengthBytes(ipv6);
    }

    /** Reads a datagram into this object, which keeps no reference to the segment. */
    public DecodeResult decode(MemorySegment segment, long offset, int length) {
        DecodeResult result = MessageHeader.check(segment, offset, length, MessageType.SELECTION);
        if (result != DecodeResult.OK) {
            return result;
        }
        if (length < SERVER_ADDRESS_OFFSET) {
            return DecodeResult.TRUNCATED;
        }
        int code = getUnsignedByte(segment, offset + KIND_OFFSET);
        int flags = getUnsignedByte(segment, offset + FLAGS_OFFSET);
        if (code < Kind.REQUEST.code || code > Kind.ANSWER.code || (flags & ~IPV6_FLAG) != 0) {
            return DecodeResult.BAD_VALUE;
        }
        boolean ipv6 = flags != 0;
        if (length != lengthBytes(ipv6)) {
            return length < lengthBytes(ipv6) ? DecodeResult.TRUNCATED : DecodeResult.BAD_VALUE;
        }
        kind = code == Kind.REQUEST.code ? Kind.REQUEST : Kind.ANSWER;
        loadOrOwner = getInt(segment, offset + LOAD_OR_OWNER_OFFSET);
        if (kind == Kind.REQUEST && !IdMessage.isLoad(loadOrOwner)) {
            return DecodeResult.BAD_VALUE;
        }
        serverPort = getUnsignedShort(segment, offset + SERVER_PORT_OFFSET);
        zone = getInt(segment, offset + ZONE_OFFSET);
        if (ipv6) {
            serverHigh = getLong(segment, offset + SERVER_ADDRESS_OFFSET);
            serverLow = getLong(segment, offset + SERVER_ADDRESS_OFFSET + Long.BYTES);
        } else {
            serverHigh = 0;
            serverLow = getUnsignedInt(segment, offset + SERVER_ADDRESS_OFFSET);
        }
        tuple.decode(segment, offset + tupleOffset(ipv6), ipv6);
        return DecodeResult.OK;
    }

    public Kind kind() {
        return kind;
    }

    /** The zone of the sender; 0 for none. */
    public int zone() {
        return zone;
    }

    /** In a request: how busy the sender's host is, 0..1000 per mille, or {@link IdMessage#UNKNOWN_LOAD}. */
    public int load() {
        return loadOrOwner;
    }

    /** In an answer: the tag of the ILB that is to own the connection instead of the one that has asked; 0 for none. */
    public int assignedOwner() {
        return loadOrOwner;
    }

    /** The connection; this object's own, refilled by the next decoding. */
    public FourTuple tuple() {
        return tuple;
    }

    /** The first eight bytes of the server's IPv6 address; 0 for IPv4. */
    public long serverHigh() {
        return serverHigh;
    }

    /** The last eight bytes of the server's IPv6 address, or its IPv4 address as 0..2^32-1. */
    public long serverLow() {
        return serverLow;
    }

    /** 0 if no server is named. */
    public int serverPort() {
        return serverPort;
    }

    @Override
    public String toString() {
        return "SELECTION kind=" + kind + " zone=0x" + Integer.toHexString(zone)
                + (kind == Kind.REQUEST
                        ? " load=" + load()
                        : " assignedOwner=0x" + Integer.toHexString(assignedOwner()))
                + " serverHigh=0x"
                + Long.toHexString(serverHigh) + " serverLow=0x" + Long.toHexString(serverLow) + " serverPort="
                + serverPort + " tuple=" + tuple;
    }
}
