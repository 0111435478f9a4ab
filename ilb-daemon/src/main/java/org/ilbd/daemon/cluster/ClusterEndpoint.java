package org.ilbd.daemon.cluster;

import io.netty.channel.IoEventLoop;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Optional;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.datapath.DropSink;
import org.ilbd.daemon.datapath.PolledDescriptor;
import org.ilbd.daemon.datapath.SendErrors;
import org.ilbd.daemon.linux.DatagramBatch;
import org.ilbd.daemon.linux.Errno;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.UdpSocket;
import org.jspecify.annotations.Nullable;

/**
 * This ILB's end of the datagrams between ILBs.
 *
 * <p><b>Multicast.</b> A socket that is bound to one of the host's addresses does not hear a group, so a second one is bound to the group.
 * Everything is sent from the first: peers learn this ILB's address by its datagrams.
 */
public final class ClusterEndpoint implements AutoCloseable {
    /** Datagrams for one wake-up: at 3 us each about 0.1 ms, which is what clients' packets may have to wait. */
    private static final int BATCH = 32;

    private static final int HEADROOM_BYTES = 64;

    private final UdpSocket socket;
    private final @Nullable UdpSocket groupSocket;
    private final SendErrors sendErrors = new SendErrors();
    private DropSink drops = reason -> {};
    // One for both sockets: a batch is handled before the next is read.
    private final DatagramBatch batch = new DatagramBatch(BATCH, HEADROOM_BYTES, DatagramBatch.MAX_PAYLOAD_BYTES);

    private ClusterEndpoint(UdpSocket socket, @Nullable UdpSocket groupSocket) {
        this.socket = socket;
        this.groupSocket = groupSocket;
    }

    /**
     * Binds.
     *
     * @param bind an address of this host, and a port
     * @param group a multicast group of the same family, with the same port, to be heard on the interface that has the address
     * @throws ErrnoException {@link Errno#EADDRINUSE}, {@link Errno#EADDRNOTAVAIL} if the host does not have the address
     */
    public static ClusterEndpoint open(Endpoint bind, Optional<Endpoint> group) throws ErrnoException {
        IpAddress address = bind.address();
        UdpSocket socket = UdpSocket.bind(address.ipv6(), address.high(), address.low(), bind.port());
        try {
            return new ClusterEndpoint(socket, group.isEmpty() ? null : join(socket, address, group.get()));
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    private static UdpSocket join(UdpSocket socket, IpAddress local, Endpoint group) throws ErrnoException {
        int interfaceIndex = interfaceOf(local);
        socket.multicastBy(interfaceIndex);
        IpAddress address = group.address();
        return UdpSocket.bindGroup(address.ipv6(), address.high(), address.low(), group.port(), interfaceIndex);
    }

    private static int interfaceOf(IpAddress local) throws ErrnoException {
        try {
            NetworkInterface found = NetworkInterface.getByInetAddress(InetAddress.getByAddress(local.toBytes()));
            if (found != null) {
                return found.getIndex();
            }
        } catch (SocketException | UnknownHostException e) {
            throw withCause(new ErrnoException("interface with address " + local, Errno.ENODEV), e);
        }
        throw new ErrnoException("interface with address " + local, Errno.ENODEV);
    }

    private static ErrnoException withCause(ErrnoException exception, Exception cause) {
        exception.initCause(cause);
        return exception;
    }

    /** Begins to receive; both sinks are called on the loop. */
    public void start(IoEventLoop loop, DatagramSink sink, DropSink dropped) {
        loop.execute(() -> {
            drops = dropped;
            poll(loop, sink);
        });
    }

    private void poll(IoEventLoop loop, DatagramSink sink) {
        PolledDescriptor.register(loop, "cluster", socket.fd(), () -> receive(socket, sink));
        UdpSocket group = groupSocket;
        if (group != null) {
            PolledDescriptor.register(loop, "cluster group", group.fd(), () -> receive(group, sink));
        }
    }

    /** Sends one datagram; it is dropped if the kernel does not take it. The peer is of the family that this end is bound to. */
    public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
        IpAddress address = peer.address();
        int result = address.ipv6() == socket.ipv6()
                ? socket.send(datagram.address() + offset, length, address.high(), address.low(), peer.port())
                : -Errno.EINVAL;
        if (result < 0) {
            sendErrors.add(result);
            drops.drop(DropReason.SEND_PEER);
        }
    }

    /** What the kernel said to datagrams that it did not take. */
    public SendErrors sendErrors() {
        return sendErrors;
    }

    private boolean receive(UdpSocket from, DatagramSink sink) {
        int received = from.receive(batch);
        if (received <= 0) {
            return true;
        }
        long nowNanos = System.nanoTime();
        for (int i = 0; i < received; i++) {
            sink.onDatagram(
                    batch.segment(),
                    batch.offset(i),
                    batch.length(i),
                    batch.ipv6(i),
                    batch.sourceHigh(i),
                    batch.sourceLow(i),
                    batch.sourcePort(i),
                    nowNanos);
        }
        sink.onBatchEnd(nowNanos);
        return true;
    }

    /** To be called after the loop has ended. */
    @Override
    public void close() {
        socket.close();
        if (groupSocket != null) {
            groupSocket.close();
        }
    }
}
