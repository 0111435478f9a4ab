package org.ilbd.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The changes on a host, in a network namespace with one interface; a second namespace is what is on its other end. */
class HostNetworkIT {
    private static final String HEAD = """
            ilb {
              cluster { id = 1, bind = "10.2.0.11" }
              datapath { interface = eth0, tun = ilb0 }
              services {
            """;
    private static final String DIRECT = HEAD + """
                web { vip = "10.9.0.1:80", servers = [{ address = "10.2.0.101" }] }
              }
            }
            """;
    private static final String EVERYTHING = HEAD + """
                web { vip = "10.9.0.1:80", servers = [{ address = "10.2.0.101" }] }
                tls { vip = "10.9.0.1:443", servers = [{ address = "10.2.0.101" }] }
                nat { vip = "10.9.0.2:80", forwarding = nat, servers = [{ address = "10.2.0.101:8080" }] }
                web6 { vip = "[fd00:9::1]:80", servers = [{ address = "fd00:2::65" }] }
                nat6 { vip = "[fd00:9::2]:80", forwarding = nat, servers = [{ address = "[fd00:2::65]:8080" }] }
              }
            }
            """;

    /** Servers on the host itself. */
    private static final String LOCAL = HEAD + """
                web { vip = "10.9.0.1:80", servers = [{ address = "10.2.0.11" }, { address = "10.2.0.101" }] }
                web6 { vip = "[fd00:9::1]:80", servers = [{ address = "fd00:2::b" }] }
              }
            }
            """;

    @TempDir
    Path directory;

    private Namespace host;
    private Namespace outside;

    @BeforeEach
    void connectTwoNamespaces() throws IOException {
        host = Namespace.create();
        outside = Namespace.create();
        // Without link-local addresses: they would come into the snapshot a second later than the rest.
        host.run("ip link add eth0 type veth peer name eth0 netns " + outside.pid()
                + " && ip link set eth0 addrgenmode none && ip address add 10.2.0.11/24 dev eth0 && ip -6 address add fd00:2::b/64 dev eth0 nodad"
                + " && ip link set eth0 up && ip route add default via 10.2.0.1"
                + " && ip -6 route add default via fd00:2::1");
        outside.run("ip address add 10.2.0.1/24 dev eth0 && ip address add 10.2.0.101/24 dev eth0"
                + " && ip -6 address add fd00:2::1/64 dev eth0 nodad && ip -6 address add fd00:2::65/64 dev eth0 nodad"
                + " && ip link set eth0 up && ip route add 10.9.0.0/24 via 10.2.0.11"
                + " && ip -6 route add fd00:9::/64 via fd00:2::b"
                + " && ip route add 192.0.2.0/24 via 10.2.0.11 && ip -6 route add 2001:db8::/32 via fd00:2::b");
        // Values unlike the defaults, to see that the own ones come back and not the kernel's.
        host.run(
                "echo 0 > /proc/sys/net/ipv4/conf/all/accept_redirects; echo 1 > /proc/sys/net/ipv4/conf/lo/forwarding;"
                        + " echo 1 > /proc/sys/net/ipv6/conf/lo/forwarding; echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter");
    }

    @AfterEach
    void endNamespaces() throws IOException {
        host.close();
        outside.close();
    }

