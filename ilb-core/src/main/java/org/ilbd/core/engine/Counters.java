package org.ilbd.core.engine;

/**
 * The engine's counters. Written by the engine's thread as plain longs; another thread may read them at any time and sees
 * a value that was true a moment ago.
 */
public final class Counters {
    private final long[] counts = new long[Counter.values().length];
    private final long[] drops = new long[DropReason.values().length];

    Counters() {}

    /** The count so far. */
    public long get(Counter counter) {
        return counts[counter.ordinal()];
    }

    /** How many packets or datagrams were dropped for this reason. */
    public long dropped(DropReason reason) {
        return drops[reason.ordinal()];
    }

    void add(Counter counter) {
        counts[counter.ordinal()]++;
    }

    void add(Counter counter, long amount) {
        counts[counter.ordinal()] += amount;
    }

    /** Counts one drop; for the engine and for the datapath on its thread. */
    public void drop(DropReason reason) {
        drops[reason.ordinal()]++;
    }
}
