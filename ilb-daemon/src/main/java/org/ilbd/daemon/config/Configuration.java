package org.ilbd.daemon.config;

import java.util.List;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.ServiceConfig;

/**
 * Everything that the configuration file says, checked.
 *
 * @param services in the order of their names
 */
public record Configuration(
        ClusterSettings cluster,
        DatapathSettings datapath,
        ConnectionSettings connections,
        CacheSettings cache,
        List<ServiceSettings> services,
        AdminSettings admin) {
    /** Copies the list. */
    public Configuration {
        services = List.copyOf(services);
    }

    /** The services without what only the daemon needs. */
    public List<ServiceConfig> serviceConfigs() {
        return services.stream().map(ServiceSettings::service).toList();
    }

    /** The servers of all services; one that serves two services counts twice. */
    public int serverCount() {
        return services.stream()
                .mapToInt(service -> service.service().servers().size())
                .sum();
    }

    /** How much there is of what, for people: {@code 2 services, 1 server}. */
    public String summary() {
        return counted(services.size(), "service") + ", " + counted(serverCount(), "server");
    }

    private static String counted(final int count, final String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    /**
     * What the engine is made from.
     *
     * @param incarnation greater at every start of the process
     * @param tableKey0 first half of a random secret that keys the tables' hashes
     * @param tableKey1 second half of it
     */
    public EngineConfig engineConfig(final long incarnation, final long tableKey0, final long tableKey1) {
        return new EngineConfig(
                cluster.id(),
                incarnation,
                cluster.ownership(),
                cluster.seed(),
                cluster.bind(),
                cluster.peers(),
                cluster.multicast(),
                cluster.heartbeatInterval().toNanos(),
                cluster.failureTimeout().toNanos(),
                cluster.keyBytes(),
                connections.established(),
                connections.halfOpen(),
                connections.clients(),
                Math.toIntExact(connections.halfOpenTimeout().toMillis()),
                Math.toIntExact(connections.establishedTimeout().toMillis()),
                Math.toIntExact(connections.closingTimeout().toMillis()),
                cache.fill(),
                cache.capacity(),
                Math.toIntExact(cache.timeout().toMillis()),
                tableKey0,
                tableKey1,
                serviceConfigs());
    }
}
