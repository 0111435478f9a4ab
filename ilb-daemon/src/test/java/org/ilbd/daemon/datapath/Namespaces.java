package org.ilbd.daemon.datapath;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Network namespaces for one test: a client, an ILB and a server in a row, in IPv4 and IPv6, with the ILB as the router between them. The
 * names carry the process id, so that two runs do not meet.
 *
 * <pre>
 *   client c0 10.1.0.2 -- i0 10.1.0.1  ilb  i1 10.2.0.1 -- s0 10.2.0.101 server
 *          2001:db8:1::2     2001:db8:1::1   2001:db8:2::1    2001:db8:2::101
 * </pre>
 */
public final class Namespaces implements AutoCloseable {
    private final String prefix = "ilbt" + ProcessHandle.current().pid() + "-";
    private final List<Process> processes = new ArrayList<>();

    /** Makes the namespaces, with the wires between them. */
    public Namespaces() {
        for (String name : List.of("client", "ilb", "server")) {
            root("ip netns add " + prefix + name);
            ip(name, "link set lo up");
        }
        connect("client", "c0", "10.1.0.2/24", "2001:db8:1::2/64", "i0", "10.1.0.1/24", "2001:db8:1::1/64");
        connect("server", "s0", "10.2.0.101/24", "2001:db8:2::101/64", "i1", "10.2.0.1/24", "2001:db8:2::1/64");
        for (String side : List.of("client 1", "server 2")) {
            String name = side.substring(0, side.indexOf(' '));
            String network = side.substring(side.indexOf(' ') + 1);
            ip(name, "route add default via 10." + network + ".0.1");
            ip(name, "-6 route add default via 2001:db8:" + network + "::1");
        }
        for (String setting : List.of(
                "net.ipv4.ip_forward=1",
                "net.ipv6.conf.all.forwarding=1",
                "net.ipv4.conf.all.rp_filter=0",
                "net.ipv4.conf.default.rp_filter=0")) {
            run("ilb", "sysctl -qw " + setting);
        }
    }

    private void connect(
            String name, String device, String ipv4, String ipv6, String peer, String peerIpv4, String peerIpv6) {
        root("ip link add " + device + " netns " + prefix + name + " type veth peer name " + peer + " netns " + prefix
                + "ilb");
        String[][] ends = {{name, device, ipv4, ipv6}, {"ilb", peer, peerIpv4, peerIpv6}};
        for (String[] end : ends) {
            ip(end[0], "addr add " + end[2] + " dev " + end[1]);
            ip(end[0], "addr add " + end[3] + " dev " + end[1] + " nodad");
            ip(end[0], "link set " + end[1] + " up");
        }
    }

    /** Runs {@code ip} in a namespace. */
    public void ip(String name, String arguments) {
        root("ip -n " + prefix + name + " " + arguments);
    }

    /** Runs a command in a namespace to its end; returns what it printed. */
    public String run(String name, String command) {
        return root("ip netns exec " + prefix + name + " " + command);
    }

    /** Starts a class of the tests in a namespace, in a JVM of its own. */
    public Process startJava(String name, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "ip",
                "netns",
                "exec",
                prefix + name,
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:CompileCommand=quiet",
                "-XX:CompileCommand=dontinline,org.ilbd.daemon.linux.SystemCalls::*",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            processes.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String root(String command) {
        try {
            Process process = new ProcessBuilder(command.split(" ", -1))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(command + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(command, e);
        }
    }

    /** Ends what was started, and waits for it: a namespace lives as long as a process in it. */
    @Override
    public void close() {
        for (Process process : processes) {
            process.destroyForcibly().onExit().join();
        }
        for (String name : List.of("client", "ilb", "server")) {
            root("ip netns del " + prefix + name);
        }
    }
}
