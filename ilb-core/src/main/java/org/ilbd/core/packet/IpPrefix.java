package org.ilbd.core.packet;

/**
 * A range of addresses that begin alike, as in RFC 4632 and RFC 4291, 2.3.
 *
 * @param address the first of them: the bits behind {@code length} are 0
 * @param length bits in which they are alike, 0 to 32 or 128
 */
public record IpPrefix(IpAddress address, int length) {
    /** @throws IllegalArgumentException with a text for an operator */
    public IpPrefix {
        final int bits = address.ipv6() ? 128 : 32;
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException("the length " + length + " is not in 0.." + bits);
        }
        for (int i = length; i < bits; i++) {
            if (bit(address.ipv6(), address.high(), address.low(), i) != 0) {
                throw new IllegalArgumentException(
                        address + "/" + length + " has bits that are set behind the first " + length);
            }
        }
    }

    /**
     * Reads {@code ADDRESS/LENGTH}.
     *
     * @throws IllegalArgumentException with a text for an operator
     */
    public static IpPrefix parse(final String text) {
        final int slash = text.indexOf('/');
        if (slash < 0 || !text.substring(slash + 1).matches("[0-9]{1,3}")) {
            throw new IllegalArgumentException("'" + text + "' is not a prefix such as \"10.1.0.0/16\"");
        }
        return new IpPrefix(IpAddress.parse(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
    }

    /** A bit of an address, 0 or 1; the most significant is that at 0. */
    public static int bit(final boolean ipv6, final long high, final long low, final int position) {
        if (!ipv6) {
            return (int) (low >>> (31 - position)) & 1;
        }
        return (int) (position < Long.SIZE ? high >>> (63 - position) : low >>> (127 - position)) & 1;
    }

    @Override
    public String toString() {
        return address + "/" + length;
    }
}
