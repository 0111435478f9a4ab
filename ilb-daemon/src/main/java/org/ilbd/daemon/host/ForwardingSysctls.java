package org.ilbd.daemon.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ilbd.daemon.StartupException;

/**
 * The kernel settings that let packets through this host. Names and rules: Documentation/networking/ip-sysctl.rst.
 *
 * <p>Forwarding is switched for the whole host, since packets for a VIP, and answers of nat servers, come in by any
 * interface. Switching it makes the kernel change other settings too, at once and without a word: those are among the
 * changes, so that all of it can be taken back.
 */
final class ForwardingSysctls {
    private static final String IPV4_CONF = "net/ipv4/conf/";
    private static final String IPV6_CONF = "net/ipv6/conf/";

    private final List<SysctlChange> changes = new ArrayList<>();

    private ForwardingSysctls() {}

    /** What is to change, in this order; nothing is changed yet. */
    static List<SysctlChange> plan(
            final boolean ipv4, final boolean ipv6, final boolean local, final String interfaceName, final String tun) {
        final ForwardingSysctls plan = new ForwardingSysctls();
        if (ipv4) {
            plan.planIpv4(interfaceName, tun);
        }
        if (ipv6) {
            plan.planIpv6(tun);
        }
        if (local) {
            plan.planLocal();
        }
        return plan.changes;
    }

    private void planIpv4(final String interfaceName, final String tun) {
        if (set("net/ipv4/ip_forward", "1")) {
            // inet_forward_change(): sets every interface's forwarding, and refuses redirects from then on.
            follows(IPV4_CONF + "all/accept_redirects", "0");
            forwardingOfInterfaces(IPV4_CONF, "ipv4");
        }
        // A redirect would send the answers of nat servers around the ILBs. The larger of "all" and the interface
        // counts.
        set(IPV4_CONF + "all/send_redirects", "0");
        for (final String device : List.of(interfaceName, tun)) {
            set(IPV4_CONF + device + "/send_redirects", "0");
            // Packets for a nat server come out of the TUN device with the client's address: not by the interface that
            // the
            // client is reached by. The larger of "all" and the interface counts, and 2 (loose) is larger than 1
            // (strict).
            if (value(IPV4_CONF + "all/rp_filter").equals("1")
                    || value(IPV4_CONF + device + "/rp_filter").equals("1")) {
                set(IPV4_CONF + device + "/rp_filter", "2");
            }
        }
    }

    /** For VIPs that are addresses of this host, because a server is on it. */
    private void planLocal() {
        // Otherwise a packet that comes from the router finds the socket of its connection before its route, and what
        // has
        // a socket is not forwarded to ilbd but dropped (ip_forward). For IPv6 too, whatever the name says.
        set("net/ipv4/tcp_early_demux", "0");
        // Otherwise the host would ask for the router's MAC address in the name of the VIP.
        set(IPV4_CONF + "all/arp_announce", "2");
    }

    private void planIpv6(final String tun) {
        set(IPV6_CONF + tun + "/disable_ipv6", "0");
        if (value(IPV6_CONF + "all/forwarding").equals("1")) {
            return;
        }
        // An interface that forwards takes router advertisements only with accept_ra = 2, and loses the routes that it
        // has
        // from them (rt6_purge_dflt_routers), so this comes first.
        for (final String device : Sysctl.interfaces("ipv6")) {
            if (value(IPV6_CONF + device + "/forwarding").equals("0")
                    && value(IPV6_CONF + device + "/accept_ra").equals("1")) {
                set(IPV6_CONF + device + "/accept_ra", "2");
            }
        }
        set(IPV6_CONF + "all/forwarding", "1");
        forwardingOfInterfaces(IPV6_CONF, "ipv6");
    }

    /** Switching forwarding back off switches it off everywhere: remember where it was on. */
    private void forwardingOfInterfaces(final String conf, final String family) {
        final List<String> names = new ArrayList<>(Sysctl.interfaces(family));
        names.add("default");
        for (final String name : names) {
            if (value(conf + name + "/forwarding").equals("1")) {
                follows(conf + name + "/forwarding", "1");
            }
        }
    }

    /** @return false if it is so already, or if there is no such setting */
    private boolean set(final String name, final String wanted) {
        final Optional<String> original = Sysctl.read(name);
        if (original.isEmpty() || original.get().equals(wanted)) {
            return false;
        }
        changes.add(new SysctlChange(name, original.get(), wanted));
        return true;
    }

    private void follows(final String name, final String after) {
        Sysctl.read(name).ifPresent(original -> changes.add(new SysctlChange(name, original, after)));
    }

    private static String value(final String name) {
        return Sysctl.read(name).orElse("");
    }

    static void apply(final List<SysctlChange> changes) throws StartupException {
        for (final SysctlChange change : changes) {
            Sysctl.write(change.name(), change.wanted());
        }
    }

    /** Takes back, in the same order, what nobody else has changed since. */
    static void restore(final List<SysctlChange> changes) throws StartupException {
        final List<SysctlChange> untouched = changes.stream()
                .filter(change -> value(change.name()).equals(change.wanted()))
                .toList();
        for (final SysctlChange change : untouched) {
            Sysctl.write(change.name(), change.original());
        }
    }
}
