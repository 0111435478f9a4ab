package org.ilbd.core.scheduler;

import java.util.List;

/**
 * Consistent hashing by a table (Eisenbud et al.: "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI
 * 2016, 3.4). The same connection gets the same server from every ILB that has the same set of servers, and from most
 * sets that are nearly the same.
 *
 * <p><b>Table.</b> Each server has its own order of preference of all entries ({@link MaglevPreferences}). The servers take
 * turns in proportion to their weights, and in each turn one takes the entry that it prefers of those still free
 * ({@link MaglevBuilder}). A server with less than the 131,074th part of the whole weight may have no entry.
 *
 * <p><b>Order.</b> Turns start from the smallest endpoint, so the order in which servers are listed does not count.
 *
 * <p><b>Updates.</b> An update that changes weights or availability costs nothing itself; the next selection makes the
 * table anew, once for however many updates before it. So a service that selects in another way, and needs its table for
 * stray packets only, pays only when there are some.
 * That takes 1.5 ms for 1,000 servers on a core of an AMD EPYC, whatever their weights. An update with another set
 * sorts it by endpoint.
 *
 * <p><b>Memory.</b> 128 KiB for the table, and 16 bytes for each server.
 */
public final class Maglev implements Scheduler {
    /**
     * Entries of the table: a prime, as the preferences need, 65 times a thousand servers (the paper's small table).
     */
    public static final int TABLE_SIZE = 65_537;

    private final MaglevBuilder builder;
    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private MaglevPreferences preferences = new MaglevPreferences(servers);
    private boolean stale;
    private boolean empty = true;

    /** Positions of servers: 0..65,534. */
    private char[] table = {};

    /** @param builder may make many tables, in one thread */
    public Maglev(MaglevBuilder builder) {
        this.builder = builder;
    }

    @Override
    public void update(ServerSet newServers) {
        if (newServers != servers) {
            servers = newServers;
            preferences = new MaglevPreferences(newServers);
            builder.reserve(newServers.size());
            table = newServers.size() == 0 ? new char[0] : new char[TABLE_SIZE];
        }
        stale = true;
    }

    @Override
    public int select(long connectionHash) {
        if (stale) {
            empty = !builder.build(servers, preferences, table);
            stale = false;
        }
        return empty ? NONE : table[entry(connectionHash)];
    }

    /** The entry of a connection. */
    static int entry(long connectionHash) {
        return (int) Math.unsignedMultiplyHigh(connectionHash, TABLE_SIZE);
    }

    /** The position in an entry, after a selection that was not {@link #NONE}. */
    int at(int entry) {
        return table[entry];
    }
}
