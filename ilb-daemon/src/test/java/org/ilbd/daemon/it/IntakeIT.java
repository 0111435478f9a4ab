package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.ilbd.core.protocol.IntakeMessage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Three ILBs, four servers with agents, and one server at a time that takes every new connection. */
class IntakeIT {
    private static final int ILBS = 3;
    private static final int SERVERS = 4;
    private static final String VIP = "target=10.9.0.1:80";
    private static final int LONG = 60;
    private static final int UDP_HEADER = 8;

    @RegisterExtension
    final Lab lab = new Lab();

    private List<Child> servers = List.of();
    private List<Ilb> ilbs = List.of();
    /** Of each ILB when server 1 had become the intake. */
    private List<Scrape> start = List.of();

    @BeforeEach
    void start() {
        lab.up("--ilbs", Integer.toString(ILBS), "--servers", Integer.toString(SERVERS));
        // The first of them can be killed.
        servers =
                List.of(lab.startServers(IntStream.of(1), 80), lab.startServers(IntStream.rangeClosed(2, SERVERS), 80));
        List<Child> agents = new ArrayList<>();
        for (int server = 1; server <= SERVERS; server++) {
            // Above the threshold but for one, so that this one becomes the intake whoever is heard of first.
            says(server, server == 1 ? 100 : 800);
            agents.add(lab.start(
                    "agent" + server,
                    "server" + server,
                    Lab.java(
                            AgentProcess.class,
                            "10.2.0.10" + server,
                            "9707",
                            file(server).toString())));
        }
        agents.forEach(agent -> agent.awaitLine("ready"));
        ilbs = lab.startIlbs(ILBS, options("75%"));
        awaitIntake(ilbs, 1);
        for (int server = 1; server <= SERVERS; server++) {
            says(server, 100);
        }
        for (int server = 1; server <= SERVERS; server++) {
            awaitLoad(server, 100);
        }
        start = ilbs.stream().map(Ilb::scrape).toList();
    }

    private static String[] options(String threshold) {
        return new String[] {
            "--scheduler",
            "intake",
            "--set",
            "ilb.services.web.intake { threshold = " + threshold + ", max-time = 0s, min-time = 500ms }",
            "--set",
            "ilb.services.web.agent { port = 9707, interval = 200ms }",
            "--set",
            "ilb.services.web.health { interval = 200ms, timeout = 200ms }"
        };
    }

    private Path file(int server) {
        return lab.directory().resolve("agent" + server);
    }

    private void says(int server, int load) {
        AgentProcess.say(file(server), "up load:" + load + "\n");
    }

