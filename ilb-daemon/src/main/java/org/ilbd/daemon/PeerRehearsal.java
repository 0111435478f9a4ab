package org.ilbd.daemon;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.admin.DutyCycle;
import org.ilbd.daemon.cluster.ClusterEndpoint;
import org.ilbd.daemon.cluster.TransferInbox;
import org.ilbd.daemon.cluster.TransferStreams;
import org.jspecify.annotations.Nullable;

/**
 * The ways from ILB to ILB, gone once before they are gone in earnest: out of one event loop, through a connection of this process to
 * itself, into the other; and with datagrams to itself. The first message on a stream would need a millisecond or two of the engine's
 * thread otherwise, and each heartbeat half of one. As with {@link Rehearsal}, it is a matter of speed only.
 */
final class PeerRehearsal {
    /** Methods are compiled with some optimisations after some 200 calls. */
    static final int MESSAGES = 500;

    /** Of a frame of the engine's. */
    private static final int MESSAGE_BYTES = 2 * 1024;

    /** Of a heartbeat. */
    private static final int DATAGRAM_BYTES = 200;

    /** Messages between two looks at the time. */
    private static final int BURST = 20;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    private final SingleThreadIoEventLoop loop = (SingleThreadIoEventLoop) group.next();
    private final SingleThreadIoEventLoop control = (SingleThreadIoEventLoop) group.next();
    private final MemorySegment message = Arena.ofAuto().allocate(MESSAGE_BYTES);
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger heard = new AtomicInteger();
    private final TransferInbox inbox = new TransferInbox(
            loop, new TransferTurn(new Slices(new DutyCycle(System.nanoTime())), this::count, () -> false));
    private @Nullable ClusterEndpoint datagrams;
    private int sent;

    private PeerRehearsal() {}

    /** What came through: {@link #MESSAGES} of each if there was time and no datagram was lost. */
    record Outcome(int messages, int datagrams) {}

    /**
     * Rehearses, while this thread waits.
     *
     * @param address of this host
     * @param inTime whether to go on
     * @throws IOException if nothing can listen on that address
     */
    static Outcome run(IpAddress address, BooleanSupplier inTime) throws IOException {
        PeerRehearsal rehearsal = new PeerRehearsal();
        try {
            rehearsal.transfer(address, inTime);
        } finally {
            rehearsal.group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
            if (rehearsal.datagrams != null) {
                rehearsal.datagrams.close();
            }
        }
        return new Outcome(rehearsal.taken.get(), rehearsal.heard.get());
    }

    private void transfer(IpAddress address, BooleanSupplier inTime) throws IOException {
        try (TransferStreams streams =
                TransferStreams.open(control, new Endpoint(address, 0), address::equals, new Sink())) {
            ClusterEndpoint endpoint = ClusterEndpoint.open(streams.bound(), Optional.empty());
            datagrams = endpoint;
            endpoint.start(
                    loop,
                    (_, _, length, _, _, _, _, _) -> heard.addAndGet(length == DATAGRAM_BYTES ? 1 : 0),
                    reason -> {});
            while (taken.get() < MESSAGES && inTime.getAsBoolean()) {
                loop.submit(() -> send(streams, endpoint)).awaitUninterruptibly();
                // What is on its way comes meanwhile.
                control.submit(() -> {}).awaitUninterruptibly();
            }
        }
    }

    private void send(TransferStreams streams, ClusterEndpoint endpoint) {
        for (int i = 0; i < BURST && sent < MESSAGES && streams.canTransfer(streams.bound()); i++) {
            streams.transfer(streams.bound(), message, 0, MESSAGE_BYTES);
            endpoint.send(streams.bound(), message, 0, DATAGRAM_BYTES);
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
