package org.ilbd.core.scheduler;

import java.util.List;

/**
 * Of two servers drawn at random, in proportion to the weights, the one with fewer connections for its weight
 * (Mitzenmacher: "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001): nearly as even as
 * the fewest of all, and better where the counts are old news, because nobody is everyone's choice.
 *
 * <p><b>Draws.</b> Entries of a {@link Maglev} table, the first by the connection's hash, the second by a hash of that: so
 * all ILBs that count alike select alike, and the first draw is the server that a packet without an association goes to.
 * A second draw that is the first again compares nothing, and is repeated up to three times; with two servers that
 * leaves one in sixteen without a choice.
 *
 * <p><b>Comparison.</b> {@code (connections + 1) / weight}, by cross-multiplication; the first draw wins a tie.
 *
 * <p><b>Cost.</b> A selection is O(1); an update is the table's. <b>Memory.</b> None besides the table.
 */
public final class RandomTwoChoices implements Scheduler {
    /** Draws after the first. */
    static final int MAX_DRAWS = 4;
    /** ASCII "2choices": the second draw has a seed of its own. */
    private static final long SECOND_SEED = 0x3263_686F_6963_6573L;

    private final Maglev table;
    private ServerSet servers = new ServerSet(List.of(), new int[0]);

    RandomTwoChoices(Maglev table) {
        this.table = table;
    }

    @Override
    public void update(ServerSet newServers) {
        servers = newServers;
        table.update(newServers);
    }

    @Override
    public int select(long connectionHash) {
        int first = table.select(connectionHash);
        int second = first;
        long hash = connectionHash;
        for (int draw = 0; draw < MAX_DRAWS && second == first; draw++) {
            hash = SelectionHash.mix(hash ^ SECOND_SEED);
            second = table.select(hash);
        }
        return second == first || isAtMost(first, second) ? first : second;
    }

    private boolean isAtMost(int first, int second) {
        return (servers.connections(first) + 1L) * servers.weight(second)
                <= (servers.connections(second) + 1L) * servers.weight(first);
    }
}
