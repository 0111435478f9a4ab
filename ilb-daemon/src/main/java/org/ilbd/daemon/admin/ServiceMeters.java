package org.ilbd.daemon.admin;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerState;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceIntake;
import org.ilbd.core.scheduler.SchedulerKind;

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
        gauge(
                "ilbd.service.connections",
                "Connections of the service that any ILB owns, as they last reported; maxconn limits it.",
                tags,
                service,
                Service::clusterConnections);
        if (service.config().scheduler() == SchedulerKind.INTAKE) {
            addIntake(tags, service);
        }
        service.servers()
                .forEach(server -> add(tags.and("server", server.endpoint().toString()), server));
    }

    private void addIntake(Tags tags, Service service) {
        ServiceIntake intake = service.intake();
        for (ServiceIntake.Cause cause : ServiceIntake.Cause.values()) {
            count(
                    "ilbd.service.intake.designations",
                    "Designations of the service's intake that this ILB made, by cause, or learned from a peer.",
                    tags.and("cause", cause.name().toLowerCase(Locale.ROOT)),
                    intake,
                    its -> its.changes(cause));
        }
        gauge(
                "ilbd.service.intake.sequence",
                "The number of the designation that this ILB holds; the same at all ILBs.",
                tags,
                intake,
                its -> its.current().sequence());
        gauge(
                "ilbd.service.intake.responsible",
                "1 if this ILB is the one that designates, else 0.",
                tags,
                intake,
                its -> its.responsible() ? 1 : 0);
        gauge(
                "ilbd.service.intake.unconfirmed",
                "Other ILBs that have not confirmed the designation yet, where this ILB designates.",
                tags,
                intake,
                ServiceIntake::unconfirmed);
        for (Server server : service.servers()) {
            gauge(
                    "ilbd.server.intake",
                    "1 if the server is, or is part of, the service's intake, else 0.",
                    tags.and("server", server.endpoint().toString()),
                    server,
                    its -> intake.current().isOf(its.endpoint().address()) ? 1 : 0);
            count(
                    "ilbd.server.intake.designations",
                    "Designations of the server, or of its node, as the service's intake that this ILB made or learned.",
                    tags.and("server", server.endpoint().toString()),
                    server,
                    its -> intake.timesDesignated(its.endpoint().address()));
        }
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
                "ilbd.server.effective.weight",
                "The share as it is now, after what agents say and the slow start; 0 for no new connections.",
                tags,
                server,
                Server::effectiveWeight);
        gauge(
                "ilbd.server.load",
                "The load that the server reported last, from 0 to 1; not a number if it is not known.",
                tags,
                server,
                its -> its.load() < 0 ? Double.NaN : its.load() / 1000.0);
        gauge(
                "ilbd.server.up",
                "1 unless the server's check or its agent says that it is down.",
                tags,
                server,
                its -> its.up() ? 1 : 0);
        gauge(
                "ilbd.server.down.at.peers",
                "Other ILBs whose own checks find the server down.",
                tags,
                server,
                Server::downAtPeers);
        for (ServerState state : ServerState.values()) {
            gauge(
                    "ilbd.server.state",
                    "1 for the state that the server is in, else 0.",
                    tags.and("state", state.name().toLowerCase(Locale.ROOT)),
                    server,
                    its -> its.state() == state ? 1 : 0);
        }
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
