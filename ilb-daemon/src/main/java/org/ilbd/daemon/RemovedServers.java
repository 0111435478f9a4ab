package org.ilbd.daemon;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.Endpoint;

/**
 * Servers with {@link Forwarding#NAT} that the configuration has dropped, while connections to them go on: their way back
 * through this host stays until the last one has ended. With {@link Forwarding#DIRECT} there is no way back to keep.
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
        removed.removeIf(candidate -> after.stream()
                .filter(service -> service.forwarding() == Forwarding.NAT)
                .flatMap(service -> service.servers().stream())
                .anyMatch(server -> server.endpoint().equals(candidate.server().endpoint())));
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
        return new ServiceConfig(
                service.name(), service.vip(), service.forwarding(), service.scheduler(), service.orphan(), servers);
    }
}
