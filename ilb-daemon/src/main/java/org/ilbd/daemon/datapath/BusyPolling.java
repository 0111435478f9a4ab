package org.ilbd.daemon.datapath;

import java.time.Duration;

/**
 * Looking again for packets for a moment instead of sleeping: to be woken costs as much as a packet does, and more where an idle processor
 * has to be woken too.
 *
 * <p><b>Only on a free processor.</b> Each time it gives way to whatever else wants to run. Where something does, that may have the
 * processor for a millisecond and more, while one that sleeps is woken by the packet. So after it was away for long there is a pause,
 * which doubles when that happens again soon afterwards.
 */
final class BusyPolling {
    /** More than a request that a server answers on the same processor. */
    private static final long LONG_ABSENCE_NANOS = 100_000;

    private static final long MIN_PAUSE_NANOS = 10_000_000;
    private static final long MAX_PAUSE_NANOS = 1_000_000_000;

    private final long lookNanos;
    private long endNanos;
    private long pauseNanos = MIN_PAUSE_NANOS;
    /** When the last pause ended, or ends. */
    private long resumeNanos;

    /** @param look how long to look for packets after the last one; 0 for never */
    BusyPolling(Duration look, long nowNanos) {
        lookNanos = look.toNanos();
        endNanos = nowNanos;
        resumeNanos = nowNanos;
    }

    /** What was waiting has been handled. */
    void begin(long nowNanos) {
        endNanos = nowNanos + lookNanos;
    }

    /** Lets another thread run that waits for this processor, if there is one; whether to look again after that. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing depends on it: it is what makes busy polling bearable
    boolean giveWay() {
        long leaveNanos = System.nanoTime();
        if (!looks(leaveNanos)) {
            return false;
        }
        Thread.yield();
        wasAway(leaveNanos, System.nanoTime());
        return true;
    }

    /** Whether to look rather than to sleep. */
    boolean looks(long nowNanos) {
        return nowNanos - endNanos < 0 && nowNanos - resumeNanos >= 0;
    }

    /** Others may have had the processor in between. */
    void wasAway(long leaveNanos, long nowNanos) {
        if (nowNanos - leaveNanos >= LONG_ABSENCE_NANOS) {
            boolean again = leaveNanos - resumeNanos < pauseNanos;
            pauseNanos = again ? Math.min(2 * pauseNanos, MAX_PAUSE_NANOS) : MIN_PAUSE_NANOS;
            resumeNanos = nowNanos + pauseNanos;
        }
    }
}
