package org.ilbd.daemon.host;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.ilbd.daemon.config.Configuration;

/** What the host must have before anything is changed on it. Each check says what is missing and how to get it. */
public final class HostRequirements {
    private static final Path TUN = Path.of("/dev/net/tun");
    private static final Path DEVICES = Path.of("/proc/self/net/dev");
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String CAPABILITIES = "CapEff:";

    private HostRequirements() {}

    /** A capability that ilbd needs (linux/capability.h). */
    private enum Capability {
        CAP_NET_ADMIN(12, "the TUN device, routes and kernel settings"),
        CAP_NET_RAW(13, "direct forwarding");

        private final int bit;
        private final String purpose;

        Capability(final int bit, final String purpose) {
            this.bit = bit;
            this.purpose = purpose;
        }
    }

    /** @throws StartupException for the first thing that is missing, with the exit code for it */
    public static void check(final Configuration configuration) throws StartupException {
        final List<ServiceConfig> services = configuration.serviceConfigs();
        checkCapabilities(services);
        checkTun();
        IpCommand.find();
        checkInterface(configuration.datapath().interfaceName());
        checkVips(services);
        checkCgroup(configuration.cluster().loadCgroup());
    }

    private static void checkCgroup(final Optional<Path> cgroup) throws StartupException {
        if (cgroup.isPresent() && !Files.isReadable(cgroup.get().resolve("cpu.stat"))) {
            throw new StartupException(
                    ExitCode.CONFIGURATION,
                    "ilb.cluster.load-cgroup: " + cgroup.get()
                            + " has no cpu.stat that can be read: it is not the directory of a control group of version 2");
        }
    }

    private static void checkCapabilities(final List<ServiceConfig> services) throws StartupException {
        final long held = heldCapabilities();
        final List<Capability> missing = new ArrayList<>();
        if ((held & 1L << Capability.CAP_NET_ADMIN.bit) == 0) {
            missing.add(Capability.CAP_NET_ADMIN);
        }
        if ((held & 1L << Capability.CAP_NET_RAW.bit) == 0
                && services.stream().anyMatch(service -> service.forwarding() == Forwarding.DIRECT)) {
            missing.add(Capability.CAP_NET_RAW);
        }
        if (!missing.isEmpty()) {
            throw new StartupException(
                    ExitCode.PERMISSION,
                    "missing "
                            + missing.stream()
                                    .map(capability -> capability + " (for " + capability.purpose + ")")
                                    .collect(Collectors.joining(" and "))
                            + ": run ilbd as root, or in a systemd unit with AmbientCapabilities=CAP_NET_ADMIN"
                            + " CAP_NET_RAW");
        }
    }

    private static long heldCapabilities() throws StartupException {
        try (Stream<String> lines = Files.lines(STATUS, StandardCharsets.US_ASCII)) {
            return lines.filter(line -> line.startsWith(CAPABILITIES))
                    .map(line -> Long.parseUnsignedLong(
                            line.substring(CAPABILITIES.length()).strip(), 16))
                    .findFirst()
                    .orElse(0L);
        } catch (final IOException e) {
            throw new StartupException(ExitCode.FAILURE, "cannot read " + STATUS + ": " + e.getMessage(), e);
        }
    }

    private static void checkTun() throws StartupException {
        if (!Files.exists(TUN)) {
            throw new StartupException(
                    ExitCode.PERMISSION,
                    TUN + " is missing: load the module (modprobe tun), or give the container the device (--device "
                            + TUN + ")");
        }
        if (!Files.isReadable(TUN) || !Files.isWritable(TUN)) {
            throw new StartupException(
                    ExitCode.PERMISSION,
                    TUN + " may not be opened by this user: run ilbd as root, or allow it (chmod 0666 " + TUN
                            + ", which most distributions have set)");
        }
    }

    private static void checkInterface(final String name) throws StartupException {
        final List<String> names;
        try (Stream<String> lines = Files.lines(DEVICES, StandardCharsets.UTF_8)) {
            names = lines.filter(line -> line.contains(":"))
                    .map(line -> line.substring(0, line.indexOf(':')).strip())
                    .sorted()
                    .toList();
        } catch (final IOException e) {
            throw new StartupException(ExitCode.FAILURE, "cannot read " + DEVICES + ": " + e.getMessage(), e);
        }
        if (!names.contains(name)) {
            throw new StartupException(
                    ExitCode.BIND,
                    "there is no interface " + name + " (ilb.datapath.interface); there are: "
                            + String.join(", ", names));
        }
    }

    /** A VIP that is an address of this host would be answered by the host itself; but one on lo may be what {@link Routing} has set. */
    static void checkVips(final List<ServiceConfig> services) throws StartupException {
        for (final ServiceConfig service : services) {
            final Optional<String> device = device(service.vip().address());
            if (device.isPresent() && !(device.get().equals("lo") && hasLocalServer(service))) {
                throw new StartupException(
                        ExitCode.BIND,
                        "the VIP " + service.vip().address() + " of service " + service.name()
                                + " is an address of this host (" + device.get()
                                + "), which would answer itself: remove it here; only servers hold the VIP");
            }
        }
    }

    private static boolean hasLocalServer(final ServiceConfig service) throws StartupException {
        for (final ServerConfig server : service.servers()) {
            if (device(server.endpoint().address()).isPresent()) {
                return true;
            }
        }
        return false;
    }

    /** The interface of this host that has an address. */
    static Optional<String> device(final IpAddress address) throws StartupException {
        try {
            return Optional.ofNullable(NetworkInterface.getByInetAddress(InetAddress.getByAddress(address.toBytes())))
                    .map(NetworkInterface::getName);
        } catch (final IOException e) {
            throw new StartupException(ExitCode.FAILURE, "cannot list addresses: " + e.getMessage(), e);
        }
    }
}
