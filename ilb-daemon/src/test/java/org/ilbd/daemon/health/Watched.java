package org.ilbd.daemon.health;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.engine.ServerReport.Source;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.AgentSettings;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthSettings;
import org.slf4j.LoggerFactory;

/** A health checker at work, and everything that it says. */
final class Watched implements AutoCloseable {
    final Queue<ServerReport> reports = new ConcurrentLinkedQueue<>();
    final Queue<String> logged = new ConcurrentLinkedQueue<>();

    private final Logger logger = (Logger) LoggerFactory.getLogger(HealthChecker.class.getPackageName());
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            logged.add(event.getFormattedMessage());
        }
    };
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final HealthChecker checker =
            new HealthChecker(group.next(), 1, (service, server, report) -> reports.add(report));

    Watched() {
        appender.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(appender);
    }

    /** Every 20 ms, with 5 s for an answer, and the same state after each result. */
    static HealthSettings settings(HealthProbe probe) {
        return settings(probe, Duration.ofSeconds(5));
    }

    static HealthSettings settings(HealthProbe probe, Duration timeout) {
        return new HealthSettings(
                probe, Duration.ofMillis(20), Duration.ofMillis(20), timeout, 1, 1, Optional.empty(), Optional.empty());
    }

    void watch(Endpoint server, HealthSettings settings) {
        checker.update(List.of(new HealthTarget("web", server, settings, Optional.empty())));
    }

    void watch(Endpoint server, HealthSettings settings, AgentSettings agent) {
        checker.update(List.of(new HealthTarget("web", server, settings, Optional.of(agent))));
    }

    void watchAll(List<HealthTarget> targets) {
        checker.update(targets);
    }

    long checks(CheckResult result) {
        return checker.counts().stream()
                .mapToLong(counts -> counts.checks(result))
                .sum();
    }

    long replies(AgentResult result) {
        return checker.counts().stream()
                .mapToLong(counts -> counts.agentReplies(result))
                .sum();
    }

    /** Whether neither the check nor the agent says otherwise. */
    boolean isUp() {
        return isUp(Source.CHECK) && isUp(Source.AGENT);
    }

    private boolean isUp(Source source) {
        return said(report -> report.source() == source ? report.up() : Optional.empty())
                .orElse(true);
    }

    Optional<Administration> administration() {
        return said(ServerReport::administration);
    }

    OptionalInt weightPercent() {
        return figure(ServerReport::weightPercent);
    }

    OptionalInt maxConnections() {
        return figure(ServerReport::maxConnections);
    }

    private OptionalInt figure(Function<ServerReport, OptionalInt> figure) {
        return said(report -> Optional.of(figure.apply(report)).filter(OptionalInt::isPresent))
                .orElse(OptionalInt.empty());
    }

    private <T> Optional<T> said(Function<ServerReport, Optional<T>> what) {
        return reports.stream().map(what).flatMap(Optional::stream).reduce((_, last) -> last);
    }

    /** The latest word of the agent, if there was one. */
    Optional<ServerReport> lastOfAgent() {
        return reports.stream()
                .filter(report -> report.source() == Source.AGENT)
                .reduce((_, last) -> last);
    }

    @Override
    public void close() {
        checker.close();
        logger.detachAppender(appender);
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
