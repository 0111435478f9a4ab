package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * What happens, as a running hash of everything, and on demand as lines to read about the cluster and one connection. The
 * lines are only gathered in a run that is made to be read: the same schedule gives the same run.
 */
final class Trace {
    /** No connection: gather no lines. */
    static final int NOTHING = -1;

    private static final int MAX_LINES = 4_000;

    private final EventQueue queue;
    private final int wanted;
    private final List<String> lines = new ArrayList<>();
    private long hash;
    private long steps;

    Trace(EventQueue queue, int wanted) {
        this.queue = queue;
        this.wanted = wanted;
    }

    /** Adds a fact to the hash, with the time. */
    void fold(long fact) {
        steps++;
        long x = hash ^ (fact * 0x9E37_79B9_7F4A_7C15L) ^ queue.now();
        x = (x ^ (x >>> 32)) * 0xD6E8_FEB8_6659_FD93L;
        hash = x ^ (x >>> 32);
    }

    void fold(long fact, byte[] bytes) {
        fold(fact * 31 + java.util.Arrays.hashCode(bytes));
    }

    long hash() {
        return hash;
    }

    long steps() {
        return steps;
    }

    boolean reads(int connection) {
        return wanted != NOTHING && (connection == wanted || connection == 0);
    }

    /** @param connection 0 for what concerns the whole cluster */
    void line(int connection, Supplier<String> text) {
        if (reads(connection) && lines.size() < MAX_LINES) {
            lines.add(String.format(Locale.ROOT, "%10.3f ms  %s", queue.millis(), text.get()));
        }
    }

    List<String> lines() {
        return lines;
    }
}
