package org.ilbd.core.engine;

/** The time that was handed in last, in the two units that the engine's parts use. */
final class Clock {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final long startNanos;
    private long nanos;
    private int millis;

    Clock(long startNanos) {
        this.startNanos = startNanos;
        this.nanos = startNanos;
    }

    void set(long nowNanos) {
        if (nowNanos != nanos) {
            nanos = nowNanos;
            millis = (int) ((nowNanos - startNanos) / NANOS_PER_MILLI);
        }
    }

    long nanos() {
        return nanos;
    }

    /** Milliseconds since the start; wraps, so only differences mean something. */
    int millis() {
        return millis;
    }
}
