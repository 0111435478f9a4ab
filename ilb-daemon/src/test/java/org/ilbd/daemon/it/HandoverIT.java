package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Many associations move while real connections go on. {@code -Dilbd.it.associations=1000000} is the full size. What it prints are times on
 * a machine that does other things too; what it tests is that nothing is lost.
 */
@Tag("alone")
class HandoverIT {
    private static final int ASSOCIATIONS = Integer.getInteger("ilbd.it.associations", 100_000);
    private static final long CONNECTIONS = 200;
    /** Short connections that may be established at one moment. */
    private static final long SHORTS = 100;

    private static final int SERVERS = 2;
    private static final String VIP = "target=10.9.0.1:80";

    private static final String UNDER_REPLICATED = "ilbd_under_replicated_connections";
    private static final String TRANSFERRED = "ilbd_associations_transferred_total";

    /** Round robin: Maglev would find the right server for what is lost. */
    private static final String[] OPTIONS = Stream.concat(
                    Stream.of(
                            "--scheduler",
                            "round-robin",
                            "--set",
                            Lab.PATIENT,
                            "--set",
                            "ilb.connections.established = " + (ASSOCIATIONS + ASSOCIATIONS / 5)),
                    Hole.OPTIONS.stream())
            .toArray(String[]::new);

    @RegisterExtension
    final Lab lab = new Lab().compiledInFull();

    @Test
    void aNewcomerHoldsEverythingBeforeItIsActive() {
        lab.up("--ilbs", "2", "--servers", "2");
        lab.startServers(SERVERS, 80);
        Hole hole = new Hole(lab, 2);
        lab.ecmp(List.of("ilb1"));
        Ilb first = Ilb.start(lab, 1, lab.configuration(1, OPTIONS));
        first.awaitReady();
        lab.awaitView(List.of(first), 1);
        hole.open(ASSOCIATIONS, List.of(first));
        Traffic traffic = lab.startTraffic(VIP, "long=" + CONNECTIONS, "interval=200", "short-rate=100");
        traffic.awaitOpen((int) CONNECTIONS);

        Ilb second = Ilb.start(lab, 2, lab.configuration(2, OPTIONS));
        second.awaitReady();
        List<Ilb> both = List.of(first, second);
        lab.awaitView(both, 2);

        assertThat(first.scrape().value(TRANSFERRED)).isGreaterThanOrEqualTo(ASSOCIATIONS + CONNECTIONS);
        print("join", both);
        traffic.awaitRounds(2);
        await().atMost(Lab.PATIENCE)
                .untilAsserted(() -> assertThat(both)
                        .allSatisfy(ilb -> assertThat(Hole.established(ilb))
                                .isBetween(ASSOCIATIONS + CONNECTIONS, ASSOCIATIONS + CONNECTIONS + SHORTS)));
        Traffic.Report report = traffic.report();
        report.assertUnbroken();
        System.out.println("join: " + report);

        lab.ecmp(List.of("ilb2"));
        first.child().kill();
        lab.awaitView(List.of(second), 1);
        traffic.awaitRounds(2);
        assertThat(Hole.established(second)).isBetween(ASSOCIATIONS + CONNECTIONS, ASSOCIATIONS + CONNECTIONS + SHORTS);
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed") + last.get("short-failed"))
                .as(last.line())
                .isZero();
        assertThat(second.scrape().value("ilbd_orphans_total")).isZero();
        assertThat(second.scrape().value("ilbd_table_full_total")).isZero();
    }

    @Test
    void afterACrashEverythingIsOnTwoIlbsAgain() {
        lab.up("--servers", "2");
        lab.startServers(SERVERS, 80);
        Hole hole = new Hole(lab, 3);
        List<Ilb> ilbs = lab.startIlbs(3, OPTIONS);
        hole.open(ASSOCIATIONS, ilbs);
        Traffic traffic = lab.startTraffic(VIP, "long=" + CONNECTIONS, "interval=200", "short-rate=100");
        traffic.awaitOpen((int) CONNECTIONS);
        List<Ilb> others = ilbs.subList(0, 2);

        ilbs.get(2).child().kill();
        long start = System.nanoTime();
        lab.ecmp(List.of("ilb1", "ilb2"));
        lab.awaitView(others, 2);
        long noticed = System.nanoTime();
        long[] most = {0};
        await().atMost(Lab.PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
            long sum = others.stream()
                    .mapToLong(ilb -> ilb.scrape().value(UNDER_REPLICATED))
                    .sum();
            most[0] = Math.max(most[0], sum);
            return sum == 0 && others.stream().allMatch(ilb -> ilb.scrape().value("ilbd_handover_in_progress") == 0);
        });
        System.out.printf(
                "crash: %d connections, %d seen under-replicated at most; view after %d ms, replicated after %d ms%n",
                ASSOCIATIONS, most[0], millis(noticed - start), millis(System.nanoTime() - start));
        print("crash", others);

        // Whatever the dead one held is sent once: a third owned by each of the three, another third backed up.
        assertThat(others.stream()
                        .mapToLong(ilb -> ilb.scrape().value(TRANSFERRED))
                        .sum())
                .isGreaterThan(ASSOCIATIONS / 2);
        traffic.awaitRounds(2);
        // What a backup was not told in time it asks for, once its half-open timeout is over.
        await().atMost(Lab.PATIENCE)
                .untilAsserted(() -> assertThat(others)
                        .allSatisfy(ilb -> assertThat(Hole.established(ilb))
                                .isBetween(ASSOCIATIONS + CONNECTIONS, ASSOCIATIONS + CONNECTIONS + SHORTS)));
        assertThat(others)
                .allSatisfy(ilb ->
                        assertThat(ilb.scrape().value("ilbd_table_full_total")).isZero());
        Traffic.Report last = traffic.stop();
        System.out.println("crash: " + last);
        assertThat(last.get("failed") + last.get("short-failed"))
                .as(last.line())
                .isZero();
    }

    @Test
    void thereIsRoomForTenMillionAssociations() {
        lab.up("--ilbs", "1", "--servers", "1");
        Ilb ilb = Ilb.start(lab, 1, lab.configuration(1, "--set", "ilb.connections.established = 10000000"));
        ilb.awaitReady();

        assertThat(ilb.scrape().value("ilbd_connections_capacity", "room=\"established\""))
                .isEqualTo(10_000_000);
        System.out.println("10,000,000 associations: " + resident(ilb));
    }

    private void print(String what, List<Ilb> ilbs) {
        for (Ilb ilb : ilbs) {
            Scrape scrape = ilb.scrape();
            System.out.printf(
                    "%s: %s: %d associations sent, longest slice %.2f ms (work %.2f ms; %d of %d over 1 ms), longest distance of ticks %.1f ms, %s%n",
                    what,
                    ilb.host(),
                    scrape.value(TRANSFERRED),
                    millis(scrape, "longest_slice"),
                    millis(scrape, "longest_slice_work"),
                    scrape.value("ilbd_engine_long_slices_total"),
                    scrape.value("ilbd_engine_slices_total"),
                    millis(scrape, "longest_cycle"),
                    resident(ilb));
            System.out.print(ilb.child().errors());
        }
    }

    private static double millis(Scrape scrape, String figure) {
        return scrape.samples().getOrDefault("ilbd_engine_" + figure + "_seconds", Double.NaN) * 1e3;
    }

    private String resident(Ilb ilb) {
        return lab.run(ilb.host(), "grep", "VmRSS", "/proc/" + ilb.child().pid() + "/status")
                .strip();
    }

    private static long millis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }
}
