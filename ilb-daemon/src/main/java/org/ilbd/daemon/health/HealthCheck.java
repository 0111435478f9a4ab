package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthSettings;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checks of one server, one at a time, for as long as it is watched. On its event loop only.
 *
 * <p><b>Times.</b> A check begins one interval after the one before it began, or when that one ends if that is later. Each interval is off by
 * up to a tenth, at random, and the first check begins within a tenth of an interval: so that the checks of many servers, and of many ILBs
 * that started in the same instant, do not stay in step. While the latest check speaks against the state, the fast interval counts.
 */
final class HealthCheck {
    private static final Logger LOG = LoggerFactory.getLogger(HealthCheck.class);

    private final EventLoop loop;
    private final Random random;
    private final Programs programs;
    private final ServerCounts counts;
    private final Consumer<String> onTurn;
    private HealthSettings settings;
    private HealthState state;
    private Probe probe;
    /** The task that will make the next check; null while one is under way. */
    private @Nullable Future<?> next;
    /** The check that is under way, else null. */
    private Probe.@Nullable Running running;

    private long startedNanos;
    private boolean obstacleLogged;

    /** @param onTurn told why, when the server went up or down by a check */
    HealthCheck(
            EventLoop loop,
            Random random,
            Programs programs,
            HealthSettings settings,
            ServerCounts counts,
            Consumer<String> onTurn) {
        this.loop = loop;
        this.random = random;
        this.programs = programs;
        this.counts = counts;
        this.onTurn = onTurn;
        this.settings = settings;
        this.state = HealthState.unchecked(settings.rise(), settings.fall());
        this.probe = probe();
    }

    boolean up() {
        return state.up();
    }

    /** Goes on under other settings, in the same state. */
    void change(HealthSettings newSettings) {
        if (newSettings.equals(settings)) {
            return;
        }
        stop();
        boolean checkedSoFar = isChecked();
        settings = newSettings;
        probe = probe();
        state = checkedSoFar
                ? state.withLimits(settings.rise(), settings.fall())
                : HealthState.unchecked(settings.rise(), settings.fall());
        begin();
    }

    /** Ends the watching; a check that is under way is given up. */
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

    void begin() {
        if (isChecked()) {
            schedule(random.nextLong(settings.interval().toNanos() / 10 + 1));
        } else if (!state.up()) {
            state = HealthState.unchecked(settings.rise(), settings.fall());
            onTurn.accept("it is not checked any more");
        }
    }

    private boolean isChecked() {
        return !(settings.probe() instanceof HealthProbe.None);
    }

    private Probe probe() {
        Endpoint server = new Endpoint(
                counts.server().address(),
                settings.port().orElse(counts.server().port()));
        Attempt.Target target = new Attempt.Target(server, settings.source(), settings.timeout());
        return switch (settings.probe()) {
            case HealthProbe.None _ -> _ -> () -> {};
            case HealthProbe.Tcp _ -> new TcpProbe(loop, target);
            case HealthProbe.Http http -> new HttpProbe(loop, target, http);
            case HealthProbe.Exec exec ->
                new ExecProbe(loop, programs, exec.command(), counts.service(), server, settings.timeout());
        };
    }

    private void schedule(long delayNanos) {
        next = loop.schedule(this::check, delayNanos, TimeUnit.NANOSECONDS);
    }

    private void check() {
        next = null;
        startedNanos = System.nanoTime();
        running = probe.begin(this::finished);
    }

    private void finished(CheckOutcome outcome) {
        running = null;
        counts.count(outcome.result());
        boolean turned = take(outcome);
        long interval = (state.isContested() ? settings.fastInterval() : settings.interval()).toNanos();
        schedule(Math.max(0, startedNanos + jittered(interval, random) - System.nanoTime()));
        if (turned) {
            onTurn.accept(state.up() ? settings.rise() + " checks passed" : outcome.text());
        }
    }

    private boolean take(CheckOutcome outcome) {
        if (outcome.result() == CheckResult.OBSTACLE) {
            if (!obstacleLogged) {
                LOG.warn(
                        "server {} of service {} cannot be checked: {}",
                        counts.server(),
                        counts.service(),
                        outcome.text());
            }
            obstacleLogged = true;
            return false;
        }
        obstacleLogged = false;
        return state.onCheck(outcome.result() == CheckResult.PASSED);
    }

    /** An interval off by up to a tenth, either way. */
    static long jittered(long intervalNanos, Random random) {
        long tenth = intervalNanos / 10;
        return intervalNanos - tenth + random.nextLong(2 * tenth + 1);
    }
}
