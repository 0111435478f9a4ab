package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What each scheduler does with real connections, by its definition: through three ILBs to three servers, which stay up while the scheduler
 * and the weights change by reload.
 */
class SchedulersIT {
    private static final int ILBS = 3;
    private static final int SERVERS = 3;
    private static final String VIP = "target=10.9.0.1:80";
    private static final int AGENT_PORT = 9707;

    private static final long[] EQUAL = {1, 1, 1};
    private static final long[] RISING = {1, 2, 5};
    private static final long[] FALLING = {5, 2, 1};

    /** Connections that stay open: by {@link #FALLING}, 150 of them are at the first server. */
    private static final int HELD = 240;

    /** New ones. With them the first server's part by {@link #RISING} is 80 at most, far below what it has. */
    private static final int NEW = 400;

    @RegisterExtension
    final Lab lab = new Lab();

    @SuppressWarnings("NullAway.Init") // by the test
    private List<Ilb> ilbs;

    @Test
    void eachSpreadsConnectionsAsItIsDefinedAndFollowsAReload() {
        lab.up();
        lab.startServers(SERVERS, 80);
        ilbs = lab.startIlbs(ILBS);
        everyRequestOnANewConnectionIsAnsweredAndEverybodyTakesPart();
        aClientHasOneServerBySourceHash();
        weightsAndLoadsCountAsEachSchedulerDefines();
    }

    private void everyRequestOnANewConnectionIsAnsweredAndEverybodyTakesPart() {
        for (String scheduler : List.of(
                "maglev", "round-robin", "least-connections", "random-two-choices", "least-load", "bounded-load")) {
            reload(scheduler, EQUAL);
            List<Long> before = newConnections();
            Traffic.Report report = shorts(1000);
            for (long share : shares("short", report)) {
                assertThat(share).as(scheduler + " " + report.line()).isGreaterThan(200);
            }
            List<Long> after = newConnections();
            long sum = 0;
            for (int i = 0; i < ILBS; i++) {
                assertThat(after.get(i)).as(scheduler + ": ilb" + (i + 1)).isGreaterThan(before.get(i));
                sum += after.get(i) - before.get(i);
            }
            assertThat(sum).as(scheduler).isEqualTo(1000);
        }
        assertThat(ilbs)
                .allSatisfy(ilb -> assertThat(ilb.scrape().value("ilbd_service_packets_total", "direction=\"in\""))
                        .isPositive());
    }

    private void aClientHasOneServerBySourceHash() {
        reload("source-hash", EQUAL);
        List<Long> before = newConnections();
        Traffic.Report report = shorts(400);
        assertThat(shares("short", report)).as(report.line()).containsExactlyInAnyOrder(400L, 0L, 0L);
        List<Long> after = newConnections();
        for (int i = 0; i < ILBS; i++) {
            assertThat(after.get(i)).as("ilb" + (i + 1)).isGreaterThan(before.get(i));
        }
    }

    private void weightsAndLoadsCountAsEachSchedulerDefines() {
        List<Path> agents = startAgents();
        reload("round-robin", FALLING);
        Traffic held = lab.startTraffic(VIP, "long=" + HELD, "interval=2000");
        held.awaitOpen(HELD);
        assertTurns(shares("long", held.report()), FALLING);

        reload("round-robin", RISING);
        assertTurns(shares("long", opened()), RISING);

        reload("maglev", RISING);
        assertDrawn(shares("long", opened()), RISING);

        sourceHash();

        // The first server has more than its part of all connections, and so gets none until the others have theirs.
        reload("least-connections", RISING);
        long[] least = shares("long", opened());
        assertThat(least[0]).isZero();
        assertNear(least, fill(shares("long", held.report())), 20);

        // It gets one only if all draws are of it: (1/8)^5 of all, so that three or more come once in a million runs.
        reload("random-two-choices", RISING);
        long[] two = shares("long", opened());
        assertThat(two[0]).isLessThanOrEqualTo(2);
        assertNear(two, fill(shares("long", held.report())), 30);

        // Its bound is a quarter above its part, 100 of 640. The others share by the table.
        reload("bounded-load", RISING);
        long[] bounded = shares("long", opened());
        assertThat(bounded[0]).isZero();
        assertDrawn(bounded, new long[] {0, 2, 5});

        leastLoad(agents);

        Traffic.Report last = held.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
        assertThat(last.get("open")).as(last.line()).isEqualTo(HELD);
    }

