package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.Random;
import java.util.function.Consumer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthSettings;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checks of one server, for as long as it is watched. While the latest check speaks against the state, the fast interval counts. On
 * its event loop only.
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
    /** Null while the server is not checked. */
    private @Nullable Rounds rounds;

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
        state = checkedSoFar
                ? state.withLimits(settings.rise(), settings.fall())
                : HealthState.unchecked(settings.rise(), settings.fall());
        begin();
    }

    /** Ends the watching; a check that is under way is given up. */
    void stop() {
        if (rounds != null) {
            rounds.stop();
            rounds = null;
        }
    }

    void begin() {
        if (isChecked()) {
            rounds = new Rounds(loop, random, probe(), this::interval, this::finished);
        } else if (!state.up()) {
            state = HealthState.unchecked(settings.rise(), settings.fall());
            onTurn.accept("it is not checked any more");
        }
    }

    private Duration interval() {
        return state.isContested() ? settings.fastInterval() : settings.interval();
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

    private void finished(CheckOutcome outcome) {
        counts.count(outcome.result());
        if (take(outcome)) {
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
}
