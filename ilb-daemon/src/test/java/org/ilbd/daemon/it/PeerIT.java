package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Three hosts that are ILB and server both. The namespaces share one kernel's processors, so each host's load is what an agent on it
 * says: one that the test tells, or {@code ilbd agent} for the host's control group.
 */
@Tag("alone")
class PeerIT {
    private static final String VIP = "target=10.9.0.1:80";
    private static final int HOSTS = 3;
    private static final int LONGS = 30;

    @RegisterExtension
    final Lab lab = new Lab();

    private final List<Child> servers = new ArrayList<>();
    private final List<Path> agents = new ArrayList<>();
    private List<Ilb> ilbs = List.of();

    private String[] options(String scheduler, String... more) {
        List<String> options = new ArrayList<>(List.of(
                "--scheduler",
                scheduler,
                "--set",
                "ilb.services.web.servers = [{ address = \"10.2.0.11\" }, { address = \"10.2.0.12\" },"
                        + " { address = \"10.2.0.13\" }]"));
        for (String setting : more) {
            options.add("--set");
            options.add(setting);
        }
        return options.toArray(String[]::new);
    }

    private void start(String scheduler, String... more) {
        lab.up("--ilbs", Integer.toString(HOSTS), "--servers", "0");
        for (int host = 1; host <= HOSTS; host++) {
            servers.add(lab.startServer("server" + host, "ilb" + host, 80));
        }
        ilbs = new ArrayList<>(lab.startIlbs(HOSTS, options(scheduler, more)));
        // Each has to know the others' MAC addresses before it can tell their frames.
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream()
                        .allMatch(ilb ->
                                lab.run(ilb.host(), "nft", "list", "ruleset").split("([0-9a-f]{2}:){5}", -1).length
                                        == HOSTS));
    }

    private void startAgents() {
        List<Child> started = new ArrayList<>();
        for (int host = 1; host <= HOSTS; host++) {
            Path file = lab.directory().resolve("agent" + host);
            AgentProcess.say(file, "up load:100\n");
            agents.add(file);
            started.add(lab.start(
                    "agent" + host,
                    "ilb" + host,
                    Lab.java(AgentProcess.class, "10.2.0.1" + host, "9707", file.toString())));
        }
        started.forEach(agent -> agent.awaitLine("ready"));
    }

    private void load(int host, int perMille) {
        AgentProcess.say(agents.get(host - 1), "up load:" + perMille + "\n");
        awaitLoad(host, perMille);
    }

    private void awaitLoad(int host, int perMille) {
        awaitLoad(host, perMille, perMille);
    }

    /** Until all ILBs know that a host's load is between these. */
    private void awaitLoad(int host, int least, int most) {
        String server = "server=\"10.2.0.1" + host + ":80\"";
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream()
                        .filter(ilb -> ilb.child().isAlive())
                        .allMatch(ilb -> ilb.scrape().samples().entrySet().stream()
                                .anyMatch(sample -> sample.getKey().startsWith("ilbd_server_load{")
                                        && sample.getKey().contains(server)
                                        && Math.round(sample.getValue() * 1000) >= least
                                        && Math.round(sample.getValue() * 1000) <= most)));
    }

    /** New connections by way of some of the hosts: which server had how many of 60. */
    private List<Long> shorts(String... hosts) {
        lab.ecmp(List.of(hosts));
        Traffic traffic = lab.startTraffic(VIP, "short-rate=100", "short-limit=60");
        traffic.awaitShorts(60);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("short-failed")).as(report.line()).isZero();
        return List.of(report.get("short-server1"), report.get("short-server2"), report.get("short-server3"));
    }

    @Test
    void aLoadedHostPassesOnWhatComesAndKeepsWhatItHasAlsoWithoutItsIlbd() {
        start("peer", "ilb.services.web.agent = { port = 9707, interval = 200ms }");
        startAgents();
        for (int host = 1; host <= HOSTS; host++) {
            awaitLoad(host, 100);
        }
        assertThat(shorts("ilb1")).containsExactly(60L, 0L, 0L);
        assertThat(shorts("ilb2")).containsExactly(0L, 60L, 0L);
        lab.ecmp(List.of("ilb1"));
        Traffic longs = lab.startTraffic(VIP, "long=" + LONGS, "interval=100");
        longs.awaitOpen(LONGS);
        assertThat(longs.report().get("long-server1")).as("%s", longs.report()).isEqualTo(LONGS);

        load(1, 900);
        load(3, 50);
        List<Long> passed = shorts("ilb1");
        assertThat(passed.getFirst()).as("%s", passed).isZero();
        assertThat(passed.get(2)).as("%s", passed).isPositive();
        assertThat(shorts("ilb2")).containsExactly(0L, 60L, 0L);

        lab.ecmp(List.of("ilb2", "ilb3", "ilb1"));
        longs.awaitRounds(5);
        ilbs.getFirst().child().kill();
        lab.ecmp(List.of("ilb2", "ilb3"));
        longs.awaitRounds(20);
        load(3, 100);
        assertThat(shorts("ilb2", "ilb3").getFirst()).isZero();

        ilbs.set(
                0,
                Ilb.start(
                        lab,
                        1,
                        lab.configuration(
                                1, options("peer", "ilb.services.web.agent = { port = 9707, interval = 200ms }"))));
        ilbs.getFirst().awaitReady();
        lab.awaitView(ilbs, HOSTS);
        lab.ecmp(List.of("ilb1", "ilb2", "ilb3"));
        longs.awaitRounds(10);
        load(1, 100);
        assertThat(shorts("ilb1")).containsExactly(60L, 0L, 0L);
        Traffic.Report last = longs.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
    }

    @Test
    void hostWhoseProcessorsAreBusyPassesOnAndThresholdsChangeByReload() throws IOException {
        try (ControlGroups groups = new ControlGroups()) {
            start("peer", burning("20%", "10%"));
            List<Path> groupOf = new ArrayList<>();
            List<Child> started = new ArrayList<>();
            for (int host = 1; host <= HOSTS; host++) {
                Path group = groups.make("host" + host);
                groupOf.add(group);
                ControlGroups.put(group, servers.get(host - 1).pid());
                started.add(lab.start(
                        "agent" + host,
                        "ilb" + host,
                        List.of(
                                Lab.DISTRIBUTION.resolve("bin/ilbd").toString(),
                                "agent",
                                "--listen",
                                "10.2.0.1" + host + ":9707",
                                "--cgroup",
                                group.toString())));
            }
            started.forEach(agent -> agent.awaitLine("ilbd agent is ready"));
            for (int host = 1; host <= HOSTS; host++) {
                awaitLoad(host, 0, 200);
            }
            assertThat(shorts("ilb1")).as("idle").containsExactly(60L, 0L, 0L);
            lab.ecmp(List.of("ilb1"));
            Traffic longs = lab.startTraffic(VIP, "long=" + LONGS, "interval=100");
            longs.awaitOpen(LONGS);

            ControlGroups.burn(groupOf.getFirst());
            awaitLoad(1, 300, 1000);
            List<Long> passed = shorts("ilb1");
            assertThat(passed.getFirst()).as("busy: %s", passed).isZero();
            assertThat(shorts("ilb2")).as("at an idle one").containsExactly(0L, 60L, 0L);
            assertThat(longs.report().get("long-server1"))
                    .as("%s", longs.report())
                    .isEqualTo(LONGS);

            reload(burning("100%", "10%"));
            assertThat(shorts("ilb1")).as("kept by keep-below").containsExactly(60L, 0L, 0L);
            reload(burning("20%", "100%"));
            assertThat(shorts("ilb1")).as("kept by pass-difference").containsExactly(60L, 0L, 0L);
            reload(burning("20%", "10%"));
            assertThat(shorts("ilb1").getFirst()).as("passed on again").isZero();
            assertThat(longs.stop().get("failed")).isZero();
        }
    }

    private static String[] burning(String keepBelow, String passDifference) {
        return new String[] {
            "ilb.services.web.agent = { port = 9707, interval = 200ms }",
            "ilb.services.web.peer = { keep-below = \"" + keepBelow + "\", pass-difference = \"" + passDifference
                    + "\" }"
        };
    }

    private void reload(String... settings) {
        for (int host = 1; host <= HOSTS; host++) {
            ilbs.get(host - 1).reloadWhole(lab.configuration(host, options("peer", settings)));
        }
    }

    @Test
    void everyOtherSchedulerWorksOnHostsThatAreBoth() {
        start("round-robin");

        List<Long> counts = shorts("ilb1", "ilb2", "ilb3");

        assertThat(counts).allSatisfy(count -> assertThat(count).isPositive());
        // Each measures its own host, and the others hear of it.
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.getFirst().scrape().samples().entrySet().stream()
                                .filter(sample ->
                                        sample.getKey().startsWith("ilbd_server_load{") && sample.getValue() >= 0)
                                .count()
                        == HOSTS);
    }
}