    /** Each client is one draw, and all of its connections go the same way. */
    private void sourceHash() {
        lab.run("client", "ip", "route", "add", "local", "10.8.0.0/16", "dev", "lo");
        lab.run("router", "ip", "route", "add", "10.8.0.0/16", "via", "10.1.0.2");
        reload("source-hash", RISING);
        Traffic traffic = lab.startTraffic(VIP, "short-rate=400", "short-limit=" + NEW, "sources=" + NEW);
        traffic.awaitShorts(NEW);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("short-done")).as(report.line()).isEqualTo(NEW);
        assertDrawn(shares("short", report), RISING);
    }

    /** Most go to the least loaded, whatever its weight and its connections: the first one has the smallest weight and the most of those. */
    private void leastLoad(List<Path> agents) {
        say(agents, 100, 900, 900);
        reload("least-load", RISING, "--set", "ilb.services.web.agent = { port = 9707, interval = 200ms }");
        awaitLoads(100, 900, 900);
        // What one that is open costs until the next report is 1900 / 240 per mille on average, five times that at the
        // lightest server: the
        // others have their turn only while more than 20 new ones are open at a time.
        long[] first = shares("short", shorts(NEW));
        assertThat(first[0])
                .as(List.of(first[0], first[1], first[2]).toString())
                .isGreaterThan(NEW * 3 / 4);
        say(agents, 900, 100, 900);
        awaitLoads(900, 100, 900);
        long[] second = shares("short", shorts(NEW));
        assertThat(second[1])
                .as(List.of(second[0], second[1], second[2]).toString())
                .isGreaterThan(NEW * 3 / 4);
    }

    private List<Path> startAgents() {
        List<Path> files = new ArrayList<>();
        List<Child> agents = new ArrayList<>();
        for (int server = 1; server <= SERVERS; server++) {
            Path file = lab.directory().resolve("agent" + server);
            files.add(file);
            agents.add(lab.start(
                    "agent" + server,
                    "server" + server,
                    Lab.java(
                            AgentProcess.class,
                            "10.2.0." + (100 + server),
                            Integer.toString(AGENT_PORT),
                            file.toString())));
        }
        agents.forEach(agent -> agent.awaitLine("ready"));
        return files;
    }

    private static void say(List<Path> agents, int... loads) {
        for (int i = 0; i < SERVERS; i++) {
            AgentProcess.say(agents.get(i), "up load:" + loads[i] + "\n");
        }
    }

    /** Per mille; waits until each ILB goes by them. */
    private void awaitLoads(int... loads) {
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream()
                        .map(Ilb::scrape)
                        .allMatch(scrape ->
                                IntStream.range(0, SERVERS).allMatch(i -> isLoaded(scrape, i, loads[i] / 1000.0))));
    }

    private static boolean isLoaded(Scrape scrape, int server, double load) {
        String label = "server=\"10.2.0." + (101 + server) + ":80\"";
        return scrape.samples().entrySet().stream()
                .anyMatch(sample -> sample.getKey().startsWith("ilbd_server_load{")
                        && sample.getKey().contains(label)
                        && sample.getValue() == load);
    }

    /** Another scheduler and other weights for all ILBs; they work by them when this returns. */
    private void reload(String scheduler, long[] weights, String... options) {
        List<String> servers = new ArrayList<>();
        for (int i = 0; i < SERVERS; i++) {
            servers.add("{ address = \"10.2.0." + (101 + i) + "\", weight = " + weights[i] + " }");
        }
        List<String> all = new ArrayList<>(List.of("--scheduler", scheduler));
        all.addAll(List.of("--set", "ilb.services.web.servers = [" + String.join(", ", servers) + "]"));
        all.addAll(List.of(options));
        for (int i = 0; i < ILBS; i++) {
            ilbs.get(i).reloadWhole(lab.configuration(i + 1, all.toArray(new String[0])));
        }
    }

    private List<Long> newConnections() {
        return ilbs.stream()
                .map(ilb -> ilb.scrape().value("ilbd_new_connections_total"))
                .toList();
    }

    /** So many requests, each on a connection of its own. */
    private Traffic.Report shorts(int count) {
        Traffic traffic = lab.startTraffic(VIP, "short-rate=400", "short-limit=" + count);
        traffic.awaitShorts(count);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("short-failed")).as(report.line()).isZero();
        assertThat(report.get("short-done")).as(report.line()).isEqualTo(count);
        return report;
    }

    /** New connections beside those that are held, of which all ILBs have heard; they are closed again. */
    private Traffic.Report opened() {
        await().atMost(Lab.PATIENCE)
                .until(() ->
                        ilbs.stream().allMatch(ilb -> ilb.scrape().value("ilbd_server_cluster_connections") == HELD));
        Traffic traffic = lab.startTraffic(VIP, "long=" + NEW, "interval=2000", "connecting=8");
        traffic.awaitOpen(NEW);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("failed")).as(report.line()).isZero();
        return report;
    }

    private static long[] shares(String kind, Traffic.Report report) {
        return IntStream.rangeClosed(1, SERVERS)
                .mapToLong(server -> report.get(kind + "-server" + server))
                .toArray();
    }

    /**
     * Exact but for the ends: in any stretch of an ILB's sequence a server has its turns to within one, and all turns together are off by at
     * most one for each server, so that it is less than two away from its part; each ILB has a sequence of its own.
     */
    private static void assertTurns(long[] shares, long[] weights) {
        double total = LongStream.of(shares).sum();
        double sum = LongStream.of(weights).sum();
        for (int i = 0; i < SERVERS; i++) {
            assertThat(Math.abs(shares[i] - total * weights[i] / sum))
                    .as(LongStream.of(shares).boxed().toList().toString())
                    .isLessThan(2 * ILBS);
        }
    }

    /** Chi-square with two degrees of freedom or one: 28 is exceeded once in a million times at most (exp(-28 / 2)). */
    private static void assertDrawn(long[] shares, long[] weights) {
        double total = LongStream.of(shares).sum();
        double sum = LongStream.of(weights).sum();
        double chiSquare = 0;
        for (int i = 0; i < SERVERS; i++) {
            if (weights[i] > 0) {
                double expected = total * weights[i] / sum;
                chiSquare += (shares[i] - expected) * (shares[i] - expected) / expected;
            }
        }
        assertThat(chiSquare)
                .as(LongStream.of(shares).boxed().toList().toString())
                .isLessThan(28);
    }

    /** What the second and the third server must get to have their parts, 2 : 5, of what isn't at the first one. */
    private static double[] fill(long[] had) {
        double all = had[1] + had[2] + NEW;
        return new double[] {0, all * 2 / 7 - had[1], all * 5 / 7 - had[2]};
    }

    /** @param slack for what an ILB has not heard yet of the connections of the others */
    private static void assertNear(long[] shares, double[] expected, int slack) {
        for (int i = 0; i < SERVERS; i++) {
            assertThat(Math.abs(shares[i] - expected[i]))
                    .as(LongStream.of(shares).boxed().toList() + " of "
                            + List.of(expected[0], expected[1], expected[2]))
                    .isLessThanOrEqualTo(slack);
        }
    }
}
