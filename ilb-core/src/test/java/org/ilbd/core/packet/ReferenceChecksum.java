package org.ilbd.core.packet;

/** The Internet checksum word by word, as RFC 1071 describes it: what the fast one is compared with. */
public final class ReferenceChecksum {
    private ReferenceChecksum() {}

    /** The folded one's complement sum of bytes[from, to), continued from {@code sum}. */
    public static int sum(final byte[] bytes, final int from, final int to, final int sum) {
        int result = sum;
        for (int i = from; i < to; i += 2) {
            result += (bytes[i] & 0xFF) << 8 | (i + 1 < to ? bytes[i + 1] & 0xFF : 0);
            result = (result & 0xFFFF) + (result >>> 16);
        }
        return result;
    }

    /** The sum of the pseudo-header of an IP packet, whose transport header is at {@code transport}. */
    public static int pseudoHeader(final byte[] packet, final int transport, final int protocol) {
        final int addresses = packet[0] >>> 4 == 4 ? sum(packet, 12, 20, 0) : sum(packet, 8, 40, 0);
        final int length = packet.length - transport;
        return sum(new byte[] {0, (byte) protocol, (byte) (length >>> 8), (byte) length}, 0, 4, addresses);
    }

    /** The checksum that the transport header at {@code transport} should have, its field at {@code field} aside. */
    public static int transport(final byte[] packet, final int transport, final int field, final int protocol) {
        final byte[] copy = packet.clone();
        put(copy, transport + field, 0);
        final boolean pseudo = protocol != Ipv4Header.PROTOCOL_ICMP;
        return ~sum(copy, transport, copy.length, pseudo ? pseudoHeader(copy, transport, protocol) : 0) & 0xFFFF;
    }

    /** The checksum that an IPv4 header of {@code length} bytes should have. */
    public static int ipv4(final byte[] packet, final int offset, final int length) {
        final byte[] copy = packet.clone();
        put(copy, offset + 10, 0);
        return ~sum(copy, offset, offset + length, 0) & 0xFFFF;
    }

    static int get(final byte[] bytes, final int offset) {
        return (bytes[offset] & 0xFF) << 8 | (bytes[offset + 1] & 0xFF);
    }

    static void put(final byte[] bytes, final int offset, final int value) {
        bytes[offset] = (byte) (value >>> 8);
        bytes[offset + 1] = (byte) value;
    }
}
