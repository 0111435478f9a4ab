package org.ilbd.daemon.datapath;

import io.netty.channel.IoEventLoop;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.PacketBatch;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.Service;
import org.ilbd.core.packet.AddressRewriter;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.VirtioNetHeader;
import org.ilbd.daemon.linux.Errno;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.FrameBatch;
import org.ilbd.daemon.linux.NetworkDevice;
import org.ilbd.daemon.linux.PacketSocket;
import org.ilbd.daemon.linux.Route;
import org.ilbd.daemon.linux.RouteSocket;
import org.ilbd.daemon.linux.Tun;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Packets in through a TUN device; out through a packet socket, or through the TUN device again.
 *
 * <p><b>One buffer.</b> Packets are read, a few together, to where an Ethernet header fits in front of each, handled, and written out from
 * there, with {@link Forwarding#DIRECT} by one call for all: none is copied here, nor cut, whether it has 40 bytes or 64 KiB.
 *
 * <p><b>Full queues.</b> Nothing waits. What the kernel does not take is dropped and counted, as on any router; TCP adapts.
 */
public final class TunDatapath implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(TunDatapath.class);

    /** Packets for one wake-up: at 2 us each about 0.1 ms, which is what the tick and the peers' datagrams may have to wait. */
    private static final int WAKE_UP_PACKETS = 64;

    /**
     * Packets are read together until they have so many bytes: some dozen requests, but a single super-segment, which is to go out
     * while it is in the processor's second-level cache (half a MiB, with the copy that goes out).
     */
    private static final int BATCH_BYTES = 16 << 10;

    /** At least, in front of a packet: a prefix of {@link PacketBatch#add} fits. */
    private static final int HEADROOM_BYTES = 64;

    /**
     * The headers that most packets have: IPv4, and TCP with timestamps. They share a cache line, and what follows them is aligned, for the
     * kernel copies a super-segment in and out faster so.
     */
    private static final int HEADER_BYTES = 20 + 32;

    private static final int ALIGNMENT_BYTES = 64;

    private static final int MAX_PACKET_BYTES = 65_535;

    /**
     * Packets that may wait in the TUN device. They arrive in bursts: 1,000 clients that answer at once are 1,000 packets in a
     * millisecond. Room for 4,096 is 2 ms at two million a second; more would be delay, not throughput.
     */
    private static final int TUN_QUEUE_PACKETS = 4096;

    private final Tun tun;
    private final NetworkDevice device;
    private final PacketSocket socket;
    private final NeighbourWatch neighbours;
    private final SendErrors serverErrors = new SendErrors();
    private final SendErrors clientErrors = new SendErrors();
    /** By index: the servers on this host. */
    private final BitSet local = new BitSet();

    private final MemorySegment buffer;
    private final PacketBatch batch;
    /** Of the batch: for servers, and not sent yet. */
    private final FrameBatch frames = new FrameBatch(PacketBatch.CAPACITY);

    private final IntConsumer refused = this::onRefused;
    private final BusyPolling polling;
    private PacketSink sink = (packets, nowNanos) -> {};
    private DropSink drops = reason -> {};
    private Runnable onLost = () -> {};

    private TunDatapath(
            Tun tun, NetworkDevice device, PacketSocket socket, NeighbourWatch neighbours, Duration busyPoll) {
        this.tun = tun;
        this.device = device;
        this.socket = socket;
        this.neighbours = neighbours;
        polling = new BusyPolling(busyPoll, System.nanoTime());
        buffer = Arena.ofAuto()
                .allocate(BATCH_BYTES + PacketBatch.CAPACITY * 2L * HEADROOM_BYTES + MAX_PACKET_BYTES, ALIGNMENT_BYTES);
        batch = new PacketBatch(buffer);
    }

    /**
     * Makes the TUN device and opens the way out. The TUN device has the MTU of the interface: a packet that is too long for the way to
     * the server is answered by the kernel, before it comes here. It is not up yet.
     *
     * @param tunName see {@link Tun#open}
     * @param device the interface towards the servers
     * @param busyPoll how long to look again for packets, after the last one, before waiting to be woken
     */
    public static TunDatapath open(String tunName, NetworkDevice device, Duration busyPoll) throws ErrnoException {
        Tun tun = Tun.open(tunName);
        try {
            NetworkDevice tunDevice = NetworkDevice.find(tun.name());
            tunDevice.setMtu(Math.min(device.mtu(), MAX_PACKET_BYTES));
            tunDevice.setTransmitQueueLength(TUN_QUEUE_PACKETS);
            PacketSocket socket = PacketSocket.open(device);
            try {
                return new TunDatapath(tun, device, socket, NeighbourWatch.open(device), busyPoll);
            } catch (ErrnoException e) {
                socket.close();
                throw e;
            }
        } catch (ErrnoException e) {
            tun.close();
            throw e;
        }
    }

    /**
     * Begins to read, and to keep the neighbours. Everything given is called on the loop.
     *
     * @param packets takes the packets
     * @param dropped counts those that went no further
     * @param lost called if the TUN device is taken away; nothing is read any more then
     */
    public void start(IoEventLoop loop, PacketSink packets, DropSink dropped, Runnable lost) {
        loop.execute(() -> {
            sink = packets;
            drops = dropped;
            onLost = lost;
            neighbours.start(loop);
            PolledDescriptor.register(loop, tun.name(), tun.fd(), this::read);
        });
    }

    /** Keeps the MAC addresses of all servers of services with {@link Forwarding#DIRECT}. On the loop; after each change of the services. */
    public void follow(List<Service> services) {
        for (Service service : services) {
            service.servers().forEach(this::follow);
        }
    }

    /**
     * The same for one server, which the configuration need not name: connections to it may have been handed over. On the loop.
     *
     * @return whether it is on this host
     */
    public boolean follow(Server server) {
        IpAddress address = server.endpoint().address();
        boolean isLocal = route(address).map(Route::local).orElse(false);
        if (isLocal) {
            local.set(server.index());
        } else if (server.service().config().forwarding() == Forwarding.DIRECT) {
            follow(server.index(), address);
        }
        return isLocal;
    }

    /** Keeps the MAC address of another ILB, if it is on this link. On the loop. */
    public void followIlb(IpAddress address) {
        if (!neighbours.isIlb(address)
                && route(address)
                        .filter(route -> route.onLink() && route.interfaceIndex() == device.index())
                        .isPresent()) {
            neighbours.followIlb(address);
        }
    }

    /** The MAC addresses of other ILBs as far as they are known, as {@link NetworkDevice#formatMac} writes them. On the loop. */
    public Set<String> ilbMacs() {
        return neighbours.ilbMacs();
    }

    private static Optional<Route> route(IpAddress address) {
        try {
            return Optional.of(RouteSocket.lookup(address.ipv6(), address.high(), address.low()));
        } catch (ErrnoException e) {
            LOGGER.debug("no route to {}", address, e);
            return Optional.empty();
        }
    }

    void follow(int server, IpAddress address) {
        neighbours.follow(server, address);
    }

    /** Sends a client's packet to a server, in the way that its service says. */
    public void deliver(Packet packet, Server server) {
        switch (server.service().config().forwarding()) {
            case DIRECT -> {
                if (local.get(server.index())) {
                    // Comes in again by the TUN device, from where the host takes it to its sockets.
                    writeToTun(packet, DropReason.SEND_SERVER, serverErrors);
                } else {
                    sendDirect(packet, server.index());
                }
            }
            case NAT -> {
                IpAddress address = server.endpoint().address();
                sendTranslated(
                        packet, address.high(), address.low(), server.endpoint().port());
            }
        }
    }

    /** Sends a server's packet to its client, as coming from the VIP. */
    public void returnToClient(Packet packet, Service service) {
        IpAddress address = service.vip().address();
        sendBack(packet, address.high(), address.low(), service.vip().port());
    }

    /** Sends a packet that was made here: the kernel routes it. */
    public void reply(Packet packet) {
        writeToTun(packet, DropReason.SEND_CLIENT, clientErrors);
    }

    void sendDirect(Packet packet, int server) {
        long mac = neighbours.mac(server);
        if (mac == NetworkDevice.NO_MAC) {
            drops.drop(DropReason.NO_NEIGHBOUR);
            neighbours.missing();
            return;
        }
        MemorySegment segment = packet.segment();
        long frame = EthernetFrame.prepend(segment, packet.offset(), packet.ipv6(), mac, device.mac());
        frames.add(segment.address() + frame, packet.length() + EthernetFrame.PREFIX_LENGTH_BYTES);
        if (!segment.equals(buffer)) {
            // Of memory that is used for something else when this returns.
            socket.send(frames, refused);
        }
    }

    private void onRefused(int result) {
        serverErrors.add(result);
        drops.drop(DropReason.SEND_SERVER);
    }

    void sendTranslated(Packet packet, long high, long low, int port) {
        if (AddressRewriter.rewriteDestination(packet, high, low, port)) {
            writeToTun(packet, DropReason.SEND_SERVER, serverErrors);
        } else {
            drops.drop(DropReason.NOT_TCP);
        }
    }

    void sendBack(Packet packet, long high, long low, int port) {
        if (AddressRewriter.rewriteSource(packet, high, low, port)) {
            writeToTun(packet, DropReason.SEND_CLIENT, clientErrors);
        } else {
            drops.drop(DropReason.NOT_TCP);
        }
    }

    private void writeToTun(Packet packet, DropReason reason, SendErrors errors) {
        long from = packet.offset() - VirtioNetHeader.LENGTH_BYTES;
        int result = tun.write(packet.segment().address() + from, packet.length() + VirtioNetHeader.LENGTH_BYTES);
        if (result < 0) {
            errors.add(result);
            drops.drop(reason);
        }
    }

    private boolean read() {
        int result = readWaiting();
        polling.begin(System.nanoTime());
        while (result == -Errno.EAGAIN && polling.giveWay()) {
            result = readWaiting();
        }
        return result >= 0 || canGoOn(result);
    }

    /** What is waiting, up to {@link #WAKE_UP_PACKETS} or a batch more; returns what the last read said. */
    private int readWaiting() {
        long nowNanos = System.nanoTime();
        int packets = 0;
        int result;
        do {
            result = readBatch();
            packets += batch.size();
            if (batch.size() > 0) {
                handleBatch(nowNanos);
            }
        } while (result >= 0 && packets < WAKE_UP_PACKETS);
        sink.onBatchEnd(nowNanos);
        return result;
    }

    private void handleBatch(long nowNanos) {
        try {
            sink.onPackets(batch, nowNanos);
        } finally {
            socket.send(frames, refused);
        }
    }

    private int readBatch() {
        batch.clear();
        long offset = place(0);
        int result = 0;
        while (result >= 0 && batch.size() < PacketBatch.CAPACITY && offset < BATCH_BYTES) {
            result = tun.read(
                    buffer.address() + offset - VirtioNetHeader.LENGTH_BYTES,
                    VirtioNetHeader.LENGTH_BYTES + MAX_PACKET_BYTES);
            if (result >= 0) {
                int length = result - VirtioNetHeader.LENGTH_BYTES;
                batch.add(offset, length);
                offset = place(offset + length);
            }
        }
        return result;
    }

    /** Where a packet goes that is to lie behind what ends there. */
    private static long place(long end) {
        return ((end + HEADROOM_BYTES + HEADER_BYTES + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES) - HEADER_BYTES;
    }

    private boolean canGoOn(int result) {
        if (result != -Errno.EBADFD) {
            return true;
        }
        LOGGER.error("TUN device {} is gone: no packet comes in any more", tun.name());
        onLost.run();
        return false;
    }

    /** The TUN device's name, as the kernel gave it. */
    public String tunName() {
        return tun.name();
    }

    /** The interface towards the servers. */
    public NetworkDevice device() {
        return device;
    }

    /** What the kernel said to packets for servers that it did not take. */
    public SendErrors serverErrors() {
        return serverErrors;
    }

    /** What the kernel said to packets for clients that it did not take. */
    public SendErrors clientErrors() {
        return clientErrors;
    }

    /** To be called after the loop has ended; the TUN device goes with it. */
    @Override
    public void close() {
        neighbours.close();
        socket.close();
        tun.close();
    }
}