    /** Until all ILBs know of it: the next report of another server may come first otherwise. */
    private void awaitLoad(int server, int load) {
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream()
                        .allMatch(ilb -> ilb.scrape().samples().entrySet().stream()
                                .anyMatch(sample -> sample.getKey().startsWith("ilbd_server_load{")
                                        && sample.getKey().contains("server=\"10.2.0.10" + server + ":80\"")
                                        && sample.getValue() == load / 1_000.0)));
    }

    private static boolean isIntake(Scrape scrape, int server) {
        return IntStream.rangeClosed(1, SERVERS)
                .allMatch(other -> scrape.value("ilbd_server_intake", "server=\"10.2.0.10" + other + ":80\"")
                        == (other == server ? 1 : 0));
    }

    /** Until these ILBs have it from the same designation, and all have confirmed. */
    private static void awaitIntake(List<Ilb> some, int server) {
        await().atMost(Lab.PATIENCE).until(() -> {
            List<Scrape> scrapes = some.stream().map(Ilb::scrape).toList();
            return scrapes.stream().allMatch(scrape -> isIntake(scrape, server))
                    && scrapes.stream().map(IntakeIT::sequence).distinct().count() == 1
                    && scrapes.stream().allMatch(scrape -> scrape.value("ilbd_service_intake_unconfirmed") == 0)
                    && scrapes.stream()
                                    .mapToLong(scrape -> scrape.value("ilbd_service_intake_responsible"))
                                    .sum()
                            == 1;
        });
    }

    private static long sequence(Scrape scrape) {
        return scrape.value("ilbd_service_intake_sequence");
    }

    /** Of 200 new connections through all ILBs, none of which fails, all go to this server. */
    private void assertTakesAll(int server) {
        Traffic traffic = lab.startTraffic(VIP, "short-rate=200", "short-limit=200");
        traffic.awaitShorts(200);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("short-failed")).as(report.line()).isZero();
        assertThat(report.get("short-server" + server)).as(report.line()).isEqualTo(200);
    }

    private Traffic startLong() {
        Traffic traffic = lab.startTraffic(VIP, "long=" + LONG);
        traffic.awaitOpen(LONG);
        return traffic;
    }

    /** All live, and have never been at another server. */
    private static void assertStay(Traffic traffic, int server) {
        traffic.awaitRounds(2);
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
        assertThat(last.get("checked")).as(last.line()).isEqualTo(last.get("sent"));
        assertThat(last.get("long-server" + server)).as(last.line()).isEqualTo(LONG);
    }

    private Ilb responsible() {
        return ilbs.stream()
                .filter(ilb -> ilb.scrape().value("ilbd_service_intake_responsible") == 1)
                .findAny()
                .orElseThrow();
    }

    @Test
    void allNewConnectionsGoToTheIntakeWhichMovesAtTheThresholdAndWhatItHadStays() {
        assertTakesAll(1);
        Traffic traffic = startLong();
        assertThat(ilbs)
                .allSatisfy(ilb -> assertThat(ilb.scrape().value("ilbd_new_connections_total"))
                        .isPositive());

        says(2, 200);
        awaitLoad(2, 200);
        says(1, 760);
        awaitIntake(ilbs, 3);
        assertTakesAll(3);
        assertThat(ilbs)
                .allSatisfy(ilb -> await().atMost(Lab.PATIENCE)
                        .until(() -> ilb.child().errors().contains("service web: intake is 10.2.0.103")));
        assertThat(responsible().child().errors()).contains("the load of the one before is above the threshold");

        for (int i = 0; i < ILBS; i++) {
            ilbs.get(i).reload(lab.configuration(i + 1, options("9%")));
        }
        says(4, 50);
        awaitIntake(ilbs, 4);
        assertTakesAll(4);
        assertStay(traffic, 1);
        assertHistory();
    }

    /** Server 1 was it at the start; then 3 and 4 were, once each, by the load. */
    private void assertHistory() {
        List<Scrape> end = ilbs.stream().map(Ilb::scrape).toList();
        assertThat(sum(start, "cause=\"first\"")).isPositive();
        assertThat(sum(end, "cause=\"load\"") - sum(start, "cause=\"load\"")).isEqualTo(2);
        assertThat(sum(end, "cause=\"peer\"") - sum(start, "cause=\"peer\"")).isEqualTo(2 * (ILBS - 1));
        assertThat(sum(end, "cause=\"lost\"")).isEqualTo(sum(start, "cause=\"lost\""));
        int[] times = {0, 0, 1, 1};
        for (int server = 1; server <= SERVERS; server++) {
            for (int i = 0; i < ILBS; i++) {
                assertThat(designations(end.get(i), server) - designations(start.get(i), server))
                        .as("designations of server %d that ILB %d counts", server, i + 1)
                        .isEqualTo(times[server - 1]);
            }
            assertThat(designations(start.getFirst(), 1)).isPositive();
        }
    }

    private static long sum(List<Scrape> scrapes, String tag) {
        return scrapes.stream()
                .mapToLong(scrape -> scrape.value("ilbd_service_intake_designations_total", tag))
                .sum();
    }

    private static long designations(Scrape scrape, int server) {
        return scrape.value("ilbd_server_intake_designations_total", "server=\"10.2.0.10" + server + ":80\"");
    }

    @Test
    void theResponsibleIlbIsKilledInTheMiddleOfAMove() {
        Traffic traffic = startLong();
        Ilb responsible = responsible();
        List<Ilb> others = new ArrayList<>(ilbs);
        others.remove(responsible);
        long before = sequence(responsible.scrape());
        // One of the others is not told: datagrams of this length are no other messages.
        lab.run(others.getFirst().host(), "nft", """
                table inet deaf {
                    chain from-ilbs {
                        type filter hook input priority 0
                        udp dport 7440 udp length %d counter drop
                    }
                }
                """.formatted(IntakeMessage.LENGTH_BYTES + UDP_HEADER));
        says(1, 760);
        await().atMost(Lab.PATIENCE).until(() -> sequence(others.getLast().scrape()) > before);
        assertThat(sequence(others.getFirst().scrape())).isEqualTo(before);
        assertThat(responsible.scrape().value("ilbd_service_intake_unconfirmed"))
                .isEqualTo(1);

        responsible.child().kill();
        lab.ecmp(others.stream().map(Ilb::host).toList());
        lab.run(others.getFirst().host(), "nft", "delete", "table", "inet", "deaf");
        lab.awaitView(others, ILBS - 1);
        awaitIntake(others, 2);

        assertThat(sequence(others.getFirst().scrape()))
                .as("the backup finishes the move, and does not make another")
                .isEqualTo(before + 1);
        assertTakesAll(2);
        assertStay(traffic, 1);
    }

    @Test
    void theIntakeIsKilled() {
        assertTakesAll(1);
        servers.getFirst().kill();
        awaitIntake(ilbs, 2);
        assertTakesAll(2);
        assertThat(responsible().child().errors()).contains("the one before takes no new connections");
    }
}
