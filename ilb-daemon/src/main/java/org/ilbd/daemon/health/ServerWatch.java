package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.util.Random;
import org.ilbd.core.engine.ServerReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One server under watch: by its health check and by its agent, which know nothing of each other. On its event loop only. */
final class ServerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ServerWatch.class);

    private final EventLoop loop;
    private final Random random;
    private final HealthListener listener;
    private final ServerCounts counts;
    private final HealthCheck check;
    private @Nullable AgentWatch agent;
    private HealthTarget target;

    ServerWatch(EventLoop loop, Random random, Programs programs, HealthTarget target, HealthListener listener) {
        this.loop = loop;
        this.random = random;
        this.listener = listener;
        this.target = target;
        counts = new ServerCounts(target.service(), target.server());
        check = new HealthCheck(loop, random, programs, target.settings(), counts, this::onTurn);
        report(ServerReport.ofCheck(check.up()));
        check.begin();
        startAgent();
    }

    ServerCounts counts() {
        return counts;
    }

    /** Goes on under other settings. What check and agent have said stays, but an agent that is not asked any more counts no more. */
    void change(HealthTarget newTarget) {
        boolean agentChanges = !newTarget.agent().equals(target.agent())
                || !newTarget.settings().source().equals(target.settings().source());
        target = newTarget;
        check.change(newTarget.settings());
        if (agentChanges) {
            boolean hadAgent = agent != null;
            stopAgent();
            startAgent();
            if (hadAgent && agent == null) {
                report(ServerReport.withoutAgent());
            }
        }
    }

    void stop() {
        check.stop();
        stopAgent();
    }

    private void startAgent() {
        counts.setAgent(target.agent().isPresent());
        target.agent()
                .ifPresent(settings -> agent = new AgentWatch(
                        loop, random, settings, target.settings().source(), counts, reply -> report(reply.toReport())));
    }

    private void stopAgent() {
        if (agent != null) {
            agent.stop();
            agent = null;
        }
    }

    private void onTurn(String reason) {
        if (check.up()) {
            LOG.info("server {} of service {} is up: {}", target.server(), target.service(), reason);
        } else {
            LOG.warn("server {} of service {} is down: {}", target.server(), target.service(), reason);
        }
        report(ServerReport.ofCheck(check.up()));
    }

    private void report(ServerReport report) {
        listener.onReport(target.service(), target.server(), report);
    }
}
