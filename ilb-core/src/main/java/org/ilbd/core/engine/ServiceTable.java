package org.ilbd.core.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.scheduler.MaglevBuilder;
import org.jspecify.annotations.Nullable;

/**
 * All services and servers, and who a packet is for: by destination (a VIP and its port) and, on the way back from a
 * {@link Forwarding#NAT} server, by source. Services and servers keep their index for the life of the process, because
 * associations name them by it; the two look-ups are made anew by each configuration.
 */
final class ServiceTable {
    /** The tables of connections keep a service in 16 bits. */
    private static final int MAX_SERVICES = 1 << 16;

    private final List<Service> everySeen = new ArrayList<>();
    private final Map<Long, Server> serversByKey = new HashMap<>();
    private final MaglevBuilder tables = new MaglevBuilder();
    private volatile List<Service> services = List.of();
    private Server[] servers = new Server[0];
    private int serverCount;
    private long digest;
    private OwnershipKeys ownershipKeys = OwnershipKeys.TUPLES;
    private EndpointIndex<Service> destinations = new EndpointIndex<>();
    private EndpointIndex<Service> returns = new EndpointIndex<>();
    private EndpointIndex<Service> vips = new EndpointIndex<>();

    /** The configured services, in the configuration's order. */
    List<Service> services() {
        return services;
    }

    /** Also one that is configured no more: associations still name it. */
    Service service(int index) {
        return everySeen.get(index);
    }

    Server server(int index) {
        return servers[index];
    }

    int serverCount() {
        return serverCount;
    }

    boolean hasConnectionsTo(Endpoint endpoint) {
        for (int i = 0; i < serverCount; i++) {
            Server server = servers[i];
            if (server.endpoint().equals(endpoint) && server.clusterConnections() > 0) {
                return true;
            }
        }
        return false;
    }

    /** Time has passed: for slow starts, and for what is known only for a while. */
    void onTime(long nowNanos) {
        for (int i = 0; i < serverCount; i++) {
            servers[i].service().settle(servers[i], nowNanos);
        }
        for (Service service : services) {
            service.refreshWeights();
        }
    }

    /** By its name between ILBs, as in ID messages. */
    @Nullable
    Server serverByKey(long key) {
        return serversByKey.get(key);
    }

    /** The configured service with that VIP and port, or null. */
    @Nullable
    Service service(Endpoint vip) {
        return destinations.find(vip);
    }

    /** The service that a packet is for. */
    @Nullable
    Service findByDestination(FourTuple tuple) {
        return destinations.find(
                tuple.ipv6(), tuple.destinationHigh(), tuple.destinationLow(), tuple.destinationPort());
    }

    /** The service that a NAT server's packet belongs to. */
    @Nullable
    Service findByReturn(FourTuple tuple) {
        return returns.find(tuple.ipv6(), tuple.sourceHigh(), tuple.sourceLow(), tuple.sourcePort());
    }

    /** Equal in two ILBs whose services and servers are configured alike, in whatever order. */
    long digest() {
        return digest;
    }

    /** What connections are ranked by, as the configuration is now; a service that has gone keeps its own. */
    OwnershipKeys ownershipKeys() {
        return ownershipKeys;
    }

    /** For how long a client is remembered, at most; 1 if there is no affinity. */
    int longestAffinityMillis() {
        int longest = 1;
        for (Service service : everySeen) {
            Affinity affinity = service.affinity();
            longest = affinity == null ? longest : Math.max(longest, affinity.timeoutMillis());
        }
        return longest;
    }

    /** Whether a packet's destination address is a VIP, whatever the port. */
    boolean isVip(FourTuple tuple) {
        return vips.find(tuple.ipv6(), tuple.destinationHigh(), tuple.destinationLow(), 0) != null;
    }

