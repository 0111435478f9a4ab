package org.ilbd.daemon.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real packets through a real TUN device, from a client to a server in namespaces. Needs root, or {@code unshare -Urnm}. */
class TunDatapathIT {
    private static final int PORT = 5000;
    private static final int SERVER_PORT = 8080;
    private static final long MEGABYTE = 1 << 20;
    private static final long SEED = 20_260_101;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void directLeavesSuperSegmentsWholeAndBytesRight(boolean ipv6) throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            Ends ends = Ends.of(ipv6);
            Datapath datapath = startDirect(namespaces, "direct", ends);

            assertThat(client(namespaces, ends.vip, 64 * MEGABYTE))
                    .isEqualTo("from " + canonical(ends.vip) + " there=true back=true");

            Map<String, Long> figures = datapath.figures();
            assertThat(figures.get("bytes")).isGreaterThan(64 * MEGABYTE);
            assertThat(figures.get("longest")).isGreaterThan(32_000);
        }
    }

    @Test
    void whatCameFromAnotherIlbIsSentBeforeItsMemoryIsUsedAgain() throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            Ends ends = Ends.of(false);
            // One that is sent late leaves as zeros: the client gives up then, sooner than it would by itself.
            namespaces.run("client", "sysctl -qw net.ipv4.tcp_syn_retries=2");
            Datapath datapath = startDirect(namespaces, "foreign", ends);

            assertThat(client(namespaces, ends.vip, MEGABYTE)).isEqualTo("from " + ends.vip + " there=true back=true");

            assertThat(datapath.figures().get("bytes")).isGreaterThan(MEGABYTE);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void natTranslatesBothWaysWithAnotherPort(boolean ipv6) throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            Ends ends = Ends.of(ipv6);
            Datapath datapath = new Datapath(
                    namespaces, "nat", ends.endpoint(ends.vip, PORT), ends.endpoint(ends.server, SERVER_PORT));
            String family = ipv6 ? "-6 " : "";
            namespaces.ip("ilb", "route add " + ends.vip + ends.host + " dev ilb0");
            namespaces.ip("ilb", family + "rule add iif i1 ipproto tcp sport " + SERVER_PORT + " lookup 100");
            namespaces.ip("ilb", family + "route add default dev ilb0 table 100");
            server(namespaces, ends.server, SERVER_PORT);

            assertThat(client(namespaces, ends.vip, 32 * MEGABYTE))
                    .isEqualTo("from " + canonical(ends.vip) + " there=true back=true");

            assertThat(namespaces.run("ilb", "ip link show ilb0"))
                    .contains("mtu 1500")
                    .contains("qlen 4096");
            // Both ways come through.
            Map<String, Long> figures = datapath.figures();
            assertThat(figures.get("bytes")).isGreaterThan(64 * MEGABYTE);
            assertThat(figures.get("longest")).isGreaterThan(32_000);
        }
    }

    @Test
    void nothingIsAllocatedForAPacket() throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            Ends ends = Ends.of(false);
            // Small packets, so that there are many.
            namespaces.ip("client", "link set c0 gso_max_segs 1");
            Datapath datapath = startDirect(namespaces, "direct", ends);
            double perPacket = Double.MAX_VALUE;
            // Until the compiler is done. The timer's turns are in it; an object for each packet would be 16 bytes at
            // least.
            for (int round = 0; round < 20 && perPacket >= 4; round++) {
                Map<String, Long> before = datapath.figures();
                client(namespaces, ends.vip, 64 * MEGABYTE);
                Map<String, Long> after = datapath.figures();
                long packets = value(after, "packets") - value(before, "packets");
                assertThat(packets).isGreaterThan(1000);
                perPacket = (double) (value(after, "allocated") - value(before, "allocated")) / packets;
            }
            assertThat(perPacket).isLessThan(4);
        }
    }

    @Test
    void newMacOfAServerCountsAtOnce() throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            Ends ends = Ends.of(false);
            Datapath datapath = startDirect(namespaces, "direct", ends);
            client(namespaces, ends.vip, MEGABYTE);

            // As when the server's address moves to another machine; the ILB's kernel hears of it by the server's own
            // ARP request.
            namespaces.ip("server", "link set s0 address 02:00:0a:02:00:99");
            namespaces.run("server", "ping -c 1 -W 5 10.2.0.1");

            assertThat(client(namespaces, ends.vip, MEGABYTE)).endsWith("there=true back=true");
            assertThat(datapath.figures()).doesNotContainKey("SEND_SERVER");
        }
    }

    @Test
    void deviceThatIsTakenAwayIsToldAndNotPolledForEver() throws Exception {
        try (Namespaces namespaces = new Namespaces()) {
            Ends ends = Ends.of(false);
            Datapath datapath =
                    new Datapath(namespaces, "direct", ends.endpoint(ends.vip, PORT), ends.endpoint(ends.server, PORT));
            namespaces.ip("ilb", "link del ilb0");
            assertThat(datapath.output.readLine()).isEqualTo("lost");
        }
    }

    private static long value(Map<String, Long> figures, String name) {
        return Objects.requireNonNull(figures.get(name), name);
    }

    /** A datapath to a server that holds the VIP on its loopback device. */
    private static Datapath startDirect(Namespaces namespaces, String mode, Ends ends) throws Exception {
        namespaces.ip(
                "server", "addr add " + ends.vip + ends.host + " dev lo" + (ends.vip.contains(":") ? " nodad" : ""));
        Datapath datapath =
                new Datapath(namespaces, mode, ends.endpoint(ends.vip, PORT), ends.endpoint(ends.server, PORT));
        namespaces.ip("ilb", "route add " + ends.vip + ends.host + " dev ilb0");
        server(namespaces, ends.vip, PORT);
        return datapath;
    }

    private static void server(Namespaces namespaces, String address, int port) throws IOException {
        Process process =
                namespaces.startJava("server", TransferProcess.class, "server", address, Integer.toString(port));
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("ready");
    }

    private static String client(Namespaces namespaces, String address, long bytes) throws IOException {
        Process process = namespaces.startJava(
                "client",
                TransferProcess.class,
                "client",
                address,
                Integer.toString(PORT),
                Long.toString(bytes),
                Long.toString(SEED));
        String line = process.inputReader(StandardCharsets.UTF_8).readLine();
        return line == null ? "no answer" : line;
    }

    private static String canonical(String address) throws IOException {
        return java.net.InetAddress.getByName(address).getHostAddress();
    }

    private record Ends(String vip, String server, String host) {
        static Ends of(boolean ipv6) {
            return ipv6
                    ? new Ends("2001:db8:9::1", "2001:db8:2::101", "/128")
                    : new Ends("10.9.0.1", "10.2.0.101", "/32");
        }

        String endpoint(String address, int port) {
            return (address.contains(":") ? "[" + address + "]:" : address + ":") + port;
        }
    }

    private static final class Datapath {
        private final BufferedReader output;
        private final OutputStream input;

        Datapath(Namespaces namespaces, String forwarding, String vip, String server) throws IOException {
            Process process = namespaces.startJava("ilb", DatapathProcess.class, "ilb0", "i1", forwarding, vip, server);
            output = process.inputReader(StandardCharsets.UTF_8);
            input = process.getOutputStream();
            assertThat(output.readLine()).isEqualTo("ready");
            namespaces.ip("ilb", "link set ilb0 up");
        }

        Map<String, Long> figures() throws IOException {
            input.write('\n');
            input.flush();
            Map<String, Long> figures = new LinkedHashMap<>();
            Arrays.stream(output.readLine().split(" "))
                    .map(field -> field.split("="))
                    .forEach(field -> figures.put(field[0], Long.valueOf(field[1])));
            return figures;
        }
    }
}
