package org.ilbd.daemon.datapath;

import io.netty.channel.IoEventLoop;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.linux.Errno;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.NetworkDevice;
import org.ilbd.daemon.linux.RouteSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the {@link NeighbourTable} true: follows the kernel's events, so that a new MAC address counts at once, and makes the kernel check
 * each server every second. Frames through a packet socket do not tell the kernel that a neighbour is in use; without this its entry
 * would grow stale and go.
 */
final class NeighbourWatch implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(NeighbourWatch.class);

    /** The kernel itself asks for a neighbour once a second while it does not answer (retrans_time_ms). */
    private static final long PERIOD_MILLIS = 1000;

    /** A dump of a few thousand neighbours in one go; the rest at the next turn of the loop. */
    private static final int BATCH = 64;

    private final NetworkDevice device;
    private final NeighbourTable table;
    private final RouteSocket socket;
    private boolean dumpWanted = true;
    private boolean askedSinceRefresh;

    private NeighbourWatch(NetworkDevice device, RouteSocket socket) {
        this.device = device;
        this.table = new NeighbourTable(device.index());
        this.socket = socket;
    }

    static NeighbourWatch open(NetworkDevice device) throws ErrnoException {
        return new NeighbourWatch(device, RouteSocket.open());
    }

    /** To be called once, on the loop. */
    void start(IoEventLoop loop) {
        PolledDescriptor.register(loop, "neighbours", socket.fd(), this::read);
        var _ = loop.scheduleAtFixedRate(this::refresh, 0, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** See {@link NeighbourTable#mac}. */
    long mac(int server) {
        return table.mac(server);
    }

    /** See {@link NeighbourTable#follow}; looks for it at once. */
    void follow(int server, IpAddress address) {
        table.follow(server, address);
        look(address);
    }

    /** See {@link NeighbourTable#followIlb}; looks for it at once. */
    void followIlb(IpAddress address) {
        table.followIlb(address);
        look(address);
    }

    boolean isIlb(IpAddress address) {
        return table.isIlb(address);
    }

    Set<String> ilbMacs() {
        return table.ilbMacs();
    }

    private void look(IpAddress address) {
        solicit(address);
        // The kernel may know it already, and then there is no event. Refused while another is under way: the next
        // period asks.
        dumpWanted = socket.requestNeighbours() < 0;
    }

    /** A packet had to be dropped for want of a MAC address: looks for all that are missing, at most once in a period. */
    void missing() {
        if (!askedSinceRefresh) {
            askedSinceRefresh = true;
            table.forEach((address, mac) -> {
                if (mac == NetworkDevice.NO_MAC) {
                    solicit(address);
                }
            });
        }
    }

    private void refresh() {
        askedSinceRefresh = false;
        table.forEach((address, mac) -> solicit(address));
        if (dumpWanted) {
            dumpWanted = socket.requestNeighbours() < 0;
        }
    }

    private void solicit(IpAddress address) {
        int result = socket.solicit(device.index(), address.ipv6(), address.high(), address.low());
        if (result < 0 && LOGGER.isDebugEnabled()) {
            LOGGER.debug("{} cannot be looked for", address, new ErrnoException("netlink", -result));
        }
    }

    private boolean read() {
        for (int i = 0; i < BATCH; i++) {
            int result = socket.receive(table);
            if (result == -Errno.ENOBUFS) {
                // Events were lost: what is there now is all that matters.
                dumpWanted = true;
            } else if (result < 0) {
                return result == -Errno.EAGAIN || result == -Errno.EINTR;
            }
        }
        return true;
    }

    @Override
    public void close() {
        socket.close();
    }
}