    @Test
    void startSetsWhatIsNeededAndStopLeavesTheHostAsItWas() throws Exception {
        final List<String> before = snapshot();

        final Process process = start(EVERYTHING);

        assertThat(host.run("ip route show proto 74; ip -6 route show proto 74; ip rule; ip -6 rule"))
                .contains(
                        "10.9.0.1 dev ilb0",
                        "blackhole 10.9.0.1 metric 4278198272",
                        "10.9.0.2 dev ilb0",
                        "fd00:9::1 dev ilb0",
                        "blackhole fd00:9::1 dev lo metric 4278198272",
                        "7400:\tfrom 10.2.0.101 ipproto tcp sport 8080 lookup 74 proto 74",
                        "7400:\tfrom fd00:2::65 ipproto tcp sport 8080 lookup 74 proto 74");
        assertThat(host.run("ip route show table 74; ip -6 route show table 74"))
                .contains("default dev ilb0", "blackhole default");
        assertThat(host.run("ip -d link show ilb0")).contains("addrgenmode none", ",UP");
        assertThat(host.run("ip address show dev ilb0"))
                .contains("inet 192.0.0.8/32 scope link")
                .doesNotContain("inet6");
        // To a nat server, although the client is not reached through the TUN device.
        assertThat(host.run("ip route get 10.2.0.101 from 192.0.2.7 iif ilb0")).contains("dev eth0");
        assertThat(sysctls(
                        "ipv4/ip_forward",
                        "ipv6/conf/all/forwarding",
                        "ipv4/conf/all/send_redirects",
                        "ipv4/conf/eth0/send_redirects",
                        "ipv4/conf/ilb0/rp_filter",
                        "ipv4/conf/eth0/rp_filter",
                        "ipv6/conf/eth0/accept_ra"))
                .isEqualTo("1 1 0 0 2 2 2");
        stop(process);
        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void aServerOnThisHostGetsWhatComesFromTheTunDeviceAndFromOtherIlbsOnly() throws Exception {
        final List<String> before = snapshot();

        final Process process = start(LOCAL);

        assertThat(host.run("ip rule").lines().limit(4))
                .containsExactly(
                        "0:\tfrom all iif ilb0 lookup local proto 74",
                        "0:\tfrom all fwmark 0x4a lookup local proto 74",
                        "0:\tfrom all to 10.9.0.1 lookup 75 proto 74",
                        "0:\tfrom all lookup local");
        for (final String way : List.of("10.9.0.1 from 192.0.2.7", "fd00:9::1 from 2001:db8::7")) {
            assertThat(host.run("ip route get " + way + " iif eth0")).contains("dev ilb0");
            assertThat(host.run("ip route get " + way + " iif ilb0")).startsWith("local ");
            assertThat(host.run("ip route get " + way + " iif eth0 mark 74")).startsWith("local ");
        }
        assertThat(host.run("nft list ruleset"))
                .contains("ether saddr @ilbs ip daddr 10.9.0.1", "ether saddr @ilbs ip6 daddr fd00:9::1");
        assertThat(sysctls("ipv4/tcp_early_demux", "ipv4/conf/all/arp_announce"))
                .isEqualTo("0 2");
        stop(process);
        assertThat(snapshot()).containsExactlyElementsOf(before);
        assertThat(host.run("nft list ruleset")).isEmpty();
    }

    @Test
    void aKilledProcessWithAServerOnItsHostLeavesSilenceAndTheNextTakesItBack() throws Exception {
        final List<String> before = snapshot();
        kill(start(LOCAL));
        final Counts counts = counts();

        assertThat(connect("10.2.0.1", 0, "10.9.0.1", 80)).isEqualTo("silence");
        assertThat(connect("fd00:2::1", 0, "fd00:9::1", 80)).isEqualTo("silence");

        assertThat(counts().errors).as("ICMP and RST").isEqualTo(counts.errors);
        stop(start(LOCAL));
        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void aServerOnThisHostMayComeAndItsVipStaysWhenItGoes() throws Exception {
        final List<String> before = snapshot();
        final Process process = start(DIRECT);
        final BufferedWriter input = process.outputWriter(StandardCharsets.UTF_8);
        for (final String next : List.of(LOCAL, DIRECT, LOCAL)) {
            input.write(write("next.conf", next) + "\n");
            input.flush();
            assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("applied");
            assertThat(host.run("ip rule").lines().skip(3).findFirst()).contains("0:\tfrom all lookup local");
            assertThat(host.run("ip route get 10.9.0.1 from 192.0.2.7 iif eth0"))
                    .contains("dev ilb0");
        }
        stop(process);
        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void anIpv4OnlyConfigurationLeavesIpv6Alone() throws Exception {
        final Process process = start(DIRECT);

        assertThat(sysctls("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/eth0/accept_ra"))
                .isEqualTo("1 0 1");
        assertThat(host.run("ip rule; ip -6 rule")).doesNotContain("7400");
        stop(process);
    }

    @Test
    void theNextStartTakesBackWhatAKilledProcessLeft() throws Exception {
        final List<String> before = snapshot();
        kill(start(EVERYTHING));
        assertThat(snapshot()).isNotEqualTo(before);

        final Process next = start(DIRECT);

        assertThat(host.run("ip route show table all proto 74; ip -6 route show table all proto 74"))
                .contains("10.9.0.1 dev ilb0", "blackhole 10.9.0.1")
                .doesNotContain("10.9.0.2", "fd00:9::", "default");
        assertThat(host.run("ip rule; ip -6 rule")).doesNotContain("7400");
        assertThat(sysctls("ipv4/ip_forward", "ipv6/conf/all/forwarding")).isEqualTo("1 0");
        stop(next);
        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void killedTwiceIsTakenBackToo() throws Exception {
        final List<String> before = snapshot();
        kill(start(EVERYTHING));
        kill(start(EVERYTHING));

        stop(start(EVERYTHING));

        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void aSettingThatSomebodyElseHasChangedSinceIsNotTakenBack() throws Exception {
        final Process process = start(DIRECT);
        host.run("echo 1 > /proc/sys/net/ipv4/conf/eth0/send_redirects");

        stop(process);

        assertThat(sysctls("ipv4/conf/eth0/send_redirects", "ipv4/ip_forward")).isEqualTo("1 0");
    }

    @Test
    void aKilledProcessLeavesSilence() throws Exception {
        kill(start(EVERYTHING));
        assertThat(host.run("ip route show proto 74"))
                .contains("blackhole 10.9.0.1")
                .doesNotContain("ilb0");
        assertThat(sysctls("ipv4/ip_forward", "ipv6/conf/all/forwarding")).isEqualTo("1 1");
        final Counts before = counts();
        final long forwardedBefore = transmitted();

        assertThat(connect("10.2.0.1", 0, "10.9.0.1", 80)).isEqualTo("silence");
        assertThat(connect("fd00:2::1", 0, "fd00:9::1", 80)).isEqualTo("silence");
        // An answer of a nat server, on its way to a client.
        assertThat(connect("10.2.0.101", 8080, "192.0.2.7", 5000)).isEqualTo("silence");
        assertThat(connect("fd00:2::65", 8080, "2001:db8::7", 5000)).isEqualTo("silence");

        final Counts after = counts();
        assertThat(after.received).as("the packets came in").isGreaterThanOrEqualTo(before.received + 4);
        assertThat(after.errors).as("ICMP and RST").isEqualTo(before.errors);
        assertThat(transmitted()).as("packets to the VIP or past it").isEqualTo(forwardedBefore);
    }

    @Test
    void withoutTheBlackholeThereIsNoSilence() throws Exception {
        // The counterpart of the test above: what is measured there does show up where nothing prevents it.
        kill(start(EVERYTHING));
        final Counts before = counts();
        host.run("ip route del blackhole 10.9.0.1 metric 4278198272 && ip route add unreachable 10.9.0.1");

        assertThat(connect("10.2.0.1", 0, "10.9.0.1", 80)).isNotEqualTo("silence");
        assertThat(counts().errors).isGreaterThan(before.errors);
    }

    @Test
    void reloadChangesOnlyTheDifference() throws Exception {
        final List<String> before = snapshot();
        final Process process = start(DIRECT);
        final BufferedWriter input = process.outputWriter(StandardCharsets.UTF_8);

        input.write(write("everything.conf", EVERYTHING) + "\n");
        input.flush();
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("applied");
        assertThat(host.run("ip route; ip -6 route; ip rule"))
                .contains("10.9.0.1 dev ilb0", "10.9.0.2 dev ilb0", "fd00:9::2 dev ilb0", "sport 8080");

        input.write(write("direct.conf", DIRECT) + "\n");
        input.flush();
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("applied");
        assertThat(host.run("ip route show table all proto 74; ip -6 route show table all proto 74; ip rule"))
                .contains("10.9.0.1 dev ilb0", "blackhole 10.9.0.1")
                .doesNotContain("10.9.0.2", "fd00:9", "sport", "default dev");

        stop(process);
        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void aStrangersRouteToTheVipIsAnErrorAndStays() throws Exception {
        host.run("ip route add 10.9.0.1 via 10.2.0.1");
        final List<String> before = snapshot();

        assertThat(refusal(DIRECT))
                .isEqualTo("1 ip route add 10.9.0.1/32 dev ilb0 proto 74: RTNETLINK answers: File exists; there is"
                        + " another route to it on this host, see: ip route show table all");
        assertThat(snapshot()).containsExactlyElementsOf(before);
    }

    @Test
    void aMissingInterfaceIsToldWithThoseThatThereAre() throws Exception {
        assertThat(refusal(DIRECT.replace("eth0", "eth7")))
                .isEqualTo("5 there is no interface eth7 (ilb.datapath.interface); there are: eth0, lo");
    }

    @Test
    void aVipOfThisHostIsTold() throws Exception {
        host.run("ip address add 10.9.0.1/32 dev lo; ip -6 address add fd00:9::2/128 dev lo");

        assertThat(refusal(DIRECT))
                .isEqualTo("5 the VIP 10.9.0.1 of service web is an address of this host (lo), which would answer"
                        + " itself: remove it here; only servers hold the VIP");
        assertThat(refusal(EVERYTHING.replace("10.9.0.1", "10.9.0.3")))
                .startsWith("5 the VIP fd00:9::2 of service nat6 is an address of this host (lo)");
    }

    @Test
    void aDeviceInUseIsNotTouched() throws Exception {
        final Process first = start(DIRECT);
        final List<String> before = snapshot();

        // The second one fails to open the device, so it never gets to the first one's routes.
        assertThat(host.java(
                                directory,
                                HostNetworkProcess.class,
                                List.of(write("ilb.conf", DIRECT).toString()))
                        .waitFor())
                .isNotZero();

        assertThat(snapshot()).containsExactlyElementsOf(before);
        stop(first);
    }

    @Test
    void aMissingCapabilityIsTold() throws Exception {
        final String advice =
                ": run ilbd as root, or in a systemd unit with AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW";

        assertThat(refusal(DIRECT, "setpriv", "--bounding-set", "-net_admin,-net_raw", "--"))
                .isEqualTo("4 missing CAP_NET_ADMIN (for the TUN device, routes and kernel settings) and CAP_NET_RAW"
                        + " (for direct forwarding)" + advice);
        assertThat(refusal(DIRECT, "setpriv", "--bounding-set", "-net_raw", "--"))
                .isEqualTo("4 missing CAP_NET_RAW (for direct forwarding)" + advice);
    }

    @Test
    void aMissingTunDeviceIsTold() throws Exception {
        assertThat(refusal(
                        DIRECT, "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /dev/net && exec \"$0\" \"$@\""))
                .isEqualTo("4 /dev/net/tun is missing: load the module (modprobe tun), or give the container the"
                        + " device (--device /dev/net/tun)");
    }

    /** What the process says that does not start. */
    private String refusal(final String configuration, final String... wrapper) throws Exception {
        final Process process = host.java(
                directory,
                List.of(wrapper),
                HostNetworkProcess.class,
                List.of(write("ilb.conf", configuration).toString()));
        final String line =
                String.valueOf(process.inputReader(StandardCharsets.UTF_8).readLine());
        assertThat(process.waitFor()).isZero();
        return line;
    }

    /** @param errors ICMP and ICMPv6 errors and RSTs that this host has sent */
    private record Counts(long received, long errors) {}

    private Counts counts() throws IOException {
        final String ipv4 = host.run("cat /proc/net/snmp");
        final String ipv6 = host.run("cat /proc/net/snmp6");
        return new Counts(
                column(ipv4, "Ip", "InReceives") + row(ipv6, "Ip6InReceives"),
                column(ipv4, "Icmp", "OutDestUnreachs")
                        + column(ipv4, "Icmp", "OutTimeExcds")
                        + column(ipv4, "Icmp", "OutRedirects")
                        + column(ipv4, "Tcp", "OutRsts")
                        + row(ipv6, "Icmp6OutDestUnreachs")
                        + row(ipv6, "Icmp6OutTimeExcds")
                        + row(ipv6, "Icmp6OutRedirects"));
    }

    /** Packets that this host has sent on for others. */
    private long transmitted() throws IOException {
        return column(host.run("cat /proc/net/snmp"), "Ip", "ForwDatagrams")
                + row(host.run("cat /proc/net/snmp6"), "Ip6OutForwDatagrams");
    }

    /** A line of names, and below it one of numbers. */
    private static long column(final String table, final String protocol, final String name) {
        final List<String[]> lines = table.lines()
                .filter(line -> line.startsWith(protocol + ":"))
                .map(line -> line.split(" ", -1))
                .toList();
        return Long.parseLong(lines.get(1)[List.of(lines.get(0)).indexOf(name)]);
    }

    private static long row(final String table, final String name) {
        final Matcher matcher = Pattern.compile(name + "\\s+(\\d+)").matcher(table);
        assertThat(matcher.find()).as(name).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private String connect(final String from, final int fromPort, final String to, final int toPort)
            throws IOException {
        final Process probe = outside.java(
                directory, ConnectProbe.class, List.of(from, Integer.toString(fromPort), to, Integer.toString(toPort)));
        return String.valueOf(probe.inputReader(StandardCharsets.UTF_8).readLine());
    }

    private List<String> snapshot() throws IOException {
        return host.run(HostSnapshot.SCRIPT).lines().toList();
    }

    private String sysctls(final String... names) throws IOException {
        return host.run("cd /proc/sys/net && cat " + String.join(" ", names))
                .strip()
                .replace('\n', ' ');
    }

    private Process start(final String configuration) throws IOException {
        final Process process = host.java(
                directory,
                HostNetworkProcess.class,
                List.of(write("ilb.conf", configuration).toString()));
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("ready");
        return process;
    }

    private static void stop(final Process process) throws Exception {
        process.getOutputStream().close();
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("stopped");
        assertThat(process.waitFor()).isZero();
    }

    private static void kill(final Process process) throws InterruptedException {
        assertThat(process.destroyForcibly().waitFor()).isEqualTo(128 + 9);
    }

    private Path write(final String name, final String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }
}
