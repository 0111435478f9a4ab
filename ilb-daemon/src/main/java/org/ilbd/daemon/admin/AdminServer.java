package org.ilbd.daemon.admin;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Supplier;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.ilbd.daemon.health.ServerCounts;

/** The HTTP server of the admin interface, on one event loop, which needs the epoll transport. */
public final class AdminServer implements AutoCloseable {
    private static final int MAX_REQUEST_LINE_BYTES = 1024;
    private static final int MAX_HEADER_BYTES = 8192;
    private static final int CHUNK_BYTES = 1024;
    /** No request has a body that means anything; this much is read and ignored. */
    private static final int MAX_BODY_BYTES = 1024;
    /** Twice the usual scrape interval of a minute. */
    private static final int IDLE_SECONDS = 120;

    private static final int EADDRINUSE = 98;
    private static final int EADDRNOTAVAIL = 99;
    private static final int EACCES = 13;

    private final ChannelGroup channels;
    private final Channel listening;
    private final Metrics metrics;

    private AdminServer(ChannelGroup channels, Channel listening, Metrics metrics) {
        this.channels = channels;
        this.listening = listening;
        this.metrics = metrics;
    }

    /**
     * Listens and answers from now on. Waits until it does, so not to be called on the loop.
     *
     * @param loop where everything runs; it stays the caller's
     * @param listen port 0 lets the system choose one
     * @param health what was counted of the servers that are watched, for the metrics
     * @param version of ilbd, for the metrics
     * @throws StartupException if the address cannot be bound
     */
    public static AdminServer start(
            EventLoop loop,
            Endpoint listen,
            Engine engine,
            Supplier<List<ServerCounts>> health,
            DutyCycle dutyCycle,
            String version)
            throws StartupException {
        Metrics metrics = new Metrics(engine, health, dutyCycle, version);
        AdminPages pages = new AdminPages(engine, dutyCycle, metrics);
        ChannelGroup channels = new DefaultChannelGroup(loop);
        ChannelFuture binding = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channels.add(channel);
                        channel.pipeline()
                                .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                                .addLast(new HttpServerCodec(MAX_REQUEST_LINE_BYTES, MAX_HEADER_BYTES, CHUNK_BYTES))
                                .addLast(new HttpServerKeepAliveHandler())
                                .addLast(new HttpObjectAggregator(MAX_BODY_BYTES))
                                .addLast(new AdminHandler(pages));
                    }
                })
                .bind(new InetSocketAddress(listen.address().toString(), listen.port()))
                .awaitUninterruptibly();
        if (binding.cause() != null) {
            metrics.close();
            throw new StartupException(
                    ExitCode.BIND, "admin.listen = " + listen + ": " + reason(binding.cause()), binding.cause());
        }
        channels.add(binding.channel());
        return new AdminServer(channels, binding.channel(), metrics);
    }

    /** The port that it listens on. */
    public int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    /** Stops listening and closes every connection. Waits, so not to be called on the loop. */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly();
        metrics.close();
    }

    private static String reason(Throwable cause) {
        if (cause instanceof NativeIoException error) {
            return switch (-error.expectedErr()) {
                case EADDRINUSE -> "the port is in use by another process";
                case EADDRNOTAVAIL -> "not an address of this host";
                case EACCES -> "not allowed; ports below 1024 need CAP_NET_BIND_SERVICE";
                default -> String.valueOf(error.getMessage());
            };
        }
        return String.valueOf(cause.getMessage());
    }
}
