package org.ilbd.daemon;

import org.ilbd.core.engine.Engine;

/**
 * How many associations the engine looks at in one slice, so that no packet waits for longer than a millisecond: found out by how long the
 * slices take. A process that has just started is not compiled, and takes fifty times as long for each as an hour later; so may a machine
 * with much else to do, or a cluster of many ILBs.
 */
final class SliceBudget {
    static final int MIN = 64;

    private static final long LONG_NANOS = 1_000_000;

    /** Half of what is too long: with a quarter more, the next one is most likely not too long. */
    private static final long SHORT_NANOS = LONG_NANOS / 2;

    private int associations = MIN;

    /** For the next slice. */
    int associations() {
        return associations;
    }

    /** Begins anew: what comes next may be something that was never done, or long ago. */
    void reset() {
        associations = MIN;
    }

    /** A slice took so long. */
    void took(long nanos) {
        if (nanos > LONG_NANOS) {
            associations = Math.max(MIN, associations / 2);
        } else if (nanos < SHORT_NANOS) {
            associations = Math.min(Engine.MAX_SLICE, associations + associations / 4);
        }
    }
}
