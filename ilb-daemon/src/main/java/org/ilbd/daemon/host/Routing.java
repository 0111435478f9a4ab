package org.ilbd.daemon.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.ilbd.daemon.host.IpCommand.Failure;

/** Which routes and rules services need, and how they come and go. */
final class Routing {
    private static final String EXISTS = "File exists";
    /** What the kernel and ip say of something that is not there (any more). */
    private static final List<String> ABSENT =
            List.of("No such process", "No such file or directory", "Cannot find device", "No such device");

    private final IpCommand ip;

    Routing(final IpCommand ip) {
        this.ip = ip;
    }

    /** The entries for some services, in the order in which they are to be made: first those that keep the host silent. */
    static Set<RoutingEntry> entries(final List<ServiceConfig> services, final String tun) {
        final Set<RoutingEntry> silence = new LinkedHashSet<>();
        final Set<RoutingEntry> routes = new LinkedHashSet<>();
        for (final ServiceConfig service : services) {
            final IpAddress vip = service.vip().address();
            silence.add(RoutingEntry.vipSilence(vip.ipv6(), prefix(vip)));
            routes.add(RoutingEntry.vip(vip.ipv6(), prefix(vip), tun));
            if (service.forwarding() == Forwarding.NAT) {
                silence.add(RoutingEntry.returnSilence(vip.ipv6()));
                routes.add(RoutingEntry.returnRoute(vip.ipv6(), tun));
            }
        }
        // A rule is of use only when its table has routes, so rules come last.
        for (final ServiceConfig service : services) {
            if (service.forwarding() == Forwarding.NAT) {
                for (final ServerConfig server : service.servers()) {
                    final IpAddress address = server.endpoint().address();
                    routes.add(RoutingEntry.returnRule(
                            address.ipv6(),
                            address.toString(),
                            server.endpoint().port()));
                }
            }
        }
        silence.addAll(routes);
        return silence;
    }

    /** @throws StartupException if one cannot be made; the others are made */
    void add(final Collection<RoutingEntry> entries) throws StartupException {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final List<RoutingEntry> ofFamily =
                    entries.stream().filter(entry -> entry.ipv6() == ipv6).toList();
            final List<Failure> failures = new ArrayList<>(
                    ip.batch(ipv6, ofFamily.stream().map(RoutingEntry::add).toList()));
            failures.removeIf(failure ->
                    failure.command().startsWith("rule ") && failure.error().contains(EXISTS));
            if (!failures.isEmpty()) {
                throw failed(failures);
            }
        }
    }

    /** Removes what is there of these. */
    void remove(final Collection<RoutingEntry> entries) throws StartupException {
        final List<RoutingEntry> lastFirst = new ArrayList<>(entries).reversed();
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final List<Failure> failures = new ArrayList<>(ip.batch(
                    ipv6,
                    lastFirst.stream()
                            .filter(entry -> entry.ipv6() == ipv6)
                            .map(RoutingEntry::remove)
                            .toList()));
            failures.removeIf(failure -> ABSENT.stream().anyMatch(failure.error()::contains));
            if (!failures.isEmpty()) {
                throw failed(failures);
            }
        }
    }

    private static StartupException failed(final List<Failure> failures) {
        final Failure first = failures.getFirst();
        final String more = failures.size() == 1 ? "" : " (and " + (failures.size() - 1) + " more)";
        final String hint = first.error().contains(EXISTS)
                ? "; there is another route to it on this host, see: ip route show table all"
                : "";
        return new StartupException(ExitCode.FAILURE, first + hint + more);
    }

    private static String prefix(final IpAddress address) {
        return address + (address.ipv6() ? "/128" : "/32");
    }
}
