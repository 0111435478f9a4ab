package org.ilbd.daemon.cluster;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transfer streams between ILBs: TCP connections to the same address and port as the datagrams', each used in one
 * direction, with two bytes of length in front of each message.
 *
 * <p><b>Threads.</b> All connections live on one event loop, which is not the engine's. {@link #canTransfer} and
 * {@link #transfer} may be called from the engine's; what comes in is handed to the sink on the connections' loop.
 */
public final class TransferStreams implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(TransferStreams.class);

    private static final int MAX_MESSAGE_BYTES = 0xffff;

    /** Between two attempts to connect: a few in a failure timeout. */
    private static final long RETRY_MILLIS = 100;

    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

    /** Takes what comes in. */
    public interface Sink {
        /** One message, whose memory is the stream's again when this returns. */
        void onMessage(MemorySegment message);

        /** The stream to that peer broke. */
        void onClosed(Endpoint peer);
    }

    private final EventLoop loop;
    private final Endpoint bound;
    private final Sink sink;
    private final ChannelGroup channels;
    private final Map<Endpoint, Outgoing> outgoing = new ConcurrentHashMap<>();

    private TransferStreams(EventLoop loop, Endpoint bound, ChannelGroup channels, Sink sink) {
        this.loop = loop;
        this.bound = bound;
        this.channels = channels;
        this.sink = sink;
    }

    /**
     * Listens. Waits until it does, so not to be called on the loop.
     *
     * @param bind port 0 is any that is free
     * @param known whose connections to accept; the messages in them are authenticated one by one
     * @throws IOException if the address cannot be bound
     */
    public static TransferStreams open(EventLoop loop, Endpoint bind, Predicate<IpAddress> known, Sink sink)
            throws IOException {
        ChannelGroup channels = new DefaultChannelGroup(loop);
        ChannelFuture binding = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel, channels, known, sink);
                    }
                })
                .bind(socketAddress(bind))
                .awaitUninterruptibly();
        if (binding.cause() != null) {
            throw new IOException(binding.cause().getMessage(), binding.cause());
        }
        channels.add(binding.channel());
        int port = ((InetSocketAddress) binding.channel().localAddress()).getPort();
        return new TransferStreams(loop, new Endpoint(bind.address(), port), channels, sink);
    }

    private static void accept(Channel channel, ChannelGroup channels, Predicate<IpAddress> known, Sink sink) {
        InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
        if (!known.test(IpAddress.ofBytes(remote.getAddress().getAddress()))) {
            LOGGER.warn(
                    "{} is no peer: its connection is closed",
                    remote.getAddress().getHostAddress());
            channel.close();
            return;
        }
        channels.add(channel);
        channel.pipeline()
                .addLast(new LengthFieldBasedFrameDecoder(
                        MAX_MESSAGE_BYTES + Outbox.LENGTH_FIELD_BYTES,
                        0,
                        Outbox.LENGTH_FIELD_BYTES,
                        0,
                        Outbox.LENGTH_FIELD_BYTES))
                .addLast(new Receiver(sink));
    }

    /** Where it listens; with the port that it was given if it asked for any. */
    public Endpoint bound() {
        return bound;
    }

    /** Whether the stream to a peer takes a message now; if there is none, it begins to open one. */
    public boolean canTransfer(Endpoint peer) {
        Outbox outbox = outgoing.computeIfAbsent(peer, Outgoing::new).open();
        return outbox != null && outbox.hasRoom(MAX_MESSAGE_BYTES);
    }

    /** Sends a message on the stream to a peer, which must take one, unless that broke a moment ago. */
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
        Outgoing stream = outgoing.get(peer);
        Outbox outbox = stream == null ? null : stream.open();
        if (outbox != null) {
            outbox.put(message, offset, length);
        }
    }

    /** Closes every connection. Waits, so not to be called on the loop. */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly();
    }

    private static InetSocketAddress socketAddress(Endpoint endpoint) {
        return new InetSocketAddress(endpoint.address().toString(), endpoint.port());
    }

    /** The connection to one peer, opened when asked for and again after it broke. */
    private final class Outgoing {
        private final Endpoint peer;
        private volatile @Nullable Outbox outbox;
        private volatile boolean connecting;

        Outgoing(Endpoint peer) {
            this.peer = peer;
        }

        @Nullable
        Outbox open() {
            Outbox current = outbox;
            if (current == null && !connecting) {
                connecting = true;
                loop.execute(this::connect);
            }
            return current;
        }

        private void connect() {
            new Bootstrap()
                    .group(loop)
                    .channel(EpollSocketChannel.class)
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel opened) {
                            channels.add(opened);
                            opened.pipeline().addLast(new Sender());
                        }
                    })
                    .localAddress(socketAddress(new Endpoint(bound.address(), 0)))
                    .remoteAddress(socketAddress(peer))
                    .connect()
                    .addListener((ChannelFuture future) -> onConnected(future));
        }

        private void onConnected(ChannelFuture future) {
            if (future.isSuccess()) {
                outbox = new Outbox(future.channel());
                connecting = false;
                future.channel().closeFuture().addListener(closed -> onClosed());
            } else {
                LOGGER.debug(
                        "no transfer stream to {}: {}", peer, future.cause().getMessage());
                loop.schedule(() -> connecting = false, RETRY_MILLIS, TimeUnit.MILLISECONDS);
            }
        }

        private void onClosed() {
            outbox = null;
            sink.onClosed(peer);
        }
    }

    /** Ends a connection that failed. */
    private static final class Sender extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOGGER.debug("transfer stream to {}: {}", context.channel().remoteAddress(), cause.getMessage());
            context.close();
        }
    }

    /** Takes the messages of one accepted connection. */
    private static final class Receiver extends SimpleChannelInboundHandler<ByteBuf> {
        private final Sink sink;

        Receiver(Sink sink) {
            this.sink = sink;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            MemorySegment segment = MemorySegment.ofAddress(message.memoryAddress() + message.readerIndex())
                    .reinterpret(message.readableBytes());
            sink.onMessage(segment);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOGGER.debug("transfer stream from {}: {}", context.channel().remoteAddress(), cause.getMessage());
            context.close();
        }
    }
}
