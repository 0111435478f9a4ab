package org.ilbd.core.simulator;

/** What one ILB was told of one server, by its check and by the server's agent, and since when it has known. */
final class Told {
    private boolean down;
    private boolean drained;
    private long drainedSinceNanos;
    private int limit;
    private long limitSinceNanos;

    void check(boolean up) {
        down = !up;
    }

    void agent(boolean nowDrained, int nowLimit, long nowNanos) {
        if (nowDrained != drained) {
            drained = nowDrained;
            drainedSinceNanos = nowNanos;
        }
        if (nowLimit != limit) {
            limit = nowLimit;
            limitSinceNanos = nowNanos;
        }
    }

    boolean isDown() {
        return down;
    }

    /** Whether it has known since before that time that the server gets no new connection. */
    boolean isDrainedSince(long nanos) {
        return drained && drainedSinceNanos < nanos;
    }

    /** The server's connections at most, if that has been known since before that time; 0 for no limit. */
    int limitSince(long nanos) {
        return limitSinceNanos < nanos ? limit : 0;
    }
}
