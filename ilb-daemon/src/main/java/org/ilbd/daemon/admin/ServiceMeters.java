package org.ilbd.daemon.admin;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.Service;

/** The meters of services and of their servers, which come and go with the configuration. Each reads the plain counters of its object. */
final class ServiceMeters {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();
    private List<Service> shown = List.of();

    ServiceMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * Shows these services and no others.
     *
     * @param services the engine's list, which is another object after each change of the configuration
     */
    @SuppressWarnings("ReferenceEquality") // the same services may have other servers or names
    void show(List<Service> services) {
        if (services == shown) {
            return;
        }
        meters.forEach(registry::remove);
        meters.clear();
        services.forEach(this::add);
        shown = services;
    }

    private void add(Service service) {
        Tags tags =
                Tags.of("service", service.config().name(), "vip", service.vip().toString());
        addTraffic(tags.and("direction", "in"), service, Service::packetsIn, Service::bytesIn);
        if (service.config().forwarding() == Forwarding.NAT) {
            // Otherwise servers answer their clients past the ILBs, and a zero would say that they do not.
            addTraffic(tags.and("direction", "return"), service, Service::packetsReturned, Service::bytesReturned);
        }
        count(
                "ilbd.service.new.connections",
                "Connections that this ILB made as their owner.",
                tags,
                service,
                Service::newConnections);
        service.servers()
                .forEach(server -> add(tags.and("server", server.endpoint().toString()), server));
    }

    private void addTraffic(
            Tags tags, Service service, ToDoubleFunction<Service> packets, ToDoubleFunction<Service> bytes) {
        count("ilbd.service.packets", "Packets of the service that this ILB took in.", tags, service, packets);
        count("ilbd.service.bytes", "Bytes of the service's packets, from the IP header on.", tags, service, bytes);
    }

    private void add(Tags tags, Server server) {
        count("ilbd.server.packets", "Packets that this ILB delivered to the server.", tags, server, Server::packets);
        count(
                "ilbd.server.bytes",
                "Bytes of the server's packets, from the IP header on.",
                tags,
                server,
                Server::bytes);
        gauge(
                "ilbd.server.connections",
                "Connections to the server that this ILB owns.",
                tags,
                server,
                Server::connections);
        gauge(
                "ilbd.server.cluster.connections",
                "Connections to the server that any ILB owns, as they last reported.",
                tags,
                server,
                Server::clusterConnections);
        gauge(
                "ilbd.server.weight",
                "The server's share of new connections, relative to the other servers' weights.",
                tags,
                server,
                Server::weight);
        gauge(
                "ilbd.server.up",
                "1 if the health checks let new connections go to the server, else 0.",
                tags,
                server,
                its -> its.up() ? 1 : 0);
    }

    private <T> void count(String name, String description, Tags tags, T object, ToDoubleFunction<T> value) {
        meters.add(FunctionCounter.builder(name, object, value)
                .description(description)
                .tags(tags)
                .register(registry));
    }

    private <T> void gauge(String name, String description, Tags tags, T object, ToDoubleFunction<T> value) {
        meters.add(Gauge.builder(name, object, value)
                .description(description)
                .tags(tags)
                .register(registry));
    }
}
