package org.ilbd.core.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.scheduler.Intake;
import org.ilbd.core.scheduler.Maglev;
import org.ilbd.core.scheduler.MaglevBuilder;
import org.ilbd.core.scheduler.Peer;
import org.ilbd.core.scheduler.Scheduler;
import org.ilbd.core.scheduler.ServerSet;
import org.jspecify.annotations.Nullable;

/**
 * One VIP and port, for as long as the process lives, with the servers it has and its two ways to select one: the
 * configured scheduler for new connections, and the Maglev table for packets that nobody holds an association for. The
 * engine's thread writes; the counters may be read by any.
 */
public final class Service {
    /** Instead of a server: there are some, and all of them have as many connections as they may. */
    static final int FULL = -2;

    private final int index;
    private final Endpoint vip;
    private final Maglev maglev;
    private final MaglevBuilder tables;
    private final EndpointIndex<Server> everyServer = new EndpointIndex<>();

    private final ServiceIntake intake = new ServiceIntake();

    private ServiceConfig config;
    private boolean configured = true;
    private volatile List<Server> servers = List.of();
    private ServerSet set = new ServerSet(List.of(), new int[0]);
    private Scheduler scheduler;
    private ZonedServers zoned;
    private final HostedServers hosted = new HostedServers();
    private int reachedIlb = Placement.NONE;
    private boolean availabilityStale;
    private boolean weightsStale;
    private int clusterConnections;
    private final FourTuple client = new FourTuple();

    private long newConnections;
    private long packetsIn;
    private long bytesIn;
    private long packetsReturned;
    private long bytesReturned;

