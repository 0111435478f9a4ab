package org.ilbd.daemon;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.ilbd.daemon.admin.DutyCycle;

/**
 * What the engine's loop does besides packets, in pieces that no packet waits for longer than a millisecond for. A piece goes on in small
 * steps until a third of a millisecond is over: the rest is for the last step, which may take fifty times as long in a process that has just
 * started, and is not compiled, as an hour later.
 *
 * <p>A thread that wants to work may have to wait for a processor. So each piece is measured twice: from its beginning to its end, which is
 * what packets wait for and what ends it; and in processor time, which is what it is to blame for.
 */
final class Slices {
    /** Associations for one step of a handover: at 10 us each, not compiled, a sixth of a millisecond. */
    static final int STEP = 16;

    static final long LENGTH_NANOS = 333_000;

    private final DutyCycle dutyCycle;
    private final LongSupplier clock;
    private final LongSupplier workClock;

    /** On the thread that measures. */
    Slices(DutyCycle dutyCycle) {
        this(dutyCycle, System::nanoTime, processorTime());
    }

    /**
     * With clocks of their own.
     *
     * @param clock nanoseconds
     * @param workClock nanoseconds of processor time that this thread has had
     */
    Slices(DutyCycle dutyCycle, LongSupplier clock, LongSupplier workClock) {
        this.dutyCycle = dutyCycle;
        this.clock = clock;
        this.workClock = workClock;
    }

    private static LongSupplier processorTime() {
        // A system call of 0.2 us (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID); allocates nothing.
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return threads::getCurrentThreadCpuTime;
    }

    /**
     * Does one piece of work.
     *
     * @param first what is to be done in any case; is told the time
     * @param step what may be done after that, again and again, until it says that there is nothing more to do now
     */
    void run(LongConsumer first, BooleanSupplier step) {
        long start = clock.getAsLong();
        long workStart = workClock.getAsLong();
        first.accept(start);
        boolean more = true;
        while (more && clock.getAsLong() - start < LENGTH_NANOS) {
            more = step.getAsBoolean();
        }
        dutyCycle.onSlice(clock.getAsLong() - start, workClock.getAsLong() - workStart);
    }
}
