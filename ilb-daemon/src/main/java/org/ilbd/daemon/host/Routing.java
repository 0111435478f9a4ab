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

/**
 * Which routes and rules services need, and how they come and go.
 *
 * <h2>A server on this host</h2>
 * Its sockets need the VIP as an address of the host, and then the kernel would answer every packet for the VIP, also that of a
 * connection that another server has. So rules come before the local table: what ilbd writes into the TUN device, and what
 * other ILBs have sent to this host, goes to the sockets; everything else for the VIP goes into the TUN device, and into a
 * blackhole if that is gone. So a server outlives its host's ilbd, served by the others, and there is no way back
 * from delivery into ilbd: no loop.
 */
final class Routing {
    private static final String EXISTS = "File exists";
    /** What the kernel and ip say of something that is not there (any more). */
    private static final List<String> ABSENT = List.of(
            "ddress not found",
            "FIB table does not exist",
            "Cannot assign requested address",
            "No such process",
            "No such file or directory",
            "Cannot find device",
            "No such device");

    /** The local table is asked at 0, first of all. Puts it behind our rules at 0, and at no moment is it not asked. */
    private static final List<String> LOCAL_TABLE_LAST = List.of(
            "rule add pref 1 lookup local protocol " + RoutingEntry.PROTOCOL,
            "rule del pref 0 lookup local protocol kernel",
            "rule add pref 0 lookup local protocol kernel",
            "rule del pref 1 lookup local protocol " + RoutingEntry.PROTOCOL);

    private final IpCommand ip;

    Routing(final IpCommand ip) {
        this.ip = ip;
    }

    /** The entries for some services, in the order in which they are to be made: first those that keep the host silent. */
    static Set<RoutingEntry> entries(
            final List<ServiceConfig> services, final String tun, final Set<IpAddress> localVips) {
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
            if (localVips.contains(vip)) {
                silence.add(RoutingEntry.localVipSilence(vip.ipv6(), prefix(vip)));
                routes.add(RoutingEntry.localVip(vip.ipv6(), prefix(vip), tun));
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
        for (final IpAddress vip : localVips) {
            routes.add(RoutingEntry.fromTunRule(vip.ipv6(), tun));
            routes.add(RoutingEntry.fromIlbRule(vip.ipv6()));
            routes.add(RoutingEntry.localVipRule(vip.ipv6(), prefix(vip)));
        }
        // Last, so that the host never answers for one by itself.
        for (final IpAddress vip : localVips) {
            routes.add(RoutingEntry.vipAddress(vip.ipv6(), prefix(vip)));
        }
        silence.addAll(routes);
        return silence;
    }

    /** @throws StartupException if one cannot be made; the others are made */
    void add(final Collection<RoutingEntry> entries) throws StartupException {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final List<RoutingEntry> ofFamily =
                    entries.stream().filter(entry -> entry.ipv6() == ipv6).toList();
            final List<String> commands = new ArrayList<>();
            final List<String> addresses = new ArrayList<>();
            for (final RoutingEntry entry : ofFamily) {
                (entry.kind() == RoutingEntry.Kind.ADDRESS ? addresses : commands).add(entry.add());
            }
            if (ofFamily.stream().anyMatch(entry -> entry.kind() == RoutingEntry.Kind.FIRST_RULE)) {
                commands.addAll(LOCAL_TABLE_LAST);
            }
            commands.addAll(addresses);
            final List<Failure> failures = new ArrayList<>(ip.batch(ipv6, commands));
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
