package org.ilbd.daemon.host;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The changes on this host that bring packets to the TUN device: set at the start, taken back by {@link #close}.
 *
 * <h2>Order</h2>
 * What will be changed is written to a file before it is changed. The routes that keep the host silent come first and go
 * last: at no moment does the kernel answer for a VIP, or send its packets back to the router, while forwarding is on.
 *
 * <h2>Crash</h2>
 * When the process dies, the TUN device goes with it and so do the routes into it. What remains is silence: a blackhole for
 * each VIP and for the returning packets. The next start takes all of it back before it begins anew.
 *
 * <p>Used by one thread. The caller has opened the TUN device, so no other process uses the same state.
 */
public final class HostNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostNetwork.class);

    /**
     * The IPv4 dummy address (RFC 7600, 4.8), by which nobody is reached. With rp_filter above 0, however loose, a device without
     * an address takes no packet whose source is reached through another (fib_validate_source): those of nat and for a server
     * on this host.
     */
    private static final String DUMMY_ADDRESS = "192.0.0.8/32";

    private final String interfaceName;
    private final String tun;
    private final StateFile file;
    private final Routing routing;
    private final IpCommand ip;
    private final IlbFrames ilbFrames;
    /** VIPs with a server on this host. They stay as long as they are configured, whatever becomes of the server: it has connections. */
    private final Set<IpAddress> localVips = new LinkedHashSet<>();

    private Set<RoutingEntry> entries = Set.of();
    private List<SysctlChange> sysctls = List.of();
    /** Also by a process that has crashed: what it knew of other ILBs stays, since this one has to learn it first. */
    private boolean framesMarked;

    private HostNetwork(final String interfaceName, final String tun, final IpCommand ip) {
        this.interfaceName = interfaceName;
        this.tun = tun;
        this.ip = ip;
        this.routing = new Routing(ip);
        this.ilbFrames = new IlbFrames(interfaceName, tun);
        this.file = StateFile.forDevice(tun);
    }

    /**
     * Sets up the host. First takes back what a crashed process has left.
     *
     * @param interfaceName the interface towards the servers
     * @param tun the TUN device, which the caller has opened
     * @throws StartupException if something cannot be set; all is then as it was
     */
    public static HostNetwork start(final String interfaceName, final String tun, final List<ServiceConfig> services)
            throws StartupException {
        final HostNetwork host = new HostNetwork(interfaceName, tun, IpCommand.find());
        host.recover();
        try {
            host.setUpDevice();
            host.apply(services);
        } catch (final StartupException e) {
            host.close();
            throw e;
        }
        return host;
    }

    /**
     * Goes over to other services: adds what they need more and removes what they no longer need. Kernel settings that are no
     * longer needed stay until {@link #close}.
     *
     * @throws StartupException if something cannot be set; the services from before still work, those that are new may not
     */
    public void apply(final List<ServiceConfig> services) throws StartupException {
        HostRequirements.checkVips(services.stream()
                .filter(service -> !localVips.contains(service.vip().address()))
                .toList());
        noteLocalVips(services);
        final Set<RoutingEntry> wanted = Routing.entries(services, tun, localVips);
        final List<SysctlChange> changes = new ArrayList<>(sysctls);
        changes.addAll(ForwardingSysctls.plan(
                services.stream().anyMatch(service -> !service.vip().address().ipv6()),
                services.stream().anyMatch(service -> service.vip().address().ipv6()),
                !localVips.isEmpty(),
                interfaceName,
                tun));
        final Set<RoutingEntry> added = difference(wanted, entries);
        final Set<RoutingEntry> removed = difference(entries, wanted);

        sysctls = List.copyOf(changes);
        final Set<RoutingEntry> both = new LinkedHashSet<>(entries);
        both.addAll(wanted);
        entries = both;
        save();
        // Blackholes before forwarding is on, all else after.
        routing.add(added.stream()
                .filter(entry -> entry.kind() == RoutingEntry.Kind.BLACKHOLE)
                .toList());
        ForwardingSysctls.apply(sysctls);
        markFrames();
        routing.add(added.stream()
                .filter(entry -> entry.kind() != RoutingEntry.Kind.BLACKHOLE)
                .toList());
        routing.remove(removed);
        entries = wanted;
        save();
    }

    private void markFrames() throws StartupException {
        if (!localVips.isEmpty()) {
            framesMarked = true;
            ilbFrames.markFor(localVips);
        } else if (framesMarked) {
            ilbFrames.remove();
            framesMarked = false;
        }
    }

    /**
     * Says which frames are from other ILBs: what these have sent for a VIP is for the server on this host.
     *
     * @param macs as {@link org.ilbd.daemon.linux.NetworkDevice#formatMac} writes them
     * @throws StartupException if that cannot be set
     */
    public void setIlbs(final Set<String> macs) throws StartupException {
        if (!localVips.isEmpty()) {
            ilbFrames.setIlbs(macs);
        }
    }

    private void noteLocalVips(final List<ServiceConfig> services) throws StartupException {
        final Set<IpAddress> configured = new LinkedHashSet<>();
        for (final ServiceConfig service : services) {
            configured.add(service.vip().address());
            if (service.forwarding() == Forwarding.DIRECT) {
                for (final ServerConfig server : service.servers()) {
                    if (HostRequirements.device(server.endpoint().address()).isPresent()) {
                        localVips.add(service.vip().address());
                    }
                }
            }
        }
        localVips.retainAll(configured);
    }

    /** Takes everything back. Goes on where one part fails, and logs it. */
    @Override
    public void close() {
        boolean complete = undo(new HostState(List.copyOf(entries), sysctls));
        try {
            if (framesMarked) {
                ilbFrames.remove();
            }
        } catch (final StartupException e) {
            LOG.warn("marks on frames are left: {}", e.getMessage());
            complete = false;
        }
        if (complete) {
            file.delete();
        }
        entries = Set.of();
        sysctls = List.of();
    }

    private void recover() {
        file.read().ifPresent(left -> {
            LOG.info(
                    "an earlier ilbd on {} did not end well: taking back its {} routes and rules and {} kernel settings",
                    tun,
                    left.entries().size(),
                    left.sysctls().size());
            framesMarked = left.entries().stream().anyMatch(entry -> entry.kind() == RoutingEntry.Kind.ADDRESS);
            undo(left);
        });
    }

    /** Forwarding goes off before the routes do that keep the host silent. */
    private boolean undo(final HostState state) {
        boolean complete = true;
        try {
            ForwardingSysctls.restore(state.sysctls());
        } catch (final StartupException e) {
            LOG.warn("kernel settings are not as before: {}", e.getMessage());
            complete = false;
        }
        try {
            routing.remove(state.entries());
        } catch (final StartupException e) {
            LOG.warn("routes or rules are left: {}", e.getMessage());
            complete = false;
        }
        return complete;
    }

    private void setUpDevice() throws StartupException {
        // No address made up by the kernel at the moment it goes up: it would solicit routers through ilbd.
        final List<IpCommand.Failure> failures = ip.batch(
                false,
                List.of(
                        "link set dev " + tun + " addrgenmode none",
                        "address replace " + DUMMY_ADDRESS + " dev " + tun + " scope link",
                        "link set dev " + tun + " up"));
        if (!failures.isEmpty()) {
            throw new StartupException(ExitCode.FAILURE, failures.getFirst().toString());
        }
    }

    private void save() {
        file.write(new HostState(List.copyOf(entries), sysctls));
    }

    private static Set<RoutingEntry> difference(final Set<RoutingEntry> all, final Set<RoutingEntry> without) {
        final Set<RoutingEntry> difference = new LinkedHashSet<>(all);
        difference.removeAll(without);
        return difference;
    }
}
