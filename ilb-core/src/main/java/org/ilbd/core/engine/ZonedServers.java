package org.ilbd.core.engine;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.scheduler.Maglev;
import org.ilbd.core.scheduler.MaglevBuilder;
import org.ilbd.core.scheduler.Scheduler;
import org.ilbd.core.scheduler.SchedulerKind;
import org.ilbd.core.scheduler.ServerSet;
import org.jspecify.annotations.Nullable;

/**
 * The servers of a service by their zones, each zone with a scheduler of its own: a connection goes to the client's zone, else to
 * that of the ILB that owns it.
 *
 * <p><b>Memory.</b> As much again as the service's own scheduler takes, for each server that has a zone; with a scheduler that
 * uses a Maglev table, one of these for each zone.
 */
final class ZonedServers {
    private final ZoneTable clients;
    private final int loadLimit;
    private final List<Zone> zones = new ArrayList<>();
    /** By the servers' positions in the service: the zone, or none, and the position in it. */
    private final @Nullable Zone[] zoneOf;

    private final int[] placeOf;

    /** @param servers in the order of their positions; none if the service does not prefer zones */
    ZonedServers(ServiceConfig config, List<Server> servers, MaglevBuilder tables) {
        SelectionPolicy policy = config.selection();
        // An intake is one for the whole service.
        List<Server> eligible = policy.preferZone() && config.scheduler() != SchedulerKind.INTAKE ? servers : List.of();
        clients = new ZoneTable(policy.zones().clients());
        loadLimit = policy.zoneLoadLimit();
        zoneOf = new Zone[servers.size()];
        placeOf = new int[servers.size()];
        for (Server server : eligible) {
            if (server.zone() != Zones.NOWHERE && find(server.zone()) == null) {
                zones.add(new Zone(server.zone(), eligible, config, new Maglev(tables)));
            }
        }
        for (Zone zone : zones) {
            for (int i = 0; i < zone.servers.size(); i++) {
                Server server = zone.servers.get(i);
                zoneOf[server.position()] = zone;
                placeOf[server.position()] = i;
                setConnections(server);
                setLoad(server);
            }
        }
    }

    private @Nullable Zone find(int number) {
        for (int i = 0; i < zones.size(); i++) {
            if (zones.get(i).number == number) {
                return zones.get(i);
            }
        }
        return null;
    }

    /** Takes over which servers are offered, and their shares. */
    void refresh() {
        for (Zone zone : zones) {
            zone.refresh();
        }
    }

    void setConnections(Server server) {
        Zone zone = zoneOf[server.position()];
        if (zone != null) {
            zone.set.setConnections(placeOf[server.position()], server.assumedConnections());
        }
    }

    void setLoad(Server server) {
        Zone zone = zoneOf[server.position()];
        if (zone != null) {
            zone.set.setLoad(placeOf[server.position()], server.load());
        }
    }

    /**
     * The server of a near zone for a new connection, or null: where nothing is near, or nothing there takes it.
     *
     * @param ownersZone that of the ILB that owns the connection
     * @param hash of the connection, for the scheduler
     */
    @Nullable
    Server select(FourTuple tuple, int ownersZone, long hash) {
        if (zones.isEmpty()) {
            return null;
        }
        int clientsZone = clients.zoneOf(tuple.ipv6(), tuple.sourceHigh(), tuple.sourceLow());
        Server server = select(clientsZone, hash);
        return server == null && ownersZone != clientsZone ? select(ownersZone, hash) : server;
    }

    private @Nullable Server select(int number, long hash) {
        Zone zone = number == Zones.NOWHERE ? null : find(number);
        return zone == null ? null : zone.select(hash, loadLimit);
    }

    private static final class Zone {
        private final int number;
        private final List<Server> servers;
        private final ServerSet set;
        private final Scheduler scheduler;

        Zone(int number, List<Server> all, ServiceConfig config, Maglev table) {
            this.number = number;
            servers = all.stream().filter(server -> server.zone() == number).toList();
            set = new ServerSet(servers.stream().map(Server::endpoint).toList(), new int[servers.size()]);
            scheduler = config.scheduler().create(table, config.balanceFactor());
        }

        void refresh() {
            for (int i = 0; i < servers.size(); i++) {
                set.setAvailable(i, servers.get(i).offered());
                set.setWeight(i, servers.get(i).units());
            }
            scheduler.update(set);
        }

        @Nullable
        Server select(long hash, int loadLimit) {
            int place = scheduler.select(hash);
            if (place == Scheduler.NONE) {
                return null;
            }
            Server selected = servers.get(place);
            return takes(selected, loadLimit) ? selected : leastConnections(loadLimit);
        }

        /** As where a server of the whole service is full: O(servers), for as long as one of the zone is full or loaded. */
        private @Nullable Server leastConnections(int loadLimit) {
            Server best = null;
            for (int i = 0; i < servers.size(); i++) {
                Server server = servers.get(i);
                if (takes(server, loadLimit)
                        && (best == null
                                || (server.assumedConnections() + 1L) * best.units()
                                        < (best.assumedConnections() + 1L) * server.units())) {
                    best = server;
                }
            }
            return best;
        }

        /** A load that is not known counts as low. */
        private static boolean takes(Server server, int loadLimit) {
            return server.offered() && server.hasRoom() && server.load() < loadLimit;
        }
    }
}
