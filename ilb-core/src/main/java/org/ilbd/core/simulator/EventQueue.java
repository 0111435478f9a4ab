package org.ilbd.core.simulator;

import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** The simulated clock and what is to happen, in the order of time; what is due at the same instant, in the order it was put in. */
final class EventQueue {
    static final long MICROSECOND = 1_000;
    static final long MILLISECOND = 1_000_000;
    static final long SECOND = 1_000_000_000;

    private final PriorityQueue<Entry> entries =
            new PriorityQueue<>(1_024, Comparator.comparingLong(Entry::atNanos).thenComparingLong(Entry::sequence));
    private long sequence;
    private long nowNanos = SECOND;

    private record Entry(long atNanos, long sequence, Runnable action) {}

    long now() {
        return nowNanos;
    }

    /** Milliseconds since the start, for people. */
    double millis() {
        return (nowNanos - SECOND) / (double) MILLISECOND;
    }

    void in(long delayNanos, Runnable action) {
        at(nowNanos + delayNanos, action);
    }

    void at(long atNanos, Runnable action) {
        entries.add(new Entry(Math.max(atNanos, nowNanos), sequence++, action));
    }

    /** Moves the clock to the next event and lets it happen; false if there is none. */
    boolean step() {
        @Nullable Entry next = entries.poll();
        if (next == null) {
            return false;
        }
        nowNanos = next.atNanos;
        next.action.run();
        return true;
    }
}