    void configure(List<ServiceConfig> configs, long nowNanos) {
        List<Service> configured = new ArrayList<>();
        EndpointIndex<Service> newDestinations = new EndpointIndex<>();
        EndpointIndex<Service> newReturns = new EndpointIndex<>();
        EndpointIndex<Service> newVips = new EndpointIndex<>();
        for (ServiceConfig config : configs) {
            Service service = serviceFor(config);
            List<Server> its = new ArrayList<>();
            for (ServerConfig server : config.servers()) {
                its.add(server(service, server.endpoint()));
                if (config.forwarding() == Forwarding.NAT) {
                    newReturns.put(server.endpoint(), service);
                }
            }
            service.configure(config, its, nowNanos);
            configured.add(service);
            newDestinations.put(config.vip(), service);
            Endpoint anyPort = new Endpoint(config.vip().address(), 0);
            if (newVips.find(anyPort) == null) {
                newVips.put(anyPort, service);
            }
        }
        // A removed server still answers on the connections that it has.
        for (int i = 0; i < serverCount; i++) {
            Server server = servers[i];
            if (server.service().config().forwarding() == Forwarding.NAT
                    && newReturns.find(server.endpoint()) == null) {
                newReturns.put(server.endpoint(), server.service());
            }
        }
        for (Service service : services) {
            if (!configured.contains(service)) {
                service.remove(nowNanos);
            }
        }
        digest = 0;
        for (ServiceConfig config : configs) {
            digest += digest(config);
        }
        ownershipKeys =
                new OwnershipKeys(everySeen.stream().map(Service::config).toList());
        services = Collections.unmodifiableList(configured);
        destinations = newDestinations;
        returns = newReturns;
        vips = newVips;
    }

    /**
     * The server of that service at that endpoint; one that the configuration does not name is made, since a peer whose
     * configuration is newer, or older, may have selected it.
     */
    Server server(Service service, Endpoint endpoint) {
        Server known = service.serverAt(endpoint);
        if (known != null) {
            return known;
        }
        if (serverCount == servers.length) {
            servers = Arrays.copyOf(servers, Math.max(16, serverCount * 2));
        }
        long key = EndpointIndex.mix(EndpointIndex.hash(service.vip())) ^ EndpointIndex.hash(endpoint);
        Server server = new Server(serverCount, service, endpoint, key);
        servers[serverCount++] = server;
        serversByKey.put(key, server);
        service.addEver(server);
        if (service.config().forwarding() == Forwarding.NAT && returns.find(endpoint) == null) {
            // Not configured here, or not yet; its answers may come back this way all the same.
            returns.put(endpoint, service);
        }
        return server;
    }

    private static long digest(ServiceConfig config) {
        long sum = 0;
        for (ServerConfig server : config.servers()) {
            long limits = (long) server.maxConnections() << 16 | server.weight() << 1 | (server.fallback() ? 1 : 0);
            sum += EndpointIndex.mix(EndpointIndex.hash(server.endpoint()) + limits + ((long) server.zone() << 32));
        }
        long affinity = config.affinity().map(ServiceTable::digest).orElse(0L);
        return EndpointIndex.mix(EndpointIndex.hash(config.vip())
                ^ sum
                ^ digest(config.policy())
                ^ affinity
                ^ config.selection().digest());
    }

    private static long digest(Affinity affinity) {
        long digest = EndpointIndex.mix(affinity.prefixBits());
        digest = EndpointIndex.mix(digest + affinity.prefix6Bits());
        return EndpointIndex.mix(digest + affinity.timeoutMillis());
    }

    private static long digest(ServicePolicy policy) {
        long digest = EndpointIndex.mix(policy.slowStartNanos());
        digest = EndpointIndex.mix(digest + policy.drainTimeNanos());
        digest = EndpointIndex.mix(digest + policy.reportMaxAgeNanos());
        digest = EndpointIndex.mix(digest + policy.passive().retransmits());
        digest = EndpointIndex.mix(digest + policy.passive().windowNanos());
        digest = EndpointIndex.mix(digest + policy.passive().holdNanos());
        digest = EndpointIndex.mix(digest + policy.maxConnections());
        return EndpointIndex.mix(
                digest + policy.onDown().ordinal() + 2L * policy.allDown().ordinal());
    }

    private Service serviceFor(ServiceConfig config) {
        for (Service known : everySeen) {
            if (known.vip().equals(config.vip())) {
                return known;
            }
        }
        if (everySeen.size() == MAX_SERVICES) {
            throw new IllegalStateException("more than " + MAX_SERVICES + " services since the start: restart ilbd");
        }
        Service service = new Service(everySeen.size(), config, tables);
        everySeen.add(service);
        return service;
    }
}
