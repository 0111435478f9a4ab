package org.ilbd.core.scheduler;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;

/**
 * What a Maglev table needs of the servers' endpoints alone: each one's order of preference of all entries, {@code (offset
 * + j x skip) mod 65,537}, offset and skip from a hash of the endpoint. Immutable.
 */
final class MaglevPreferences {
    /**
     * ASCII "maglev-o" and "maglev-s": offset and skip are hashes with seeds of their own, apart from the
     * connection's.
     */
    private static final long OFFSET_SEED = 0x6D61_676C_6576_2D6FL;

    private static final long SKIP_SEED = 0x6D61_676C_6576_2D73L;

    private final int[] positions;
    private final int[] offsets;
    private final int[] skips;
    private final int[] inverses;

    MaglevPreferences(ServerSet servers) {
        positions = IntStream.range(0, servers.size())
                .boxed()
                .sorted(Comparator.comparing(servers::endpoint))
                .mapToInt(Integer::intValue)
                .toArray();
        offsets = new int[positions.length];
        skips = new int[positions.length];
        inverses = new int[positions.length];
        for (int i = 0; i < positions.length; i++) {
            Endpoint endpoint = servers.endpoint(positions[i]);
            offsets[i] = (int) Long.remainderUnsigned(hash(OFFSET_SEED, endpoint), Maglev.TABLE_SIZE);
            skips[i] = (int) Long.remainderUnsigned(hash(SKIP_SEED, endpoint), Maglev.TABLE_SIZE - 1) + 1;
            inverses[i] = inverse(skips[i]);
        }
    }

    /** The position in the set of the i-th server in the order of the endpoints. */
    int position(int i) {
        return positions[i];
    }

    /** The entry that the i-th server prefers to all others. */
    int offset(int i) {
        return offsets[i];
    }

    /** From an entry to the one that it prefers next, modulo the size of the table. */
    int skip(int i) {
        return skips[i];
    }

    /** How many entries it prefers to one entry, counted from another on. */
    int rank(int i, int entry, int from) {
        int distance = entry - from;
        return multiply(distance < 0 ? distance + Maglev.TABLE_SIZE : distance, inverses[i]);
    }

    /** Modulo 2^16 + 1, where 2^16 is -1: so the upper half of the product counts negative. */
    private static int multiply(int a, int b) {
        long product = (long) a * b;
        int remainder = (int) (product & 0xFFFF) - (int) (product >>> 16);
        return remainder < 0 ? remainder + Maglev.TABLE_SIZE : remainder;
    }

    /** By Fermat's little theorem: {@code skip^(p - 2)}, and p - 2 is fifteen ones in binary. */
    private static int inverse(int skip) {
        int power = 1;
        for (int bit = 0; bit < 16; bit++) {
            power = multiply(power, power);
            power = bit == 0 ? skip : multiply(power, skip);
        }
        return power;
    }

    private static long hash(long seed, Endpoint endpoint) {
        long hash = SelectionHash.mix(seed ^ (endpoint.address().ipv6() ? 6 : 4));
        hash = SelectionHash.mix(hash ^ endpoint.address().high());
        hash = SelectionHash.mix(hash ^ endpoint.address().low());
        return SelectionHash.mix(hash ^ endpoint.port());
    }
}
