package org.ilbd.core.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.scheduler.BoundedLoad;
import org.ilbd.core.scheduler.Maglev;
import org.ilbd.core.scheduler.MaglevBuilder;
import org.ilbd.core.scheduler.Scheduler;
import org.ilbd.core.scheduler.ServerSet;
import org.jspecify.annotations.Nullable;

/**
 * One VIP and port, for as long as the process lives, with the servers it has and its two ways to select one: the
 * configured scheduler for new connections, and the Maglev table for packets that nobody holds an association for. The
 * engine's thread writes; the counters may be read by any.
 */
public final class Service {
    private final int index;
    private final Endpoint vip;
    private final Maglev maglev;
    private final EndpointIndex<Server> everyServer = new EndpointIndex<>();

    private ServiceConfig config;
    private boolean configured = true;
    private volatile List<Server> servers = List.of();
    private ServerSet set = new ServerSet(List.of(), new int[0]);
    private Scheduler scheduler;

    private long newConnections;
    private long packetsIn;
    private long bytesIn;
    private long packetsReturned;
    private long bytesReturned;

    /** @param tables makes the Maglev tables of all services */
    Service(int index, ServiceConfig config, MaglevBuilder tables) {
        this.index = index;
        this.maglev = new Maglev(tables);
        this.scheduler = maglev;
        this.vip = config.vip();
        this.config = config;
    }

    /** Small, dense, 0 to 65,535, and the same for the life of the process. */
    public int index() {
        return index;
    }

    /** The virtual address and port. */
    public Endpoint vip() {
        return vip;
    }

    /** What the configuration says of it now, or said last. */
    public ServiceConfig config() {
        return config;
    }

    /** The servers that the configuration names now, in its order. */
    public List<Server> servers() {
        return servers;
    }

    /** Connections that this ILB made as their owner. */
    public long newConnections() {
        return newConnections;
    }

    /** Packets from clients, counted where they arrived from the network. */
    public long packetsIn() {
        return packetsIn;
    }

    /** Bytes of IP packets from clients. */
    public long bytesIn() {
        return bytesIn;
    }

    /** Packets of servers on their way back (only with {@link Forwarding#NAT}). */
    public long packetsReturned() {
        return packetsReturned;
    }

    /** Bytes of IP packets of servers on their way back. */
    public long bytesReturned() {
        return bytesReturned;
    }

    boolean configured() {
        return configured;
    }

    /** Takes over a configuration; servers keep their health, counts and connections. */
    void configure(ServiceConfig newConfig, List<Server> newServers) {
        for (Server server : servers) {
            server.configure(Server.NOT_CONFIGURED, 0);
        }
        if (newConfig.scheduler() != config.scheduler() || scheduler == maglev) {
            scheduler = newConfig.scheduler().create(maglev, BoundedLoad.DEFAULT_FACTOR);
        }
        config = newConfig;
        configured = true;
        servers = Collections.unmodifiableList(new ArrayList<>(newServers));
        List<Endpoint> endpoints = new ArrayList<>();
        int[] weights = new int[newServers.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = newConfig.servers().get(i).weight();
            newServers.get(i).configure(i, weights[i]);
            endpoints.add(newServers.get(i).endpoint());
        }
        set = new ServerSet(endpoints, weights);
        for (Server server : newServers) {
            set.setConnections(server.position(), server.clusterConnections());
        }
        availabilityChanged();
    }

    /** The configuration names it no more: it takes no packet, and its associations run out. */
    void remove() {
        configured = false;
        for (Server server : servers) {
            server.configure(Server.NOT_CONFIGURED, 0);
        }
    }

    void availabilityChanged() {
        for (Server server : servers) {
            set.setAvailable(server.position(), server.up());
        }
        maglev.update(set);
        scheduler.update(set);
    }

    void loadChanged(Server server) {
        if (server.configured()) {
            set.setConnections(server.position(), server.clusterConnections());
        }
    }

    /** The index of the server for a new connection, or {@link Scheduler#NONE}. */
    int select(FourTuple tuple) {
        return indexAt(scheduler.select(config.scheduler().hash(tuple)));
    }

    /** The index of the server that the Maglev table gives, or {@link Scheduler#NONE}. */
    int selectStateless(FourTuple tuple) {
        return indexAt(maglev.select(config.scheduler().hash(tuple)));
    }

    /** Reads the 4-tuple of a connection to this service out of the table. */
    void readTuple(OwnedConnections table, int slot, FourTuple tuple) {
        tuple.set(
                vip.address().ipv6(),
                table.sourceHigh(slot),
                table.sourceLow(slot),
                table.sourcePort(slot),
                vip.address().high(),
                vip.address().low(),
                vip.port());
    }

    /** The server at that address and port, also one that the configuration names no more. */
    @Nullable
    Server serverAt(boolean ipv6, long high, long low, int port) {
        return everyServer.find(ipv6, high, low, port);
    }

    @Nullable
    Server serverAt(Endpoint endpoint) {
        return everyServer.find(endpoint);
    }

    void addEver(Server server) {
        everyServer.put(server.endpoint(), server);
    }

    private int indexAt(int position) {
        return position == Scheduler.NONE
                ? Scheduler.NONE
                : servers.get(position).index();
    }

    void countNew() {
        newConnections++;
    }

    void countIn(int packetBytes) {
        packetsIn++;
        bytesIn += packetBytes;
    }

    void countReturned(int packetBytes) {
        packetsReturned++;
        bytesReturned += packetBytes;
    }

    @Override
    public String toString() {
        return config.name() + " " + vip;
    }
}
