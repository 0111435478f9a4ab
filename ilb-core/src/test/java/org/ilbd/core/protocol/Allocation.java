package org.ilbd.core.protocol;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts what the calling thread allocates on the heap. */
public final class Allocation {
    /** Ends with the first round of 0 bytes; a busy machine compiles late, and until then there is something to count. */
    private static final int MAX_ROUNDS = 2_000;

    private static final int RUNS = 2_000;

    private Allocation() {}

    /** Bytes that one run allocates once it is compiled: the least of many rounds, since compiling itself allocates. */
    public static double bytesPerRun(Runnable action) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().threadId();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < MAX_ROUNDS && least > 0; round++) {
            long before = threads.getThreadAllocatedBytes(thread);
            for (int i = 0; i < RUNS; i++) {
                action.run();
            }
            least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
        }
        return (double) least / RUNS;
    }
}
