package org.ilbd.daemon;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.admin.DutyCycle;
import org.ilbd.daemon.cluster.TransferInbox;
import org.ilbd.daemon.cluster.TransferStreams;

/**
 * The way of a transfer stream, gone once before it is gone in earnest: out of one event loop, through a connection of this process to
 * itself, into the other. The first message on a stream would need a millisecond or two of the engine's thread otherwise. As with
 * {@link Rehearsal}, it is a matter of speed only.
 */
final class StreamRehearsal {
    /** Methods are compiled with some optimisations after some 200 calls. */
    static final int MESSAGES = 500;

    /** Of a frame of the engine's. */
    private static final int MESSAGE_BYTES = 2 * 1024;

    /** Messages between two looks at the time. */
    private static final int BURST = 20;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    private final SingleThreadIoEventLoop loop = (SingleThreadIoEventLoop) group.next();
    private final SingleThreadIoEventLoop control = (SingleThreadIoEventLoop) group.next();
    private final MemorySegment message = Arena.ofAuto().allocate(MESSAGE_BYTES);
    private final AtomicInteger taken = new AtomicInteger();
    private final TransferInbox inbox = new TransferInbox(
            loop, new TransferTurn(new Slices(new DutyCycle(System.nanoTime())), this::count, () -> false));
    private int sent;

    private StreamRehearsal() {}

    /**
     * Rehearses, while this thread waits.
     *
     * @param address of this host
     * @param inTime whether to go on
     * @return how many messages came through: {@link #MESSAGES} if there was time
     * @throws IOException if nothing can listen on that address
     */
    static int run(IpAddress address, BooleanSupplier inTime) throws IOException {
        StreamRehearsal rehearsal = new StreamRehearsal();
        try {
            rehearsal.transfer(address, inTime);
        } finally {
            rehearsal.group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
        return rehearsal.taken.get();
    }

    private void transfer(IpAddress address, BooleanSupplier inTime) throws IOException {
        try (TransferStreams streams =
                TransferStreams.open(control, new Endpoint(address, 0), address::equals, new Sink())) {
            while (taken.get() < MESSAGES && inTime.getAsBoolean()) {
                loop.submit(() -> send(streams)).awaitUninterruptibly();
                // What is on its way comes meanwhile.
                control.submit(() -> {}).awaitUninterruptibly();
            }
        }
    }

    private void send(TransferStreams streams) {
        for (int i = 0; i < BURST && sent < MESSAGES && streams.canTransfer(streams.bound()); i++) {
            streams.transfer(streams.bound(), message, 0, MESSAGE_BYTES);
            sent++;
        }
    }

    private void count(MemorySegment received, long nowNanos) {
        taken.addAndGet(received.byteSize() == MESSAGE_BYTES ? 1 : 0);
    }

    private final class Sink implements TransferStreams.Sink {
        @Override
        public void onMessage(MemorySegment received) {
            inbox.add(received);
        }

        @Override
        public void onClosed(Endpoint peer) {}
    }
}
