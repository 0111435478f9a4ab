package org.ilbd.daemon.admin;

/**
 * Whether the engine's loop keeps going, told by the distance between its ticks: a loop that is busy, or a process that is stopped, ticks
 * late. The engine's thread writes; any other may read.
 */
public final class DutyCycle {
    /** Ten planned distances (10 ms), and a heartbeat interval by default: from here on the peers can notice. */
    private static final long LATE_NANOS = 100_000_000L;

    /** A hundred planned distances: more than any pause that is to be expected. */
    private static final long MOVING_NANOS = 1_000_000_000L;

    /** No piece of work that is not for a packet is to take longer. */
    private static final long LONG_SLICE_NANOS = 1_000_000L;

    private volatile long lastTickNanos;
    private volatile long longestNanos;
    private volatile long lateTicks;
    private volatile long longestSliceNanos;
    private volatile long longestSliceWorkNanos;
    private volatile long slices;
    private volatile long longSlices;

    /** The loop starts soon; now is on the scale of {@link System#nanoTime()}. */
    public DutyCycle(long nowNanos) {
        lastTickNanos = nowNanos;
    }

    /** The loop starts now: what the rest of the process took to start was no pause. */
    public void begin(long nowNanos) {
        lastTickNanos = nowNanos;
    }

    /** The loop ticks; on the engine's thread only. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // there is one writer
    public void onTick(long nowNanos) {
        long cycleNanos = nowNanos - lastTickNanos;
        lastTickNanos = nowNanos;
        if (cycleNanos > longestNanos) {
            longestNanos = cycleNanos;
        }
        if (cycleNanos > LATE_NANOS) {
            lateTicks++;
        }
    }

    /**
     * The loop has done one piece of work that is not for a packet; on the engine's thread only.
     *
     * @param nanos from its beginning to its end
     * @param workNanos of these, what the thread had a processor for
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // there is one writer
    public void onSlice(long nanos, long workNanos) {
        slices++;
        if (workNanos > LONG_SLICE_NANOS) {
            longSlices++;
        }
        if (nanos > longestSliceNanos) {
            longestSliceNanos = nanos;
        }
        if (workNanos > longestSliceWorkNanos) {
            longestSliceWorkNanos = workNanos;
        }
    }

    /** Time since the loop last ticked, or since it started. */
    public long silentNanos(long nowNanos) {
        return nowNanos - lastTickNanos;
    }

    /** Whether the loop ticked within the last second. */
    public boolean isMoving(long nowNanos) {
        return silentNanos(nowNanos) < MOVING_NANOS;
    }

    /** The longest distance between two ticks since the start. */
    public long longestNanos() {
        return longestNanos;
    }

    /** The longest piece of work that packets had to wait for since the start: a tick, or a message of a transfer stream. */
    public long longestSliceNanos() {
        return longestSliceNanos;
    }

    /** The most processor time of such a piece of work: the rest of its length belonged to other threads, or to a collection of garbage. */
    public long longestSliceWorkNanos() {
        return longestSliceWorkNanos;
    }

    /** How many such pieces of work there were. */
    public long slices() {
        return slices;
    }

    /** How many of them took more than a millisecond of processor time. */
    public long longSlices() {
        return longSlices;
    }

    /** How many ticks came more than 100 ms after the one before. */
    public long lateTicks() {
        return lateTicks;
    }
}
