package org.ilbd.core.membership;

/** A count for each {@link Reception}; written by one thread, and read by any. */
final class ReceptionCounts {
    private final long[] counts = new long[Reception.values().length];

    void count(Reception reception) {
        counts[reception.ordinal()]++;
    }

    long get(Reception reception) {
        return counts[reception.ordinal()];
    }
}
