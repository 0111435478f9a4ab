package org.ilbd.core.scheduler;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;

/**
 * Consistent hashing by a table (Eisenbud et al.: "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI
 * 2016, 3.4). The same connection gets the same server from every ILB that has the same set of servers, and from most
 * sets that are nearly the same.
 *
 * <p><b>Table.</b> Each server has its own order of preference of all entries, {@code (offset + j x skip) mod
 * 65,537}, offset and skip from a hash of its endpoint. The servers take turns, and in each turn one takes the entry
 * that it prefers of those still free.
 *
 * <p><b>Weights.</b> Turns are in proportion to the weights, in the order of {@link SmoothSequence}: after any number
 * of turns each server has its share to within about one entry. A server with less than the 65,537th part of the
 * whole weight may have no entry.
 *
 * <p><b>Order.</b> Turns start from the smallest endpoint, so the order in which servers are listed does not count.
 */
public final class Maglev implements Scheduler {
    /**
     * Entries of the table: a prime, as the preferences need, 65 times a thousand servers (the paper's small table).
     */
    public static final int TABLE_SIZE = 65_537;

    /**
     * ASCII "maglev-o" and "maglev-s": offset and skip are hashes with seeds of their own, apart from the
     * connection's.
     */
    private static final long OFFSET_SEED = 0x6D61_676C_6576_2D6FL;

    private static final long SKIP_SEED = 0x6D61_676C_6576_2D73L;

    private static final char FREE = Character.MAX_VALUE;

    /** Positions of servers: 0..65,534, so that one value is left for a free entry. */
    private char[] table = {};

    Maglev() {}

    @Override
    public void update(ServerSet servers) {
        int[] listed = IntStream.range(0, servers.size())
                .filter(i -> servers.effectiveWeight(i) > 0)
                .boxed()
                .sorted(Comparator.comparing(servers::endpoint))
                .mapToInt(Integer::intValue)
                .toArray();
        table = listed.length == 0 ? new char[0] : populate(servers, listed);
    }

    @Override
    public int select(long connectionHash) {
        char[] entries = table;
        return entries.length == 0 ? NONE : entries[(int) Math.unsignedMultiplyHigh(connectionHash, TABLE_SIZE)];
    }

    private static char[] populate(ServerSet servers, int[] listed) {
        int size = listed.length;
        int[] entries = new int[size];
        int[] skips = new int[size];
        int[] weights = new int[size];
        for (int i = 0; i < size; i++) {
            Endpoint endpoint = servers.endpoint(listed[i]);
            entries[i] = (int) Long.remainderUnsigned(hash(OFFSET_SEED, endpoint), TABLE_SIZE);
            skips[i] = (int) Long.remainderUnsigned(hash(SKIP_SEED, endpoint), TABLE_SIZE - 1) + 1;
            weights[i] = servers.weight(listed[i]);
        }
        SmoothSequence turns = new SmoothSequence(weights, new long[size]);
        char[] table = new char[TABLE_SIZE];
        Arrays.fill(table, FREE);
        for (int filled = 0; filled < TABLE_SIZE; filled++) {
            int i = turns.next();
            int entry = entries[i];
            int skip = skips[i];
            while (table[entry] != FREE) {
                entry += skip;
                entry -= entry >= TABLE_SIZE ? TABLE_SIZE : 0;
            }
            table[entry] = (char) listed[i];
            entries[i] = entry;
        }
        return table;
    }

    private static long hash(long seed, Endpoint endpoint) {
        long hash = SelectionHash.mix(seed ^ (endpoint.address().ipv6() ? 6 : 4));
        hash = SelectionHash.mix(hash ^ endpoint.address().high());
        hash = SelectionHash.mix(hash ^ endpoint.address().low());
        return SelectionHash.mix(hash ^ endpoint.port());
    }
}
