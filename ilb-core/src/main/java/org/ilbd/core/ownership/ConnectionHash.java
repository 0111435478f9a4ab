package org.ilbd.core.ownership;

import org.ilbd.core.packet.FourTuple;

/**
 * CRC32 of an encoded 4-tuple: the one hash that the ranking needs of a packet, whatever the number of ILBs.
 *
 * <p><b>Linearity.</b> Let {@code g(q)} be the CRC32 of the tuple alone and {@code c(id, n)} the CRC32 of the id,
 * moved on over n zero bytes from its value (with neither the initial nor the final inversion). Then {@code CRC32(id
 * ‖ q) = c(id, |q|) XOR g(q)}: a CRC register is a linear function of its start and of the message, and the two
 * inversions, which are the same constant before and after, cancel out between the id's CRC and the tuple's.
 *
 * <p><b>Speed.</b> Slicing by 8 (Kounavis, Berry: "Novel Table Lookup-Based Algorithms for High-Performance CRC
 * Generation", 2008) straight from the tuple's longs: 2 dependent steps for IPv4, 5 for IPv6, 8 KiB of tables. {@code
 * java.util.zip.CRC32} has no form that takes a long, and one native call costs more than the whole hash.
 */
public final class ConnectionHash {
    /** The generator polynomial, bits reversed (ISO/IEC 8802-3, 3.2.8). */
    private static final int POLYNOMIAL = 0xEDB8_8320;

    private static final int SLICES = 8;
    private static final int SLICE = 256;

    /** {@code [256 k + b]}: what byte b does to the register with k more zero bytes behind it. */
    private static final int[] TABLE = table();

    private ConnectionHash() {}

    /** {@code g(q)}: CRC32 of the 12 or 36 bytes of the encoded tuple. */
    public static int of(FourTuple tuple) {
        if (tuple.ipv6()) {
            // Port and address straddle the words: 2 + 16 + 2 + 16 bytes in four words of eight and one of four.
            long destinationHigh = tuple.destinationHigh();
            long destinationLow = tuple.destinationLow();
            long sourceHigh = tuple.sourceHigh();
            long sourceLow = tuple.sourceLow();
            int register = ~0;
            register = step8(register, (long) tuple.destinationPort() << 48 | destinationHigh >>> 16);
            register = step8(register, destinationHigh << 48 | destinationLow >>> 16);
            register = step8(register, destinationLow << 48 | (long) tuple.sourcePort() << 32 | sourceHigh >>> 32);
            register = step8(register, sourceHigh << 32 | sourceLow >>> 32);
            return ~step4(register, (int) sourceLow);
        }
        int register =
                step8(~0, (long) tuple.destinationPort() << 48 | tuple.destinationLow() << 16 | tuple.sourcePort());
        return ~step4(register, (int) tuple.sourceLow());
    }

    /** {@code c(id, n)} of an id with this CRC32, for tuples of n bytes; for the control path. */
    static int shift(int crc, int lengthBytes) {
        int register = crc;
        for (int i = 0; i < lengthBytes; i++) {
            register = register >>> 8 ^ TABLE[register & 0xFF];
        }
        return register;
    }

    /** Takes in eight bytes, the first in the most significant place. */
    private static int step8(int register, long word) {
        long x = word ^ (long) Integer.reverseBytes(register) << 32;
        int[] table = TABLE;
        return table[7 * SLICE + (int) (x >>> 56)]
                ^ table[6 * SLICE + ((int) (x >>> 48) & 0xFF)]
                ^ table[5 * SLICE + ((int) (x >>> 40) & 0xFF)]
                ^ table[4 * SLICE + ((int) (x >>> 32) & 0xFF)]
                ^ table[3 * SLICE + ((int) x >>> 24)]
                ^ table[2 * SLICE + ((int) x >>> 16 & 0xFF)]
                ^ table[SLICE + ((int) x >>> 8 & 0xFF)]
                ^ table[(int) x & 0xFF];
    }

    /** Takes in four bytes, the first in the most significant place. */
    private static int step4(int register, int word) {
        int x = word ^ Integer.reverseBytes(register);
        int[] table = TABLE;
        return table[3 * SLICE + (x >>> 24)]
                ^ table[2 * SLICE + (x >>> 16 & 0xFF)]
                ^ table[SLICE + (x >>> 8 & 0xFF)]
                ^ table[x & 0xFF];
    }

    private static int[] table() {
        int[] table = new int[SLICES * SLICE];
        for (int b = 0; b < SLICE; b++) {
            int register = b;
            for (int bit = 0; bit < 8; bit++) {
                register = (register >>> 1) ^ (POLYNOMIAL & -(register & 1));
            }
            table[b] = register;
        }
        for (int i = SLICE; i < table.length; i++) {
            int previous = table[i - SLICE];
            table[i] = previous >>> 8 ^ table[previous & 0xFF];
        }
        return table;
    }
}
