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
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;

/**
 * An INTAKE message: the designation of one service's intake that its sender holds, big-endian. It is both the control
 * message, which asks for an answer, and the confirmation, which is the answer.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |               MessageHeader (32 bytes) ...
 *  +---------------+---------------+-------------------------------+
 *  |    Request    |     IPv6      |           VIP's port          |
 *  +---------------+---------------+-------------------------------+
 *  |                         Designator tag                        |
 *  +---------------------------------------------------------------+
 *  |                    Designator's incarnation                   |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                            Sequence                           |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                            Age, ms                            |
 *  +---------------------------------------------------------------+
 *  |                            Reserved                           |
 *  +---------------------------------------------------------------+
 *  |                      VIP's address (16 bytes)                 |
 *  +---------------------------------------------------------------+
 *  |                     Intake's address (16 bytes)               |
 *  +---------------------------------------------------------------+
 * </pre>
 *
 * <p>An IPv4 address is in the last four bytes, behind zeros. The tag is the CRC32 of the id of the ILB that designated, which
 * need not be the sender. A sequence of 0 says that the sender holds no designation; then tag, incarnation, age and
 * intake mean nothing.
 */
public final class IntakeMessage {
    public static final int REQUEST_OFFSET = MessageHeader.LENGTH_BYTES;
    public static final int IPV6_OFFSET = MessageHeader.LENGTH_BYTES + 1;
    public static final int VIP_PORT_OFFSET = MessageHeader.LENGTH_BYTES + 2;
    public static final int DESIGNATOR_TAG_OFFSET = MessageHeader.LENGTH_BYTES + 4;
    public static final int DESIGNATOR_INCARNATION_OFFSET = MessageHeader.LENGTH_BYTES + 8;
    public static final int SEQUENCE_OFFSET = MessageHeader.LENGTH_BYTES + 16;
    public static final int AGE_OFFSET = MessageHeader.LENGTH_BYTES + 24;
    public static final int VIP_ADDRESS_OFFSET = MessageHeader.LENGTH_BYTES + 32;
    public static final int INTAKE_ADDRESS_OFFSET = MessageHeader.LENGTH_BYTES + 48;
    /** Bytes of a message. */
    public static final int LENGTH_BYTES = MessageHeader.LENGTH_BYTES + 64;

    /** So many that none is ever reached, and that there is always a next one. */
    public static final long MAX_SEQUENCE = Long.MAX_VALUE >> 1;

    private static final long IPV4_MASK = 0xFFFF_FFFFL;

    private boolean request;
    private Endpoint vip = new Endpoint(IpAddress.ofIpv4(0), 0);
    private int designatorTag;
    private long designatorIncarnation;
    private long sequence;
    private int ageMillis;
    private IpAddress intake = IpAddress.ofIpv4(0);

    /** Nothing yet. */
    public IntakeMessage() {}

    /**
     * Writes a message up to its signature; returns {@link #LENGTH_BYTES}.
     *
     * @param sequence 0..{@link #MAX_SEQUENCE}
     * @param ageMillis since the designation, 0 or more
     * @param intake of the VIP's address family
     */
    public static int encode(
            MemorySegment segment,
            long offset,
            int senderTag,
            long incarnation,
            boolean request,
            Endpoint vip,
            int designatorTag,
            long designatorIncarnation,
            long sequence,
            int ageMillis,
            IpAddress intake) {
        MessageHeader.encode(segment, offset, MessageType.INTAKE, senderTag, incarnation);
        putByte(segment, offset + REQUEST_OFFSET, request ? 1 : 0);
        putByte(segment, offset + IPV6_OFFSET, vip.address().ipv6() ? 1 : 0);
        putShort(segment, offset + VIP_PORT_OFFSET, vip.port());
        putInt(segment, offset + DESIGNATOR_TAG_OFFSET, designatorTag);
        putLong(segment, offset + DESIGNATOR_INCARNATION_OFFSET, designatorIncarnation);
        putLong(segment, offset + SEQUENCE_OFFSET, sequence);
        putInt(segment, offset + AGE_OFFSET, ageMillis);
        putInt(segment, offset + AGE_OFFSET + 4, 0);
        putAddress(segment, offset + VIP_ADDRESS_OFFSET, vip.address());
        putAddress(segment, offset + INTAKE_ADDRESS_OFFSET, intake);
        return LENGTH_BYTES;
    }

