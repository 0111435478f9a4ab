package org.ilbd.daemon.datapath;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.linux.NeighbourListener;
import org.ilbd.daemon.linux.NetworkDevice;

/**
 * The MAC address of every server that packets go to directly, by the server's index. Reading is one array access. Belongs to the
 * engine's thread.
 *
 * <p><b>A neighbour that is lost</b> keeps its last address. Whether a server is alive is for the health checks to say; the kernel
 * also drops an entry that is merely old, and a connection must not break because an ARP request was lost.
 */
final class NeighbourTable implements NeighbourListener {
    /** Told of each server address, once each. */
    @FunctionalInterface
    interface AddressVisitor {
        void visit(IpAddress address, long mac);
    }

    private final int interfaceIndex;
    private final Map<IpAddress, Neighbour> neighbours = new HashMap<>();
    private long[] macs = {};

    NeighbourTable(int interfaceIndex) {
        this.interfaceIndex = interfaceIndex;
    }

    /** The server's MAC address, or {@link NetworkDevice#NO_MAC} if it is not known. */
    long mac(int server) {
        return server < macs.length ? macs[server] : NetworkDevice.NO_MAC;
    }

    /**
     * Keeps the address of a server from now on, for as long as the process lives: a server that the configuration drops still has
     * connections.
     *
     * @param server its index: small and dense
     */
    void follow(int server, IpAddress address) {
        Neighbour neighbour = neighbours.computeIfAbsent(address, _ -> new Neighbour());
        if (server >= macs.length) {
            int size = macs.length;
            macs = Arrays.copyOf(macs, Math.max(server + 1, size * 2));
            Arrays.fill(macs, size, macs.length, NetworkDevice.NO_MAC);
        }
        macs[server] = neighbour.mac;
        neighbour.add(server);
    }

    /** Keeps the address of another ILB from now on. */
    void followIlb(IpAddress address) {
        neighbours.computeIfAbsent(address, _ -> new Neighbour()).ilb = true;
    }

    boolean isIlb(IpAddress address) {
        Neighbour neighbour = neighbours.get(address);
        return neighbour != null && neighbour.ilb;
    }

    /** The MAC addresses of other ILBs that are known. */
    Set<String> ilbMacs() {
        Set<String> known = new HashSet<>();
        for (Neighbour neighbour : neighbours.values()) {
            if (neighbour.ilb && neighbour.mac != NetworkDevice.NO_MAC) {
                known.add(NetworkDevice.formatMac(neighbour.mac));
            }
        }
        return known;
    }

    @Override
    public void onNeighbour(int neighbourInterface, boolean ipv6, long high, long low, long mac) {
        if (neighbourInterface != interfaceIndex || mac == NetworkDevice.NO_MAC) {
            return;
        }
        Neighbour neighbour = neighbours.get(new IpAddress(ipv6, high, low));
        if (neighbour != null) {
            neighbour.mac = mac;
            for (int server : neighbour.servers) {
                macs[server] = mac;
            }
        }
    }

    void forEach(AddressVisitor visitor) {
        neighbours.forEach((address, neighbour) -> visitor.visit(address, neighbour.mac));
    }

    /** An address, the servers that have it, one for each service, and whether an ILB has it. */
    private static final class Neighbour {
        private long mac = NetworkDevice.NO_MAC;
        private int[] servers = {};
        private boolean ilb;

        void add(int server) {
            for (int known : servers) {
                if (known == server) {
                    return;
                }
            }
            servers = Arrays.copyOf(servers, servers.length + 1);
            servers[servers.length - 1] = server;
        }
    }
}
