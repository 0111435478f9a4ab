package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code authority = master} on real traffic: what a selection costs, and the master's death under new connections. */
@Tag("alone")
class MasterIT {
    private static final int ILBS = 3;
    private static final int SERVERS = 3;
    private static final String VIP = "target=10.9.0.1:80";
    private static final int RATE = 500;
    private static final String BY_MASTER = "ilb.services.web.authority = master";
    private static final String REQUESTS = "ilbd_selection_requests_total";
    private static final String ANSWERS = "ilbd_selection_answers_total";
    private static final String TIMEOUTS = "ilbd_selection_timeouts_total";
    private static final String OWNED_BY_BACKUP = "ilbd_owned_by_backup_total";
    private static final int LONGS = 100;
    private static final String AS_MASTER = "ilbd_selections_as_master_total";

    @RegisterExtension
    final Lab lab = new Lab();

    private static long sum(List<Ilb> ilbs, String name) {
        return ilbs.stream().mapToLong(ilb -> ilb.scrape().value(name)).sum();
    }

    @Test
    void masterSelectsForTheOthersAndWhatThatTakesIsPrinted() {
        lab.up();
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs = lab.startIlbs(ILBS, "--scheduler", "least-connections", "--set", BY_MASTER);

        Traffic traffic = lab.startTraffic(VIP, "short-rate=" + RATE, "short-limit=3000");
        traffic.awaitShorts(3000);
        Traffic.Report report = traffic.stop();

        assertThat(report.get("short-failed")).as(report.line()).isZero();
        assertThat(report.get("short-done")).as(report.line()).isEqualTo(3000);
        List<Ilb> masters =
                ilbs.stream().filter(ilb -> ilb.scrape().value(AS_MASTER) > 0).toList();
        assertThat(masters).hasSize(1);
        assertThat(masters.getFirst().scrape().value(REQUESTS)).isZero();
        assertThat(sum(ilbs, REQUESTS)).isGreaterThan(1000);
        assertThat(sum(ilbs, ANSWERS) + sum(ilbs, TIMEOUTS)).isGreaterThanOrEqualTo(sum(ilbs, REQUESTS));
        for (Ilb ilb : ilbs) {
            Scrape scrape = ilb.scrape();
            double seconds = scrape.number("ilbd_selection_latency_seconds_sum");
            double count = scrape.number("ilbd_selection_latency_seconds_count");
            System.out.printf(
                    Locale.ROOT,
                    "MasterIT %s: %d requests, %d answers, %d timeouts, %.0f us for an answer on average, %d ms at most,"
                            + " %d selections for others%n",
                    ilb.host(),
                    scrape.value(REQUESTS),
                    scrape.value(ANSWERS),
                    scrape.value(TIMEOUTS),
                    count == 0 ? 0 : seconds / count * 1e6,
                    scrape.millis("ilbd_selection_longest_seconds"),
                    scrape.value(AS_MASTER));
        }
    }

    @Test
    void noNewConnectionFailsWhenTheMasterIsKilled() {
        lab.up();
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs =
                new ArrayList<>(lab.startIlbs(ILBS, "--set", BY_MASTER, "--set", "ilb.cluster.failure-timeout = 1s"));
        Traffic traffic = lab.startTraffic(VIP, "short-rate=" + RATE, "short-limit=5000", "connecting=2000");
        traffic.awaitShorts(1000);
        Ilb master = ilbs.stream()
                .filter(ilb -> ilb.scrape().value(AS_MASTER) > 0)
                .findFirst()
                .orElseThrow();

        master.child().kill();
        ilbs.remove(master);
        lab.ecmp(ilbs.stream().map(Ilb::host).toList());
        lab.awaitView(ilbs, ILBS - 1);
        traffic.awaitShorts(5000);
        Traffic.Report report = traffic.stop();

        assertThat(report.get("short-failed")).as(report.line()).isZero();
        assertThat(report.get("short-done")).as(report.line()).isEqualTo(5000);
        // While its death was not noticed, owners waited in vain.
        assertThat(sum(ilbs, TIMEOUTS)).isPositive();

        // From then on the next one answers: a slow host may have spent the first connections before that.
        long before = sum(ilbs, ANSWERS);
        Traffic later = lab.startTraffic(VIP, "short-rate=" + RATE, "short-limit=1000");
        later.awaitShorts(1000);
        Traffic.Report afterwards = later.stop();
        assertThat(afterwards.get("short-failed")).as(afterwards.line()).isZero();
        assertThat(sum(ilbs, ANSWERS)).isGreaterThan(before);
        assertThat(sum(ilbs, AS_MASTER)).isPositive();
        System.out.println(
                "MasterIT killed the master: " + report.line() + "; SYNs that waited in vain " + sum(ilbs, TIMEOUTS));
    }

