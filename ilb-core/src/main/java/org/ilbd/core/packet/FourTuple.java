package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The name of a TCP connection, as a mutable value: it is refilled for each packet, so keep a {@link #copyFrom copy} of
 * what has to last. An IPv4 address is held as {@code high = 0, low = 0..2^32-1}.
 *
 * <p>Encoded in network byte order, 12 bytes for IPv4 (address = 4 bytes), 36 for IPv6 (address = 16 bytes):
 *
 * <pre>
 *   0        2                   2+a      4+a                 4+2a
 *  +--------+--------------------+--------+--------------------+
 *  | dst    | destination        | source | source             |
 *  | port   | address            | port   | address            |
 *  +--------+--------------------+--------+--------------------+
 * </pre>
 */
public final class FourTuple {
    /** Bytes of an encoded IPv4 tuple. */
    public static final int IPV4_LENGTH_BYTES = 12;
    /** Bytes of an encoded IPv6 tuple. */
    public static final int IPV6_LENGTH_BYTES = 36;

    private static final int DESTINATION_PORT_OFFSET = 0;
    private static final int DESTINATION_ADDRESS_OFFSET = 2;
    private static final int IPV4_SOURCE_PORT_OFFSET = 6;
    private static final int IPV4_SOURCE_ADDRESS_OFFSET = 8;
    private static final int IPV6_SOURCE_PORT_OFFSET = 18;
    private static final int IPV6_SOURCE_ADDRESS_OFFSET = 20;

    private boolean ipv6;
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int sourcePort;
    private int destinationPort;

    /** All zero, IPv4. */
    public FourTuple() {}

    /** Sets all components; ports are 0..65535, and an IPv4 address has {@code high = 0, low = 0..2^32-1}. */
    public FourTuple set(
            final boolean ipv6,
            final long sourceHigh,
            final long sourceLow,
            final int sourcePort,
            final long destinationHigh,
            final long destinationLow,
            final int destinationPort) {
        this.ipv6 = ipv6;
        this.sourceHigh = sourceHigh;
        this.sourceLow = sourceLow;
        this.sourcePort = sourcePort;
        this.destinationHigh = destinationHigh;
        this.destinationLow = destinationLow;
        this.destinationPort = destinationPort;
        return this;
    }

    /** Sets all components, from a client to a server or VIP; for the control path and tests. */
    public FourTuple set(final Endpoint source, final Endpoint destination) {
        if (source.address().ipv6() != destination.address().ipv6()) {
            throw new IllegalArgumentException(source + " and " + destination + " are of different families");
        }
        return set(
                source.address().ipv6(),
                source.address().high(),
                source.address().low(),
                source.port(),
                destination.address().high(),
                destination.address().low(),
                destination.port());
    }

    /** Takes every component of another. */
    public FourTuple copyFrom(final FourTuple other) {
        return set(
                other.ipv6,
                other.sourceHigh,
                other.sourceLow,
                other.sourcePort,
                other.destinationHigh,
                other.destinationLow,
                other.destinationPort);
    }

    /** Turns the tuple round: that of the packets that go the other way. */
    public FourTuple reverse() {
        final long high = sourceHigh;
        final long low = sourceLow;
        final int port = sourcePort;
        setSource(destinationHigh, destinationLow, destinationPort);
        setDestination(high, low, port);
        return this;
    }

    void setDestination(final long high, final long low, final int port) {
        destinationHigh = high;
        destinationLow = low;
        destinationPort = port;
    }

    void setSource(final long high, final long low, final int port) {
        sourceHigh = high;
        sourceLow = low;
        sourcePort = port;
    }

    public boolean ipv6() {
        return ipv6;
    }

    public long sourceHigh() {
        return sourceHigh;
    }

    public long sourceLow() {
        return sourceLow;
    }

    /** 0..65535. */
    public int sourcePort() {
        return sourcePort;
    }

    public long destinationHigh() {
        return destinationHigh;
    }

    public long destinationLow() {
        return destinationLow;
    }

    /** 0..65535. */
    public int destinationPort() {
        return destinationPort;
    }

    /** The source as a value of its own; allocates. */
    public Endpoint source() {
        return new Endpoint(new IpAddress(ipv6, sourceHigh, sourceLow), sourcePort);
    }

    /** The destination as a value of its own; allocates. */
    public Endpoint destination() {
        return new Endpoint(new IpAddress(ipv6, destinationHigh, destinationLow), destinationPort);
    }

    /** Bytes of the encoded form: 12 or 36. */
    public int lengthBytes() {
        return lengthBytes(ipv6);
    }

    /** Bytes of the encoded form: 12 or 36. */
    public static int lengthBytes(final boolean ipv6) {
        return ipv6 ? IPV6_LENGTH_BYTES : IPV4_LENGTH_BYTES;
    }

    /** Writes the encoded form; returns {@link #lengthBytes()}. */
    public int encode(final MemorySegment segment, final long offset) {
        NetworkOrder.putShort(segment, offset + DESTINATION_PORT_OFFSET, destinationPort);
        if (ipv6) {
            NetworkOrder.putLong(segment, offset + DESTINATION_ADDRESS_OFFSET, destinationHigh);
            NetworkOrder.putLong(segment, offset + DESTINATION_ADDRESS_OFFSET + 8, destinationLow);
            NetworkOrder.putShort(segment, offset + IPV6_SOURCE_PORT_OFFSET, sourcePort);
            NetworkOrder.putLong(segment, offset + IPV6_SOURCE_ADDRESS_OFFSET, sourceHigh);
            NetworkOrder.putLong(segment, offset + IPV6_SOURCE_ADDRESS_OFFSET + 8, sourceLow);
            return IPV6_LENGTH_BYTES;
        }
        NetworkOrder.putInt(segment, offset + DESTINATION_ADDRESS_OFFSET, (int) destinationLow);
        NetworkOrder.putShort(segment, offset + IPV4_SOURCE_PORT_OFFSET, sourcePort);
        NetworkOrder.putInt(segment, offset + IPV4_SOURCE_ADDRESS_OFFSET, (int) sourceLow);
        return IPV4_LENGTH_BYTES;
    }

    /** Reads the encoded form, whose {@code lengthBytes(ipv6)} bytes must be there; returns that length. */
    public int decode(final MemorySegment segment, final long offset, final boolean ipv6) {
        this.ipv6 = ipv6;
        destinationPort = NetworkOrder.getUnsignedShort(segment, offset + DESTINATION_PORT_OFFSET);
        if (ipv6) {
            destinationHigh = NetworkOrder.getLong(segment, offset + DESTINATION_ADDRESS_OFFSET);
            destinationLow = NetworkOrder.getLong(segment, offset + DESTINATION_ADDRESS_OFFSET + 8);
            sourcePort = NetworkOrder.getUnsignedShort(segment, offset + IPV6_SOURCE_PORT_OFFSET);
            sourceHigh = NetworkOrder.getLong(segment, offset + IPV6_SOURCE_ADDRESS_OFFSET);
            sourceLow = NetworkOrder.getLong(segment, offset + IPV6_SOURCE_ADDRESS_OFFSET + 8);
            return IPV6_LENGTH_BYTES;
        }
        destinationHigh = 0;
        destinationLow = NetworkOrder.getUnsignedInt(segment, offset + DESTINATION_ADDRESS_OFFSET);
        sourcePort = NetworkOrder.getUnsignedShort(segment, offset + IPV4_SOURCE_PORT_OFFSET);
        sourceHigh = 0;
        sourceLow = NetworkOrder.getUnsignedInt(segment, offset + IPV4_SOURCE_ADDRESS_OFFSET);
        return IPV4_LENGTH_BYTES;
    }

    @Override
    public boolean equals(final @Nullable Object object) {
        return object instanceof FourTuple other
                && sourceLow == other.sourceLow
                && sourcePort == other.sourcePort
                && destinationLow == other.destinationLow
                && destinationPort == other.destinationPort
                && sourceHigh == other.sourceHigh
                && destinationHigh == other.destinationHigh
                && ipv6 == other.ipv6;
    }

    /** For maps in tests and in the control path: not keyed, so never for a table that a client can fill. */
    @Override
    public int hashCode() {
        long hash = Boolean.hashCode(ipv6);
        hash = 31 * hash + sourceHigh;
        hash = 31 * hash + sourceLow;
        hash = 31 * hash + destinationHigh;
        hash = 31 * hash + destinationLow;
        hash = 31 * hash + (((long) sourcePort << 16) | destinationPort);
        return Long.hashCode(hash);
    }

    @Override
    public String toString() {
        return source() + " -> " + destination();
    }
}
