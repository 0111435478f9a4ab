package org.ilbd.core.testing;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** The bytes that a piece of code allocates on the heap, counted by the JVM for this thread. */
public final class AllocatedBytes {
    private static final int ATTEMPTS = 5;

    private AllocatedBytes() {}

    /**
     * Runs the code a few times and returns the fewest bytes that one run took: what belongs to the code comes every
     * time, class loading and the like only once.
     */
    public static long of(Runnable code) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < ATTEMPTS; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            code.run();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }
}
