package org.ilbd.daemon.host;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;

/**
 * Tells what other ILBs have sent to this host's server from what the router has sent to its ilbd: both are for the VIP, at the
 * same MAC address, and differ by that of their sender. A table of nftables marks the former. It stays when the process dies, as
 * the server does; the next one takes it over with the MAC addresses in it, for it knows none yet.
 */
final class IlbFrames {
    private static final long TIMEOUT_SECONDS = 30;

    private final String interfaceName;
    private final String table;

    IlbFrames(final String interfaceName, final String tun) {
        this.interfaceName = interfaceName;
        this.table = "inet ilbd_" + tun.replaceAll("[^A-Za-z0-9]", "_");
    }

    /** Marks what comes for these VIPs from the ILBs that are known. */
    void markFor(final Collection<IpAddress> vips) throws StartupException {
        final StringBuilder script = new StringBuilder(set())
                .append("add chain " + table + " from_ilbs { type filter hook prerouting priority raw; }\n")
                .append("flush chain " + table + " from_ilbs\n");
        for (final IpAddress vip : vips) {
            script.append("add rule " + table + " from_ilbs iifname \"" + interfaceName + "\" ether saddr @ilbs "
                    + (vip.ipv6() ? "ip6" : "ip") + " daddr " + vip + " meta mark set " + RoutingEntry.MARK + "\n");
        }
        run(script.toString());
    }

    /** Takes over the MAC addresses of all other ILBs. */
    void setIlbs(final Set<String> macs) throws StartupException {
        run(set() + "flush set " + table + " ilbs\n"
                + (macs.isEmpty()
                        ? ""
                        : "add element " + table + " ilbs { "
                                + macs.stream().sorted().collect(Collectors.joining(", ")) + " }\n"));
    }

    private String set() {
        return "add table " + table + "\nadd set " + table + " ilbs { type ether_addr; }\n";
    }

    void remove() throws StartupException {
        // The first line so that the second one never fails.
        run("add table " + table + "\ndelete table " + table + "\n");
    }

    private static void run(final String script) throws StartupException {
        try {
            final Process process = new ProcessBuilder("nft", "-f", "-")
                    .redirectErrorStream(true)
                    .start();
            try (Writer input = process.outputWriter(StandardCharsets.UTF_8)) {
                input.write(script);
            }
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("does not end");
            }
            if (process.exitValue() != 0) {
                throw new IOException(output.strip());
            }
        } catch (final IOException e) {
            throw new StartupException(
                    ExitCode.FAILURE,
                    "nft, which a server on this ILB's own host needs (package nftables): " + e.getMessage(),
                    e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartupException(ExitCode.FAILURE, "nft: interrupted", e);
        }
    }
}
