package org.ilbd.daemon.health;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Errors.NativeIoException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is to come to an end in time. On its event loop only.
 *
 * <p><b>Closing.</b> The connection is closed with a RST as soon as its end is known (SO_LINGER 0): no FIN, hence no TIME_WAIT that holds a
 * local port for a minute, and no half-closed connection for the server to finish.
 */
final class Attempt implements Probe.Running {
    /** What a connection goes to, from where, and how long it may take in all. */
    record Target(Endpoint server, Optional<IpAddress> source, Duration timeout) {}

    /** Errors of the system that are about this host's own address or ports (errno-base.h, errno.h). */
    private static final int EADDRINUSE = 98;

    private static final int EADDRNOTAVAIL = 99;

    private final Consumer<CheckOutcome> done;
    private boolean ended;
    private @Nullable Channel channel;
    private @Nullable Future<?> deadline;

    private Attempt(Consumer<CheckOutcome> done) {
        this.done = done;
    }

    /**
     * Connects, and ends by itself only if that fails or takes too long.
     *
     * @param handler makes the handler of the channel, which ends the attempt that it is given
     * @param done told once how it ended, unless it was cancelled
     */
    static Attempt start(
            EventLoop loop, Target target, Function<Attempt, ChannelHandler> handler, Consumer<CheckOutcome> done) {
        Attempt attempt = new Attempt(done);
        long timeoutMillis = target.timeout.toMillis();
        attempt.deadline = loop.schedule(
                () -> attempt.end(CheckOutcome.timeout(timeoutMillis)), timeoutMillis, TimeUnit.MILLISECONDS);
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                // The deadline above counts for the connection too.
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0)
                .option(ChannelOption.SO_LINGER, 0)
                // Otherwise a port of this host is taken for each check, whatever the server is.
                .option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true)
                .handler(handler.apply(attempt))
                .disableResolver();
        InetSocketAddress remote = socketAddress(target.server.address(), target.server.port());
        ChannelFuture connecting = target.source
                .map(source -> bootstrap.connect(remote, socketAddress(source, 0)))
                .orElseGet(() -> bootstrap.connect(remote));
        attempt.channel = connecting.channel();
        // Not at once, and not on another thread, as where no channel could be made.
        connecting.addListener(_ -> loop.execute(() -> attempt.connected(connecting)));
        return attempt;
    }

    private static InetSocketAddress socketAddress(IpAddress address, int port) {
        return new InetSocketAddress(address.toString(), port);
    }

    private void connected(ChannelFuture connecting) {
        if (connecting.cause() != null) {
            end(failure(connecting.cause()));
        } else if (ended) {
            var _ = connecting.channel().close();
        }
    }

    /** Ends it; the first end counts. */
    void end(CheckOutcome outcome) {
        if (!ended) {
            cancel();
            done.accept(outcome);
        }
    }

    /** Ends it because of an exception. */
    void end(Throwable cause) {
        end(failure(cause));
    }

    @Override
    public void cancel() {
        ended = true;
        if (deadline != null) {
            deadline.cancel(false);
        }
        if (channel != null) {
            var _ = channel.close();
        }
    }

    private static CheckOutcome failure(Throwable cause) {
        return switch (cause) {
            case NoRouteToHostException _ -> CheckOutcome.failed("no route to host");
            // No socket could be made.
            case ChannelException exception -> CheckOutcome.obstacle(String.valueOf(exception.getMessage()));
            case NativeIoException error
            when isLocal(-error.expectedErr()) -> CheckOutcome.obstacle(systemError(error));
            default -> CheckOutcome.failed(systemError(cause));
        };
    }

    private static boolean isLocal(int errno) {
        return errno == EADDRINUSE || errno == EADDRNOTAVAIL;
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
