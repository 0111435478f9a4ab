package org.ilbd.daemon.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.config.ServicesReader.ReadServer;
import org.ilbd.daemon.config.ServicesReader.ReadService;

/** The checks that need more than one setting of a service, or more than one service. */
final class ServiceChecks {
    private final List<ReadService> services;
    private final Problems problems;
    /** The services by their VIP and port, and by their VIP alone. */
    private final Map<Endpoint, ReadService> byVip = new HashMap<>();

    private final Map<IpAddress, ReadService> byVipAddress = new HashMap<>();
    /** The nat services by their servers' endpoints. */
    private final Map<Endpoint, ReadService> byNatServer = new HashMap<>();

    private ServiceChecks(final List<ReadService> services, final Problems problems) {
        this.services = services;
        this.problems = problems;
    }

    /** @param ilbs the addresses of this ILB and of its peers */
    static void check(final List<ReadService> services, final List<Located<IpAddress>> ilbs, final Problems problems) {
        new ServiceChecks(services, problems).run(ilbs);
    }

    private void run(final List<Located<IpAddress>> ilbs) {
        for (final ReadService service : services) {
            service.vip().ifPresent(vip -> checkVip(service, vip, ilbs));
        }
        for (final ReadService service : services) {
            final Map<Endpoint, ReadServer> seen = new HashMap<>();
            for (final ReadServer server : service.servers()) {
                final ReadServer earlier = seen.putIfAbsent(server.endpoint().value(), server);
                if (earlier != null) {
                    problems.add(
                            server.endpoint(),
                            server.endpoint().value() + " is in this service already, at "
                                    + earlier.endpoint().place());
                } else {
                    checkServer(service, server.endpoint());
                }
            }
        }
    }

    private void checkVip(final ReadService service, final Located<Endpoint> vip, final List<Located<IpAddress>> ilbs) {
        final IpAddress address = vip.value().address();
        checkHostAddress(vip, address);
        final ReadService other = byVip.putIfAbsent(vip.value(), service);
        if (other != null) {
            problems.add(
                    vip,
                    vip.value() + " is the VIP of service " + other.name() + " already, at "
                            + other.vip().orElseThrow().place());
        }
        byVipAddress.putIfAbsent(address, service);
        ilbs.stream()
                .filter(ilb -> ilb.value().equals(address))
                .findFirst()
                .ifPresent(ilb -> problems.add(
                        vip,
                        address + " is the address of an ILB (" + ilb.path() + ", " + ilb.place()
                                + "); a VIP must not be an address of any ILB's host"));
    }

    private void checkServer(final ReadService service, final Located<Endpoint> server) {
        final Endpoint endpoint = server.value();
        checkHostAddress(server, endpoint.address());
        final ReadService vipOwner = byVipAddress.get(endpoint.address());
        if (vipOwner != null) {
            problems.add(
                    server,
                    endpoint.address() + " is the VIP of service " + vipOwner.name()
                            + "; write the server's own address");
        }
        service.vip().ifPresent(vip -> checkAgainstVip(service, server, vip.value()));
        if (service.forwarding() == Forwarding.NAT) {
            final ReadService other = byNatServer.putIfAbsent(endpoint, service);
            if (other != null) {
                problems.add(
                        server,
                        endpoint + " serves the nat service " + other.name()
                                + " already; its answers are told apart by address and port alone, so it needs"
                                + " another port for this service");
            }
        }
    }

    private void checkAgainstVip(final ReadService service, final Located<Endpoint> server, final Endpoint vip) {
        final Endpoint endpoint = server.value();
        if (endpoint.address().ipv6() != vip.address().ipv6()) {
            problems.add(
                    server,
                    endpoint.address() + " is not of the VIP's address family (" + vip
                            + "); packets are not translated between IPv4 and IPv6");
        }
        if (service.forwarding() == Forwarding.DIRECT && endpoint.port() != vip.port()) {
            problems.add(
                    server,
                    "port " + endpoint.port() + " is not the VIP's port (" + vip.port()
                            + "); direct forwarding does not change the packet: leave the port out, or use"
                            + " forwarding = nat");
        }
    }

    private void checkHostAddress(final Located<Endpoint> setting, final IpAddress address) {
        if (address.isUnspecified() || address.isMulticast() || address.isLoopback() || isLinkLocal(address)) {
            problems.add(setting, address + " is not an address that packets are routed to");
        }
    }

    /** Link-local: 169.254.0.0/16 (RFC 3927, 2.1) or fe80::/10 (RFC 4291, 2.5.6). */
    static boolean isLinkLocal(final IpAddress address) {
        return address.ipv6() ? address.high() >>> 54 == 0xFE80 >>> 6 : address.low() >>> 16 == 0xA9FE;
    }
}
