package org.ilbd.core.ownership;

import java.util.Optional;
import java.util.zip.CRC32;
import org.ilbd.core.packet.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * The unique name of an ILB: an IP address, or an index (an unsigned 32-bit number). An index has the same four bytes
 * as some IPv4 address, so a cluster uses one kind or the other.
 */
public final class IlbId implements Comparable<IlbId> {
    private static final long MAX_INDEX = 0xFFFF_FFFFL;
    private static final int MAX_INDEX_DIGITS = 10;

    private final boolean index;
    /** The address; of an index, the IPv4 address with the same four bytes. */
    private final IpAddress value;

    private final int tag;

    private IlbId(boolean index, IpAddress value) {
        this.index = index;
        this.value = value;
        CRC32 crc = new CRC32();
        crc.update(value.toBytes());
        this.tag = (int) crc.getValue();
    }

    /** An ILB that is named by an address. */
    public static IlbId of(IpAddress address) {
        return new IlbId(false, address);
    }

    /** An ILB that is named by an index, here as an unsigned number. */
    public static IlbId ofIndex(int index) {
        return new IlbId(true, IpAddress.ofIpv4(index));
    }

    /**
     * The id with these {@link #bytes()}.
     *
     * @param index what {@link #isIndex()} says of it
     * @throws IllegalArgumentException unless there are 4 bytes, or 16 of an address
     */
    public static IlbId ofBytes(boolean index, byte[] bytes) {
        if (index && bytes.length != IpAddress.IPV4_LENGTH_BYTES) {
            throw new IllegalArgumentException("an index has 4 bytes, not " + bytes.length);
        }
        return new IlbId(index, IpAddress.ofBytes(bytes));
    }

    /**
     * Reads {@code 10.2.0.11}, {@code 2001:db8::b} or {@code 7}. Never resolves a name.
     *
     * @throws IllegalArgumentException with a text for an operator
     */
    public static IlbId parse(String text) {
        if (text.isEmpty() || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return of(IpAddress.parse(text));
        }
        if (text.length() > MAX_INDEX_DIGITS || Long.parseLong(text) > MAX_INDEX) {
            throw new IllegalArgumentException("'" + text + "': an index is in 0.." + MAX_INDEX);
        }
        return ofIndex(Integer.parseUnsignedInt(text));
    }

    /** Whether this is an index, not an address. */
    public boolean isIndex() {
        return index;
    }

    /** Whether this is an IPv6 address. */
    public boolean isIpv6() {
        return value.ipv6();
    }

    /** The address, unless this is an index. */
    public Optional<IpAddress> address() {
        return index ? Optional.empty() : Optional.of(value);
    }

    /**
     * In network byte order: 4 bytes of an index or an IPv4 address, 16 of an IPv6 address. A new array for each call.
     */
    public byte[] bytes() {
        return value.toBytes();
    }

    /** CRC32 of {@link #bytes()}: the short name in the messages between ILBs. */
    public int tag() {
        return tag;
    }

    /** The first eight bytes of an IPv6 address, otherwise 0. */
    public long high() {
        return value.high();
    }

    /** The last eight bytes of an IPv6 address, otherwise the four bytes as 0..2^32-1. */
    public long low() {
        return value.low();
    }

    /** Indexes before IPv4 before IPv6, then by unsigned value. */
    @Override
    public int compareTo(IlbId other) {
        return index == other.index ? value.compareTo(other.value) : index ? -1 : 1;
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof IlbId other && index == other.index && value.equals(other.value);
    }

    @Override
    public int hashCode() {
        return 31 * value.hashCode() + Boolean.hashCode(index);
    }

    /** The form that {@link #parse} reads. */
    @Override
    public String toString() {
        return index ? Long.toString(value.low()) : value.toString();
    }
}
