package org.ilbd.core.membership;

/** Time that goes on when it is told to. */
final class FakeClock {
    static final long MILLI = 1_000_000;

    /** Shortly before the numbers wrap, as System.nanoTime may be. */
    private long nowNanos = Long.MAX_VALUE - 1_000 * MILLI;

    long now() {
        return nowNanos;
    }

    void advanceMillis(long millis) {
        nowNanos += millis * MILLI;
    }
}