    @Test
    void newConnectionsOfAnOverloadedIlbLiveAtTheirBackup() throws IOException {
        try (ControlGroups groups = new ControlGroups()) {
            lab.up();
            lab.startServers(SERVERS, 80);
            List<Path> groupOf = new ArrayList<>();
            List<Ilb> ilbs = new ArrayList<>();
            for (int number = 1; number <= ILBS; number++) {
                Path group = groups.make("ilb" + number);
                Ilb ilb = Ilb.start(lab, number, overloading(number, group, "20%"));
                ControlGroups.put(group, ilb.child().pid());
                groupOf.add(group);
                ilbs.add(ilb);
            }
            ilbs.forEach(Ilb::awaitReady);
            lab.awaitView(ilbs, ILBS);
            Ilb overloaded = ilbs.getFirst();
            await().atMost(Lab.PATIENCE).until(() -> load(overloaded) < 0.2);
            List<Traffic> all = new ArrayList<>(List.of(open(ilbs, LONGS)));
            long before = owned(overloaded);
            long timeouts = overloaded.scrape().value(TIMEOUTS);
            assertThat(before).isPositive();
            assertThat(overloaded.scrape().value(OWNED_BY_BACKUP)).isZero();

            ControlGroups.burn(groupOf.getFirst());
            await().atMost(Lab.PATIENCE).until(() -> load(overloaded) > 0.4);
            all.add(open(ilbs, 2 * LONGS));
            long moved = overloaded.scrape().value(OWNED_BY_BACKUP);
            long kept = owned(overloaded) - before;
            System.out.printf(
                    Locale.ROOT,
                    "MasterIT %s at %.2f: of %d new connections %d are owned by their backup, which it would own, and %d by it; %d timeouts%n",
                    overloaded.host(),
                    load(overloaded),
                    LONGS,
                    moved,
                    kept,
                    overloaded.scrape().value(TIMEOUTS) - timeouts);
            assertThat(kept).as("those it has, it keeps").isNotNegative();
            // It also keeps a new one that the master does not answer in time, or that comes in a moment with less
            // load.
            assertThat(moved).isGreaterThan(kept);

            for (int number = 1; number <= ILBS; number++) {
                Ilb ilb = ilbs.get(number - 1);
                ilb.reload(overloading(number, groupOf.get(number - 1), "100%"));
                await().atMost(Lab.PATIENCE).until(() -> ilb.reloads() == 1);
            }
            all.add(open(ilbs, 3 * LONGS));
            assertThat(owned(overloaded)).isGreaterThan(before + kept);
            assertThat(overloaded.scrape().value(OWNED_BY_BACKUP)).isEqualTo(moved);

            // Each in its turn: those that own what was moved, and the one that it was moved from.
            for (Ilb killed : List.of(ilbs.get(1), overloaded)) {
                all.getFirst().awaitRounds(3);
                killed.child().kill();
                ilbs.remove(killed);
                lab.ecmp(ilbs.stream().map(Ilb::host).toList());
                lab.awaitView(ilbs, ilbs.size());
                awaitOwned(ilbs, 3 * LONGS);
                await().atMost(Lab.PATIENCE)
                        .until(() -> ilbs.size() == 1 || sum(ilbs, "ilbd_under_replicated_connections") == 0);
            }
            for (Traffic traffic : all) {
                traffic.awaitRounds(3);
                Traffic.Report report = traffic.stop();
                assertThat(report.get("failed")).as(report.line()).isZero();
            }
        }
    }

    private String overloading(int ilb, Path group, String overload) {
        return lab.configuration(
                ilb,
                "--set",
                BY_MASTER,
                "--set",
                "ilb.services.web.overload = \"" + overload + "\"",
                "--set",
                "ilb.services.web.overload-difference = \"1%\"",
                "--set",
                "ilb.cluster.load-cgroup = \"" + group + "\"");
    }

    /** Opens so many more connections, which then are so many together. */
    private Traffic open(List<Ilb> ilbs, int together) {
        Traffic traffic = lab.startTraffic(VIP, "long=" + LONGS, "interval=100");
        traffic.awaitOpen(LONGS);
        awaitOwned(ilbs, together);
        return traffic;
    }

    private static void awaitOwned(List<Ilb> ilbs, long connections) {
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream().mapToLong(MasterIT::owned).sum() == connections);
    }

    private static long owned(Ilb ilb) {
        return ilb.scrape().value("ilbd_connections", "role=\"owned\"");
    }

    private static double load(Ilb ilb) {
        return ilb.scrape().number("ilbd_host_load");
    }
}
