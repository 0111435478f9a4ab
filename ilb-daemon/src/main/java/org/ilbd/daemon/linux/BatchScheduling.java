package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The kernel's policy for threads that work in batches (SCHED_BATCH, sched(7)): when one is woken it does not interrupt what runs on
 * its processor, but waits for its turn. On a free processor it runs at once, as any other.
 */
public final class BatchScheduling {
    private static final int SCHED_BATCH = 3;
    private static final int THIS_THREAD = 0;

    private BatchScheduling() {}

    /** Takes the policy for the calling thread; needs no right. */
    public static void take() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(SystemCalls.CAPTURE_LAYOUT);
            MemorySegment priority = arena.allocateFrom(JAVA_INT, 0);
            int result = SystemCalls.schedSetscheduler(capture, THIS_THREAD, SCHED_BATCH, priority.address());
            if (result < 0) {
                throw new ErrnoException("sched_setscheduler(SCHED_BATCH)", -result);
            }
        }
    }
}
