package org.ilbd.daemon;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.daemon.agent.HostLoad;
import org.ilbd.daemon.config.ServiceSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures how busy this host is, and reports it for the ILB itself, and for its own servers where no agent is asked. Measures on one
 * loop, reports on the engine's.
 */
final class OwnLoad {
    private static final Logger LOGGER = LoggerFactory.getLogger(OwnLoad.class);

    private final EventLoop loop;
    private final EventLoop engineLoop;
    private final Engine engine;
    private final HostLoad host;

    /** Touched on the loop only, as is the other. */
    private final List<Future<?>> reports = new ArrayList<>();

    private int latest;

    /**
     * Measures from now on, and reports for no server yet.
     *
     * @param cgroup whose processor time counts instead of the host's
     */
    OwnLoad(EventLoop loop, EventLoop engineLoop, Engine engine, Optional<Path> cgroup) {
        // Without ports: the connections of a service are known to the engine better.
        this.host = HostLoad.of(List.of(), Integer.MAX_VALUE, cgroup);
        this.loop = loop;
        this.engineLoop = engineLoop;
        this.engine = engine;
        long period = 1_000 / HostLoad.SAMPLES_PER_SECOND;
        loop.scheduleAtFixedRate(this::measure, 0, period, TimeUnit.MILLISECONDS);
    }

    /** Reports for these services from now on, each in its own interval. From any thread. */
    void follow(List<ServiceSettings> services) {
        loop.execute(() -> {
            reports.forEach(report -> report.cancel(false));
            reports.clear();
            for (ServiceSettings service : services) {
                if (service.agent().isEmpty()) {
                    ServiceConfig config = service.service();
                    long interval = config.policy().peer().loadIntervalNanos();
                    reports.add(loop.scheduleAtFixedRate(
                            () -> report(config.name(), latest), interval, interval, TimeUnit.NANOSECONDS));
                }
            }
        });
    }

    private void measure() {
        try {
            int perMille = host.sample();
            latest = perMille;
            engineLoop.execute(() -> engine.setHostLoad(perMille));
        } catch (IOException e) {
            LOGGER.debug("the load of this host cannot be measured", e);
        }
    }

    private void report(String name, int perMille) {
        engineLoop.execute(() -> {
            for (Service service : engine.services()) {
                if (service.config().name().equals(name)) {
                    for (Server server : service.servers()) {
                        if (server.local()) {
                            engine.onServerReport(server, ServerReport.ofLoad(perMille), System.nanoTime());
                        }
                    }
                }
            }
        });
    }
}
