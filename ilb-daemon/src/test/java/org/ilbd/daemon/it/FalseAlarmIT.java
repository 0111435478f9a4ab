package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * ILBs that have all the work that the machine can do are not taken for dead by each other, with the failure timeout that is the default.
 *
 * <p>{@code -Dilbd.load.seconds=300} is the full length.
 */
@Tag("alone")
class FalseAlarmIT {
    private static final int SECONDS = Integer.getInteger("ilbd.load.seconds", 10);
    private static final int ILBS = 3;
    private static final String FAILURE_TIMEOUT = "ilb.cluster.failure-timeout = 400ms";
    private static final String VIP = "10.9.0.1";

    /** Of iperf3, which serves one client at a time. */
    private static final List<Integer> BULK_PORTS = List.of(5201, 5202);

    /** What an ILB says when it takes another for dead, or finds that it may have been taken for dead itself. */
    private static final List<String> ALARMS = List.of("is dead", "stood still", "joining; it was active");

    @RegisterExtension
    final Lab lab = new Lab().compiledInFull();

    @Test
    void nobodyIsTakenForDeadAtFullLoad() {
        lab.up("--ilbs", Integer.toString(ILBS), "--servers", "1");
        // Each connection of a request ends at the server; its port is free again at once.
        lab.run("client", "sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1");
        lab.startNginx();
        BULK_PORTS.forEach(port -> lab.start("iperf3-" + port, "server1", List.of("iperf3", "-s", "-p", "" + port)));
        List<Ilb> ilbs = lab.startIlbs(ILBS, options());
        List<Long> viewChanges = viewChanges(ilbs);
        // While three processes start on two cores, one may stand still: that is before the load, and no part of this.
        List<Integer> saidBefore =
                ilbs.stream().map(ilb -> ilb.child().errors().length()).toList();

        List<Child> load = List.of(
                bulk(BULK_PORTS.get(0)),
                bulk(BULK_PORTS.get(1), "--reverse"),
                requests("wrk-requests"),
                requests("wrk-connections", "-H", "Connection: close"));
        load.forEach(child -> assertThat(child.awaitEnd(2L * SECONDS + 60))
                .as(child::toString)
                .isZero());

        List<Scrape> scrapes = ilbs.stream().map(Ilb::scrape).toList();
        System.out.println("load: " + SECONDS + " s; " + rate(load.get(2)) + " requests/s, " + rate(load.get(3))
                + " connections/s; bulk " + bits(load.get(0)) + " up, " + bits(load.get(1))
                + " down; longest pauses of the engines "
                + scrapes.stream()
                        .map(scrape -> scrape.millis("ilbd_engine_longest_cycle_seconds"))
                        .toList()
                + " ms, late ticks "
                + scrapes.stream()
                        .map(scrape -> scrape.value("ilbd_engine_late_ticks_total"))
                        .toList());
        for (int i = 0; i < ILBS; i++) {
            String said = ilbs.get(i).child().errors().substring(saidBefore.get(i));
            assertThat(said).doesNotContain(ALARMS);
            assertThat(scrapes.get(i).value("ilbd_view_size")).isEqualTo(ILBS);
        }
        assertThat(viewChanges(ilbs)).isEqualTo(viewChanges);
    }

    private static String[] options() {
        List<String> options = new ArrayList<>(List.of("--set", FAILURE_TIMEOUT));
        for (int port : BULK_PORTS) {
            String service = "ilb.services.bulk" + port;
            options.addAll(List.of(
                    "--set",
                    service + " { vip = \"" + VIP + ":" + port + "\", forwarding = direct, scheduler = maglev }",
                    "--set",
                    service + ".servers = [ { address = \"10.2.0.101\" } ]",
                    "--set",
                    service + ".health { type = none }"));
        }
        return options.toArray(String[]::new);
    }

    private Child bulk(int port, String... options) {
        List<String> command =
                new ArrayList<>(List.of("iperf3", "-c", VIP, "-p", "" + port, "-t", "" + SECONDS, "-f", "m"));
        command.addAll(List.of(options));
        return lab.start("iperf3-client-" + port, "client", command);
    }

    private Child requests(String name, String... options) {
        List<String> command = new ArrayList<>(List.of("wrk", "-t1", "-c64", "-d" + SECONDS + "s"));
        command.addAll(List.of(options));
        command.add("http://" + VIP + "/");
        return lab.start(name, "client", command);
    }

    private static List<Long> viewChanges(List<Ilb> ilbs) {
        return ilbs.stream()
                .map(ilb -> ilb.scrape().value("ilbd_view_changes_total"))
                .toList();
    }

    private static String rate(Child wrk) {
        return wrk.output()
                .lines()
                .filter(line -> line.startsWith("Requests/sec:"))
                .map(line -> line.replaceAll(".*\\s", ""))
                .findFirst()
                .orElse("?");
    }

    private static String bits(Child iperf) {
        return iperf.output()
                .lines()
                .filter(line -> line.endsWith("receiver"))
                .map(line -> line.replaceAll(".* ([0-9.]+ \\w+/sec).*", "$1"))
                .findFirst()
                .orElse("?");
    }
}