    /** Reads a message into this object, which keeps no reference to the segment. Allocates. */
    public DecodeResult decode(MemorySegment segment, long offset, int length) {
        DecodeResult result = MessageHeader.check(segment, offset, length, MessageType.INTAKE);
        if (result != DecodeResult.OK) {
            return result;
        }
        if (length < LENGTH_BYTES) {
            return DecodeResult.TRUNCATED;
        }
        int requestCode = getUnsignedByte(segment, offset + REQUEST_OFFSET);
        int ipv6Code = getUnsignedByte(segment, offset + IPV6_OFFSET);
        long number = getLong(segment, offset + SEQUENCE_OFFSET);
        int age = getInt(segment, offset + AGE_OFFSET);
        if (requestCode > 1
                || ipv6Code > 1
                || number < 0
                || number > MAX_SEQUENCE
                || age < 0
                || !isAddress(segment, offset + VIP_ADDRESS_OFFSET, ipv6Code == 1)
                || !isAddress(segment, offset + INTAKE_ADDRESS_OFFSET, ipv6Code == 1)) {
            return DecodeResult.BAD_VALUE;
        }
        request = requestCode == 1;
        vip = new Endpoint(
                address(segment, offset + VIP_ADDRESS_OFFSET, ipv6Code == 1),
                getUnsignedShort(segment, offset + VIP_PORT_OFFSET));
        designatorTag = getInt(segment, offset + DESIGNATOR_TAG_OFFSET);
        designatorIncarnation = getLong(segment, offset + DESIGNATOR_INCARNATION_OFFSET);
        sequence = number;
        ageMillis = age;
        intake = address(segment, offset + INTAKE_ADDRESS_OFFSET, ipv6Code == 1);
        return DecodeResult.OK;
    }

    private static void putAddress(MemorySegment segment, long offset, IpAddress address) {
        putLong(segment, offset, address.high());
        putLong(segment, offset + Long.BYTES, address.low());
    }

    private static boolean isAddress(MemorySegment segment, long offset, boolean ipv6) {
        return ipv6 || (getLong(segment, offset) == 0 && (getLong(segment, offset + Long.BYTES) & ~IPV4_MASK) == 0);
    }

    private static IpAddress address(MemorySegment segment, long offset, boolean ipv6) {
        return new IpAddress(ipv6, getLong(segment, offset), getLong(segment, offset + Long.BYTES));
    }

    /** Whether the receiver is to answer with what it holds then. */
    public boolean request() {
        return request;
    }

    /** The service. */
    public Endpoint vip() {
        return vip;
    }

    /** The CRC32 of the id of the ILB that designated. */
    public int designatorTag() {
        return designatorTag;
    }

    /** Which life of that ILB's process it was. */
    public long designatorIncarnation() {
        return designatorIncarnation;
    }

    /** 0 (none) to {@link #MAX_SEQUENCE}. */
    public long sequence() {
        return sequence;
    }

    /** Milliseconds since the designation, 0 or more. */
    public int ageMillis() {
        return ageMillis;
    }

    /** The node. */
    public IpAddress intake() {
        return intake;
    }

    @Override
    public String toString() {
        return "INTAKE request=" + request + " vip=" + vip + " designatorTag=0x" + Integer.toHexString(designatorTag)
                + " designatorIncarnation=" + designatorIncarnation + " sequence=" + sequence + " ageMillis="
                + ageMillis + " intake=" + intake;
    }
}
