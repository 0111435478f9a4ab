package org.ilbd.daemon;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.Endpoint;

/**
 * Servers with {@link Forwarding#NAT} that the configuration has dropped, or that only another ILB's configuration has named,
 * while connections to them go on: their way back through this host stays until the last one has ended. With
 * {@link Forwarding#DIRECT} there is no way back to keep.
 */
final class RemovedServers {
    private record Removed(Endpoint vip, ServerConfig server) {}

    private final List<Removed> removed = new ArrayList<>();

    /** Takes note of what a reload drops, and forgets what it brings back. */
    void onReload(List<ServiceConfig> before, List<ServiceConfig> after) {
        for (ServiceConfig service : before) {
            if (service.forwarding() == Forwarding.NAT) {
                service.servers().forEach(server -> removed.add(new Removed(service.vip(), server)));
            }
        }
        removed.removeIf(candidate -> isConfigured(candidate.server().endpoint(), after));
    }

    /** Takes note of a server that another ILB knows; true unless it is configured here or was noted already. */
    boolean adopt(Endpoint vip, Endpoint server, List<ServiceConfig> configured) {
        Removed candidate = new Removed(vip, new ServerConfig(server, 1));
        if (isConfigured(server, configured)
                || removed.stream().anyMatch(known -> known.server().endpoint().equals(server))) {
            return false;
        }
        return removed.add(candidate);
    }

    private static boolean isConfigured(Endpoint server, List<ServiceConfig> configured) {
        return configured.stream()
                .filter(service -> service.forwarding() == Forwarding.NAT)
                .flatMap(service -> service.servers().stream())
                .anyMatch(its -> its.endpoint().equals(server));
    }

    /** Forgets those without a connection; true if there were any. */
    boolean forgetIdle(Predicate<Endpoint> hasConnections) {
        return removed.removeIf(
                candidate -> !hasConnections.test(candidate.server().endpoint()));
    }

    /** What the host is to be set up for: the configured services, with these servers in them. */
    List<ServiceConfig> addTo(List<ServiceConfig> configured) {
        return configured.stream().map(this::withRemoved).toList();
    }

    private ServiceConfig withRemoved(ServiceConfig service) {
        List<ServerConfig> servers = new ArrayList<>(service.servers());
        removed.stream()
                .filter(candidate -> candidate.vip().equals(service.vip()))
                .map(Removed::server)
                .forEach(servers::add);
        return service.withServers(servers);
    }
}
