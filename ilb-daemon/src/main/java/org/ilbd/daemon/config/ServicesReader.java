package org.ilbd.daemon.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.ilbd.core.engine.Affinity;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.IntakeSettings;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.engine.SelectionPolicy;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.engine.ServicePolicy;
import org.ilbd.core.engine.Zones;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.scheduler.BoundedLoad;
import org.ilbd.core.scheduler.SchedulerKind;

/** {@code ilb.services}: reads it, reports what is wrong, and makes the settings if nothing is. */
final class ServicesReader {
    /** A service's number has 16 bits in the tables. */
    private static final int MAX_SERVICES = 65_535;
    /** Names go into metrics and into the admin interface's paths. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");

    private static final String SERVERS = "a list such as [ { address = \"10.0.0.1\", weight = 1 } ]";
    private static final int DEFAULT_WEIGHT = 1;

    private static final Kind<Double> BALANCE_FACTOR = Kind.decimal(BoundedLoad.MIN_FACTOR, BoundedLoad.MAX_FACTOR);

    private final Zones zones;
    private final Problems problems;
    private final HealthReader health;
    private final PeerReader peers;
    private final List<ReadService> services = new ArrayList<>();

    /** One service as far as it could be read, with the places that the checks between services point to. */
    record ReadService(
            String name,
            Optional<Located<Endpoint>> vip,
            Forwarding forwarding,
            SchedulerKind scheduler,
            double balanceFactor,
            IntakeSettings intake,
            Orphan orphan,
            SelectionPolicy selection,
            ServicePolicy policy,
            Optional<Affinity> affinity,
            List<ReadServer> servers,
            HealthSettings health,
            Optional<AgentSettings> agent) {}

    /** One server as far as it could be read. */
    record ReadServer(Located<Endpoint> endpoint, int weight, int maxConnections, boolean fallback, int zone) {}

    ServicesReader(final Optional<Section> section, final Zones zones, final Problems problems) {
        this.zones = zones;
        this.problems = problems;
        this.health = new HealthReader(problems);
        this.peers = new PeerReader(problems);
        section.ifPresent(this::read);
    }

    /** What could be read, in the order of the names. */
    List<ReadService> services() {
        return services;
    }

    /** To be called only if there is no problem. */
    List<ServiceSettings> settings() {
        return services.stream()
                .map(read -> new ServiceSettings(
                        new ServiceConfig(
                                read.name,
                                read.vip.orElseThrow().value(),
                                read.forwarding,
                                read.scheduler,
                                read.balanceFactor,
                                read.intake,
                                read.orphan,
                                read.selection,
                                read.policy,
                                read.affinity,
                                read.servers.stream()
                                        .map(server -> new ServerConfig(
                                                server.endpoint.value(),
                                                server.weight,
                                                server.maxConnections,
                                                server.fallback,
                                                server.zone))
                                        .toList()),
                        read.health,
                        read.agent))
                .toList();
    }

    private void read(final Section section) {
        final List<String> names = section.names();
        if (names.isEmpty() || names.size() > MAX_SERVICES) {
            problems.add(
                    section.place(),
                    section.path(),
                    "there are " + names.size() + " services; expected are 1.." + MAX_SERVICES);
        }
        for (final String name : names) {
            if (!NAME.matcher(name).matches()) {
                problems.add(
                        section.placeOf(name),
                        section.pathOf(name),
                        "'" + name + "' is not the name of a service: 1..63 letters, digits, '-', '_' and '.'");
            }
            section.requiredSection(name, "an object").ifPresent(service -> readService(name, service));
        }
    }

    private void readService(final String name, final Section section) {
        final Optional<Located<Endpoint>> vip = section.required("vip", Kind.ENDPOINT);
        final int port = vip.map(located -> located.value().port()).orElse(1);
        final SchedulerKind scheduler =
                section.value("scheduler", Kind.choice(SchedulerKind.class), SchedulerKind.MAGLEV);
        services.add(new ReadService(
                name,
                vip,
                section.value("forwarding", Kind.choice(Forwarding.class), Forwarding.DIRECT),
                scheduler,
                readBalanceFactor(section, scheduler),
                IntakeReader.read(section, scheduler, problems),
                section.value("orphan", Kind.choice(Orphan.class), Orphan.HASH),
                SelectionReader.read(section, zones, scheduler, problems),
                PolicyReader.read(section).withPeer(peers.read(section, scheduler)),
                AffinityReader.read(section),
                readServers(section, port),
                health.readHealth(section.section("health"), vip.map(Located::value)),
                health.readAgent(section)));
        section.finish();
    }

    private double readBalanceFactor(final Section section, final SchedulerKind scheduler) {
        final Optional<Located<Double>> factor = section.optional("balance-factor", BALANCE_FACTOR);
        if (factor.isPresent() && scheduler != SchedulerKind.BOUNDED_LOAD) {
            problems.add(
                    factor.get(),
                    "means nothing to the scheduler " + scheduler.configName() + "; it is a setting of "
                            + SchedulerKind.BOUNDED_LOAD.configName());
        }
        return factor.map(Located::value).orElse(BoundedLoad.DEFAULT_FACTOR);
    }

    private List<ReadServer> readServers(final Section service, final int port) {
        final List<ReadServer> servers = new ArrayList<>();
        for (final Section section : service.requiredSections("servers", SERVERS)) {
            readServer(section, port, false).ifPresent(servers::add);
        }
        if (service.has("fallback")) {
            for (final Section section : service.requiredSections("fallback", SERVERS)) {
                readServer(section, port, true).ifPresent(servers::add);
            }
        }
        return servers;
    }

    private static Optional<ReadServer> readServer(final Section section, final int port, final boolean fallback) {
        final Optional<Located<Endpoint>> endpoint = section.required("address", Kind.endpoint(port));
        final int weight = section.value("weight", Kind.integer(0, ServerConfig.MAX_WEIGHT), DEFAULT_WEIGHT);
        final int most = section.value("maxconn", PolicyReader.CONNECTIONS, 0);
        final int zone = section.value("zone", ZonesReader.ZONE, Zones.NOWHERE);
        section.finish();
        return endpoint.map(located -> new ReadServer(located, weight, most, fallback, zone));
    }
}
