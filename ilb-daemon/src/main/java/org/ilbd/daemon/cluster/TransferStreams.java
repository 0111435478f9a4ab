package org.ilbd.daemon.cluster;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.WriteBufferWaterMark;
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

    private static final int LENGTH_FIELD_BYTES = 2;
    private static final int MAX_MESSAGE_BYTES = 0xffff;

    /** What may wait in a connection; the engine's own window is smaller, so this only bounds a mistake. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(512 * 1024, 1024 * 1024);

    /** Between two attempts to connect: a few in a failure timeout. */
    private static final long RETRY_MILLIS = 100;

    private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

    /** Takes what comes in. */
    public interface Sink {
        /** One message; its memory is released when {@code release} is run. */
        void onMessage(MemorySegment message, Runnable release);

        /** The stream to that peer broke. */
        void onClosed(Endpoint peer);
    }

    private final EventLoop loop;
    private final IpAddress local;
    private final Sink sink;
    private final ChannelGroup channels;
    private final Map<Endpoint, Outgoing> outgoing = new ConcurrentHashMap<>();

    private TransferStreams(EventLoop loop, IpAddress local, Sink sink) {
        this.loop = loop;
        this.local = local;
        this.sink = sink;
        this.channels = new DefaultChannelGroup(loop);
    }

    /**
     * Listens. Waits until it does, so not to be called on the loop.
     *
     * @param known whose connections to accept; the messages in them are authenticated one by one
     * @throws IOException if the address cannot be bound
     */
    public static TransferStreams open(EventLoop loop, Endpoint bind, Predicate<IpAddress> known, Sink sink)
            throws IOException {
        TransferStreams streams = new TransferStreams(loop, bind.address(), sink);
        ChannelFuture binding = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        streams.accept(channel, known);
                    }
                })
                .bind(socketAddress(bind))
                .awaitUninterruptibly();
        if (binding.cause() != null) {
            throw new IOException(binding.cause().getMessage(), binding.cause());
        }
        streams.channels.add(binding.channel());
        return streams;
    }

    private void accept(Channel channel, Predicate<IpAddress> known) {
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
                        MAX_MESSAGE_BYTES + LENGTH_FIELD_BYTES, 0, LENGTH_FIELD_BYTES, 0, LENGTH_FIELD_BYTES))
                .addLast(new Receiver(sink));
    }

    /** Does for the calling thread what the first message on a stream would need a millisecond or two for. */
    public void prepare() {
        ByteBufAllocator.DEFAULT
                .directBuffer(LENGTH_FIELD_BYTES)
                .writeShort(0)
                .writeBytes(MemorySegment.ofArray(new byte[1]).asByteBuffer())
                .release();
    }

    /** Whether the stream to a peer takes a message now; if there is none, it begins to open one. */
    public boolean canTransfer(Endpoint peer) {
        Channel channel = outgoing.computeIfAbsent(peer, Outgoing::new).open();
        return channel != null && channel.isWritable();
    }

    /** Sends a message on the stream to a peer, unless that broke a moment ago. */
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
        Outgoing stream = outgoing.get(peer);
        Channel channel = stream == null ? null : stream.open();
        if (channel == null) {
            return;
        }
        ByteBuf buffer = channel.alloc().directBuffer(LENGTH_FIELD_BYTES + length);
        buffer.writeShort(length);
        buffer.writeBytes(message.asSlice(offset, length).asByteBuffer());
        channel.writeAndFlush(buffer, channel.voidPromise());
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
        private volatile @Nullable Channel channel;
        private volatile boolean connecting;

        Outgoing(Endpoint peer) {
            this.peer = peer;
        }

        @Nullable
        Channel open() {
            Channel current = channel;
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
                    .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel opened) {
                            channels.add(opened);
                            opened.pipeline().addLast(new Sender());
                        }
                    })
                    .localAddress(new InetSocketAddress(local.toString(), 0))
                    .remoteAddress(socketAddress(peer))
                    .connect()
                    .addListener((ChannelFuture future) -> onConnected(future));
        }

        private void onConnected(ChannelFuture future) {
            if (future.isSuccess()) {
                channel = future.channel();
                connecting = false;
                future.channel().closeFuture().addListener(closed -> onClosed());
            } else {
                LOGGER.debug(
                        "no transfer stream to {}: {}", peer, future.cause().getMessage());
                loop.schedule(() -> connecting = false, RETRY_MILLIS, TimeUnit.MILLISECONDS);
            }
        }

        private void onClosed() {
            channel = null;
            sink.onClosed(peer);
        }
    }

    /** Ends a connection that failed: each message that still waits in it tells of the same failure. */
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
            super(false);
            this.sink = sink;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            MemorySegment segment = MemorySegment.ofAddress(message.memoryAddress() + message.readerIndex())
                    .reinterpret(message.readableBytes());
            sink.onMessage(segment, message::release);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOGGER.debug("transfer stream from {}: {}", context.channel().remoteAddress(), cause.getMessage());
            context.close();
        }
    }
}
