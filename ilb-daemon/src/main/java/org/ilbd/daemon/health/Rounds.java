package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of a probe, one at a time, until they are stopped. On its event loop only.
 *
 * <p><b>Times.</b> An attempt begins one interval after the one before it began, or when that one ends if that is later. Each interval is off
 * by up to a tenth, at random, and the first attempt begins within a tenth of an interval: so that those of many servers, and of many ILBs
 * that started in the same instant, do not stay in step.
 */
final class Rounds {
    private final EventLoop loop;
    private final Random random;
    private final Probe probe;
    private final Supplier<Duration> interval;
    private final Consumer<CheckOutcome> onOutcome;
    /** The task that will begin the next attempt; null while one is under way. */
    private @Nullable Future<?> next;
    /** The attempt that is under way, else null. */
    private Probe.@Nullable Running running;

    private long startedNanos;

    /**
     * Begins.
     *
     * @param interval asked after each attempt
     * @param onOutcome told of each attempt that was not given up; does not stop the rounds
     */
    Rounds(EventLoop loop, Random random, Probe probe, Supplier<Duration> interval, Consumer<CheckOutcome> onOutcome) {
        this.loop = loop;
        this.random = random;
        this.probe = probe;
        this.interval = interval;
        this.onOutcome = onOutcome;
        schedule(random.nextLong(interval.get().toNanos() / 10 + 1));
    }

    /** Ends them; an attempt that is under way is given up. */
    void stop() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
        if (running != null) {
            running.cancel();
            running = null;
        }
    }

    private void schedule(long delayNanos) {
        next = loop.schedule(this::begin, delayNanos, TimeUnit.NANOSECONDS);
    }

    private void begin() {
        next = null;
        startedNanos = System.nanoTime();
        running = probe.begin(this::finished);
    }

    private void finished(CheckOutcome outcome) {
        running = null;
        try {
            onOutcome.accept(outcome);
        } finally {
            long untilNext = jittered(interval.get().toNanos(), random);
            schedule(Math.max(0, startedNanos + untilNext - System.nanoTime()));
        }
    }

    /** An interval off by up to a tenth, either way. */
    static long jittered(long intervalNanos, Random random) {
        long tenth = intervalNanos / 10;
        return intervalNanos - tenth + random.nextLong(2 * tenth + 1);
    }
}
