package org.ilbd.daemon.health;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthSettings;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checks of one server, one at a time, for as long as it is watched. On its event loop only.
 *
 * <p><b>Times.</b> A check begins one interval after the one before it began, or when that one ends if that is later. Each interval is off by
 * up to a tenth, at random, and the first check begins within a tenth of an interval: so that the checks of many servers, and of many ILBs
 * that started in the same instant, do not stay in step.
 *
 * <p><b>Closing.</b> The connection is closed with a RST as soon as it is there (SO_LINGER 0): no FIN, hence no TIME_WAIT that holds a local
 * port for a minute, and no half-closed connection for the server to finish.
 */
final class HealthCheck {
    private static final Logger LOG = LoggerFactory.getLogger(HealthCheck.class);

    private final EventLoop loop;
    private final Random random;
    private final HealthListener listener;
    private final String service;
    private final Endpoint server;
    private HealthSettings settings;
    private HealthState state;
    /** The task that will make the next check; null while one is under way. */
    private @Nullable Future<?> next;
    /** The connection of the check that is under way, else null. */
    private @Nullable Channel connecting;

    private long startedNanos;
    private boolean obstacleLogged;

    private HealthCheck(EventLoop loop, Random random, HealthTarget target, HealthListener listener) {
        this.loop = loop;
        this.random = random;
        this.listener = listener;
        this.service = target.service();
        this.server = target.server();
        this.settings = target.settings();
        this.state = HealthState.unchecked(settings.rise(), settings.fall());
    }

    /** Begins to watch a server. */
    static HealthCheck start(EventLoop loop, Random random, HealthTarget target, HealthListener listener) {
        HealthCheck check = new HealthCheck(loop, random, target, listener);
        listener.onHealth(check.service, check.server, check.state.up());
        check.begin();
        return check;
    }

    /** Goes on under other settings, in the same state. */
    void change(HealthSettings newSettings) {
        if (newSettings.equals(settings)) {
            return;
        }
        stop();
        boolean checkedSoFar = settings.type() != HealthSettings.Kind.NONE;
        settings = newSettings;
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
        if (connecting != null) {
            Channel abandoned = connecting;
            connecting = null;
            var _ = abandoned.close();
        }
    }

    private void begin() {
        switch (settings.type()) {
            case TCP -> schedule(random.nextLong(settings.interval().toNanos() / 10 + 1));
            case NONE -> {
                if (!state.up()) {
                    state = HealthState.unchecked(settings.rise(), settings.fall());
                    report("it is not checked any more");
                }
            }
        }
    }

    private void schedule(long delayNanos) {
        next = loop.schedule(this::check, delayNanos, TimeUnit.NANOSECONDS);
    }

    private void check() {
        next = null;
        startedNanos = System.nanoTime();
        ChannelFuture attempt = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        settings.timeout().toMillis())
                .option(ChannelOption.SO_LINGER, 0)
                .option(ChannelOption.AUTO_READ, false)
                .handler(new ChannelInboundHandlerAdapter())
                .disableResolver()
                .connect(new InetSocketAddress(server.address().toString(), server.port()));
        connecting = attempt.channel();
        attempt.addListener(_ -> finished(attempt));
    }

    private void finished(ChannelFuture attempt) {
        var _ = attempt.channel().close();
        if (!attempt.channel().equals(connecting)) {
            return;
        }
        connecting = null;
        schedule(Math.max(0, startedNanos + jittered(settings.interval().toNanos(), random) - System.nanoTime()));

        Throwable cause = attempt.cause();
        if (cause instanceof ChannelException) {
            // No socket could be made: that says something of this host, nothing of the server.
            if (!obstacleLogged) {
                LOG.warn("server {} of service {} cannot be checked: {}", server, service, cause.getMessage());
            }
            obstacleLogged = true;
            return;
        }
        obstacleLogged = false;
        if (state.onCheck(cause == null)) {
            report(cause == null ? settings.rise() + " checks passed" : reason(cause));
        }
    }

    private void report(String reason) {
        if (state.up()) {
            LOG.info("server {} of service {} is up: {}", server, service, reason);
        } else {
            LOG.warn("server {} of service {} is down: {}", server, service, reason);
        }
        listener.onHealth(service, server, state.up());
    }

    /** An interval off by up to a tenth, either way. */
    static long jittered(long intervalNanos, Random random) {
        long tenth = intervalNanos / 10;
        return intervalNanos - tenth + random.nextLong(2 * tenth + 1);
    }

    private String reason(Throwable cause) {
        return switch (cause) {
            case ConnectTimeoutException _ ->
                "timeout after " + settings.timeout().toMillis() + " ms";
            case NoRouteToHostException _ -> "no route to host";
            default -> systemError(cause);
        };
    }

    /** The system's own words out of "finishConnect(..) failed with error(-111): Connection refused". */
    private static String systemError(Throwable cause) {
        // Netty puts the address behind the message of the exception it wraps; the log line has it already.
        Throwable origin = cause.getCause() == null ? cause : cause.getCause();
        String message = String.valueOf(origin.getMessage());
        int prefix = message.indexOf("): ");
        return (prefix < 0 ? message : message.substring(prefix + 3)).toLowerCase(Locale.ROOT);
    }
}
