package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ilbd.daemon.host.HostSnapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ends and reloads of an ILB while it has work. */
class LifecycleIT {
    private static final int SERVERS = 3;
    private static final String SERVER3 = "server=\"10.2.0.103:80\"";

    /** As when an editor has saved half a file. */
    private static final String BROKEN = "ilb { cluster { id = 1, bind = \"10.2.0.11\" }, services { web {";

    @RegisterExtension
    final Lab lab = new Lab();

    @ParameterizedTest
    @ValueSource(strings = {"direct", "nat"})
    void sigtermLeavesNothingBehindAndEndsWithZero(String forwarding) {
        lab.up("--ilbs", "2", "--family", "both", "--forwarding", forwarding);
        lab.startServers(SERVERS, 80);
        List<String> before = snapshot();
        List<Ilb> ilbs = lab.startIlbs(2, "--family", "both", "--forwarding", forwarding);
        assertThat(snapshot()).isNotEqualTo(before);
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "long=100");
        traffic.awaitOpen(100);
        lab.ecmp(List.of("ilb2"));
        if (forwarding.equals("nat")) {
            lab.gateways(SERVERS, List.of("ilb2"));
        }

        ilbs.getFirst().signal("TERM");

        assertThat(ilbs.getFirst().child().awaitEnd()).isZero();
        assertThat(snapshot()).containsExactlyElementsOf(before);
        lab.awaitView(ilbs.subList(1, 2), 1);
        // Both held every association.
        traffic.awaitRounds(2);
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
        ilbs.getLast().signal("TERM");
        assertThat(ilbs.getLast().child().awaitEnd()).isZero();
    }

    private List<String> snapshot() {
        return lab.run("ilb1", "sh", "-c", HostSnapshot.SCRIPT).lines().toList();
    }

    @Test
    void sighupTakesAServerAwayAndBringsItBackWhileConnectionsGoOn() {
        lab.up("--ilbs", "2");
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs = lab.startIlbs(2);
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "long=200");
        traffic.awaitOpen(200);
        assertThat(traffic.report().get("long-server3")).isPositive();

        reload(ilbs, "--servers", "1 2");
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream()
                        .noneMatch(ilb ->
                                ilb.scrape().samples().keySet().stream().anyMatch(key -> key.contains(SERVER3))));
        traffic.awaitRounds(2);
        assertThat(shorts().get("short-server3")).isZero();

        ilbs.forEach(ilb -> ilb.reload(BROKEN));
        await().atMost(Lab.PATIENCE)
                .until(() ->
                        ilbs.stream().allMatch(ilb -> ilb.child().errors().contains("the old configuration goes on")));
        traffic.awaitRounds(2);
        assertThat(shorts().get("short-server3")).isZero();

        reload(ilbs);
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream().allMatch(ilb -> ilb.scrape().sum("ilbd_server_up", SERVER3) == 1));
        traffic.awaitRounds(2);
        assertThat(shorts().get("short-server3")).isPositive();

        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
        assertThat(last.get("checked")).as(last.line()).isEqualTo(last.get("sent"));
    }

    private void reload(List<Ilb> ilbs, String... options) {
        for (int i = 0; i < ilbs.size(); i++) {
            ilbs.get(i).reload(lab.configuration(i + 1, options));
        }
    }

    /** 100 requests on new connections, none of which may fail. */
    private Traffic.Report shorts() {
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "short-rate=200", "short-limit=100");
        traffic.awaitShorts(100);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("short-failed")).as(report.line()).isZero();
        return report;
    }

    @ParameterizedTest
    @ValueSource(strings = {"4", "6"})
    void aKilledIlbIsSilentForTheVip(String family) throws IOException {
        assumeTrue(Users.canChange(), "tcpdump sets its groups, which a user namespace does not let it do");
        boolean ipv6 = family.equals("6");
        String vip = ipv6 ? "fd00:9::1" : "10.9.0.1";
        String target = "target=" + (ipv6 ? "[fd00:9::1]:80" : "10.9.0.1:80");
        lab.up("--ilbs", "2", "--family", family);
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs = lab.startIlbs(2, "--family", family);
        lab.ecmp(List.of("ilb2"));
        Traffic traffic = lab.startTraffic(target, "long=100");
        traffic.awaitOpen(100);
        Map<String, Long> clientBefore = errorCounters("client");
        Child in = capture("in", "tcp and dst host " + vip);
        // Errors and redirects, not echoes and neighbour discovery (RFC 4443, 2.1; RFC 4861, 4.5). The other ILB is
        // told that
        // nobody listens for its ID messages: that is between hosts, and no client hears of it.
        Child out = capture(
                "out",
                "(tcp and host " + vip + ") or (not dst host " + (ipv6 ? "fd00:2::11" : "10.2.0.11")
                        + " and ((icmp and icmp[0] != 0 and icmp[0] != 8)"
                        + " or (icmp6 and (ip6[40] < 128 or ip6[40] == 137))))");
        // It forwards what is not its own: both see packets while it lives.
        await().atMost(Lab.PATIENCE).until(() -> lines(in) > 0 && lines(out) > 0);

        ilbs.getLast().child().kill();
        long outBefore = settled(out);
        long inBefore = lines(in);
        Child attempts =
                lab.startTraffic(target, "short-rate=100", "short-limit=50").child();
        // Established connections that retransmit, and new ones.
        await().atMost(Lab.PATIENCE).until(() -> lines(in) > inBefore + 300);

        assertThat(lines(out)).as(out::output).isEqualTo(outBefore);
        Map<String, Long> client = errorCounters("client");
        assertThat(client).as("RSTs and ICMP errors at the client").isEqualTo(clientBefore);
        assertThat(lab.run("ilb2", "ip", ipv6 ? "-6" : "-4", "route", "show", "type", "blackhole"))
                .contains(vip);
        attempts.kill();
        // Nobody told the client that anything is wrong: what the other ILB serves goes on.
        lab.ecmp(List.of("ilb1"));
        lab.awaitView(ilbs.subList(0, 1), 1);
        traffic.awaitRounds(2);
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
    }

    /** Prints a line for each packet on the ILB's interface that the filter takes. */
    private Child capture(String direction, String filter) {
        Child child = lab.start(
                "capture-" + direction,
                "ilb2",
                List.of("tcpdump", "-Z", "root", "-i", "eth0", "-Q", direction, "-n", "-l", "-q", filter));
        await().atMost(Lab.PATIENCE).until(() -> child.errors().contains("listening on"));
        return child;
    }

    private static long lines(Child capture) {
        return capture.output().lines().count();
    }

    /** The lines of a capture that is behind by what its pipe holds: the same number twice in a second. */
    private static long settled(Child capture) {
        long[] seen = {-1};
        await().atMost(Lab.PATIENCE).pollInterval(Duration.ofSeconds(1)).until(() -> {
            long before = seen[0];
            seen[0] = lines(capture);
            return seen[0] == before;
        });
        return seen[0];
    }

    /** What a host's kernel has counted of RSTs and ICMP errors that came in. */
    private Map<String, Long> errorCounters(String host) {
        Map<String, Long> counters = new TreeMap<>();
        String ipv6 = lab.run(host, "cat", "/proc/net/snmp6");
        Matcher matcher = Pattern.compile("(Icmp6In(?:DestUnreachs|TimeExcds|ParmProblems|Redirects))\\s+(\\d+)")
                .matcher(ipv6);
        while (matcher.find()) {
            counters.put(matcher.group(1), Long.valueOf(matcher.group(2)));
        }
        String[][] tables = {
            {"Icmp:", "InErrors", "InDestUnreachs", "InTimeExcds", "InRedirects"}, {"Tcp:", "EstabResets"}
        };
        List<String> ipv4 = lab.run(host, "cat", "/proc/net/snmp").lines().toList();
        for (String[] table : tables) {
            List<String[]> rows = ipv4.stream()
                    .filter(line -> line.startsWith(table[0]))
                    .map(line -> line.split(" ", -1))
                    .toList();
            for (int i = 1; i < table.length; i++) {
                int column = List.of(rows.get(0)).indexOf(table[i]);
                counters.put(table[0] + table[i], Long.valueOf(rows.get(1)[column]));
            }
        }
        assertThat(counters).hasSize(9);
        return counters;
    }
}