    /** @param tables makes the Maglev tables of all services */
    Service(int index, ServiceConfig config, MaglevBuilder tables) {
        this.index = index;
        this.maglev = new Maglev(tables);
        this.tables = tables;
        this.scheduler = maglev;
        this.vip = config.vip();
        this.config = config;
        this.zoned = new ZonedServers(config, List.of(), tables);
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

    /** Live associations to its servers that any ILB owns, as they last reported. */
    public int clusterConnections() {
        return clusterConnections;
    }

    /** Whether and how a client's connections belong together, or null. */
    @Nullable
    Affinity affinity() {
        return config.affinity().orElse(null);
    }

    /**
     * What decides on a server for a connection: its 4-tuple, or with affinity its client alone, so that also those of a
     * client that nobody remembers go to the same server. Good until the next call.
     */
    FourTuple key(FourTuple tuple) {
        Affinity affinity = affinity();
        return affinity == null ? tuple : affinity.client(tuple, client);
    }

    private long hash(FourTuple tuple) {
        return config.scheduler().hash(key(tuple));
    }

    /** Who takes new connections, where one server at a time does. */
    public ServiceIntake intake() {
        return intake;
    }

    boolean configured() {
        return configured;
    }

    /** Whether it has as many connections as it may. */
    boolean isFull() {
        int most = config.policy().maxConnections();
        return most > 0 && clusterConnections >= most;
    }

    /** Takes over a configuration; servers keep their health, counts and connections. */
    void configure(ServiceConfig newConfig, List<Server> newServers, long nowNanos) {
        if (newConfig.scheduler() != config.scheduler()
                || newConfig.balanceFactor() != config.balanceFactor()
                || scheduler == maglev) {
            scheduler = newConfig.scheduler().create(maglev, newConfig.balanceFactor());
            applyIntake();
        }
        if (scheduler instanceof Peer peer) {
            peer.setThresholds(newConfig.policy().peer());
        }
        config = newConfig;
        configured = true;
        for (Server server : servers) {
            if (!newServers.contains(server)) {
                server.deconfigure(nowNanos);
            }
        }
        List<Endpoint> endpoints = newServers.stream().map(Server::endpoint).toList();
        set = new ServerSet(endpoints, new int[endpoints.size()]);
        for (int i = 0; i < newServers.size(); i++) {
            Server server = newServers.get(i);
            // Those that a service begins with are no newcomers.
            server.configure(i, newConfig.servers().get(i), !servers.isEmpty() && !server.configured());
        }
        servers = Collections.unmodifiableList(new ArrayList<>(newServers));
        for (Server server : newServers) {
            set.setConnections(server.position(), server.assumedConnections());
            set.setLoad(server.position(), server.load());
            set.setLimit(server.position(), server.maxConnections());
        }
        zoned = new ZonedServers(newConfig, servers, tables);
        for (Server server : newServers) {
            server.settle(nowNanos);
        }
        refresh();
    }

    /** The configuration names it no more: it takes no packet, and its associations run out. */
    void remove(long nowNanos) {
        configured = false;
        for (Server server : servers) {
            server.deconfigure(nowNanos);
        }
        servers = List.of();
        set = new ServerSet(List.of(), new int[0]);
        zoned = new ZonedServers(config, servers, tables);
        refresh();
    }

    /**
     * Something was said of a server, or time has passed for it. Whether it is available counts from the next selection on;
     * its share does when {@link #refreshWeights} is called, for that costs a new table.
     */
    void settle(Server server, long nowNanos) {
        boolean wasAvailable = server.state().isAvailable();
        if (server.settle(nowNanos)) {
            availabilityStale |= server.state().isAvailable() != wasAvailable;
            weightsStale = true;
        }
    }

    /**
     * A client has got no answer from a server, or a refusal. A server that nobody can be given instead is not held down: what
     * looks like its silence may be the clients'.
     *
     * @param sinceNanos when the client asked first
     * @return whether the server is held down now
     */
    boolean unanswered(Server server, long sinceNanos, long nowNanos) {
        PassiveHealth passive = config.policy().passive();
        if (!server.silence().unanswered(sinceNanos, passive, nowNanos) || !hasOtherThan(server)) {
            return false;
        }
        server.silence().hold(nowNanos + passive.holdNanos());
        settle(server, nowNanos);
        return true;
    }

    private boolean hasOtherThan(Server server) {
        for (int i = 0; i < servers.size(); i++) {
            if (servers.get(i) != server && servers.get(i).state().isAvailable()) {
                return true;
            }
        }
        return false;
    }

    /** Lets the shares that have changed count. */
    void refreshWeights() {
        if (weightsStale) {
            refresh();
        }
    }

    private void refreshAvailability() {
        if (availabilityStale) {
            refresh();
        }
    }

    private void refresh() {
        availabilityStale = false;
        weightsStale = false;
        boolean any = false;
        for (Server server : servers) {
            any |= !server.fallback() && server.state().isAvailable();
        }
        for (Server server : servers) {
            server.setOffered(server.state().isAvailable() && server.fallback() != any);
            set.setAvailable(server.position(), server.offered());
            set.setWeight(server.position(), server.units());
        }
        maglev.update(set);
        scheduler.update(set);
        zoned.refresh();
    }

    void connectionsChanged(Server server, int difference) {
        clusterConnections += difference;
        if (server.configured()) {
            set.setConnections(server.position(), server.assumedConnections());
            zoned.setConnections(server);
        }
    }

    void loadReported(Server server) {
        if (server.configured()) {
            set.setLoad(server.position(), server.load());
            set.setLimit(server.position(), server.maxConnections());
            zoned.setLoad(server);
        }
    }

    /** Selects for new connections; it knows which servers are available now. */
    Scheduler scheduler() {
        refreshAvailability();
        return scheduler;
    }

    /** Lets the designation that is held count. */
    void applyIntake() {
        if (scheduler instanceof Intake selects && intake.current().sequence() > 0) {
            selects.designate(intake.current().node());
        }
    }

    /** Whether a new connection may go to a server that somebody has selected already. */
    boolean accepts(Server server) {
        refreshAvailability();
        return server.configured() && server.offered() && server.hasRoom() && !isFull();
    }

    /**
     * The index of the server for a new connection, {@link Scheduler#NONE}, or {@link #FULL}.
     *
     * @param ownersZone where the ILB is that owns the connection
     */
    int select(FourTuple tuple, int ownersZone) {
        refreshAvailability();
        long hash = hash(tuple);
        Server near = isFull() ? null : zoned.select(tuple, ownersZone, hash);
        return near == null ? withRoom(select(hash)) : near.index();
    }

    private int select(long hash) {
        return scheduler instanceof Peer peer ? peer.select(hash, reachedPosition()) : scheduler.select(hash);
    }

    /** Which of its servers run on ILBs' hosts. */
    HostedServers hosted() {
        return hosted;
    }

    /** Takes note of the ILB that the SYN for the next selection came to from the network: a peer's position, {@link Placement#SELF}, or none. */
    void noteReachedIlb(int position) {
        reachedIlb = position;
    }

    private int reachedPosition() {
        Server server = hosted.at(reachedIlb);
        return server == null || !server.configured() ? Scheduler.NONE : server.position();
    }

    /** The index of the server that the Maglev table gives for a new connection, {@link Scheduler#NONE}, or {@link #FULL}. */
    int selectStateless(FourTuple tuple) {
        refreshAvailability();
        return withRoom(maglev.select(hash(tuple)));
    }

    /** The index of the server that the Maglev table gives for a connection that goes on, or {@link Scheduler#NONE}. */
    int selectOrphan(FourTuple tuple) {
        refreshAvailability();
        int position = maglev.select(hash(tuple));
        return position == Scheduler.NONE
                ? Scheduler.NONE
                : servers.get(position).index();
    }

    private int withRoom(int position) {
        if (position == Scheduler.NONE) {
            return Scheduler.NONE;
        }
        if (isFull()) {
            return FULL;
        }
        Server selected = servers.get(position);
        return selected.hasRoom() ? selected.index() : leastConnectionsWithRoom();
    }

    /**
     * Most schedulers know nothing of limits, which a busy server reaches and leaves with every connection: when theirs is full,
     * the one of the others with the fewest connections for its weight takes it. O(servers), for as long as one is full.
     */
    private int leastConnectionsWithRoom() {
        int best = FULL;
        long bestConnections = 1;
        long bestUnits = 0;
        for (int i = 0; i < servers.size(); i++) {
            Server server = servers.get(i);
            if (server.offered() && server.hasRoom()) {
                long connections = server.assumedConnections() + 1L;
                if (connections * bestUnits < bestConnections * server.units() || best == FULL) {
                    best = server.index();
                    bestConnections = connections;
                    bestUnits = server.units();
                }
            }
        }
        return best;
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
