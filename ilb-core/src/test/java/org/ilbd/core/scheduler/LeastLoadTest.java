package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.ilbd.core.testing.ChiSquare;
import org.junit.jupiter.api.Test;

class LeastLoadTest {
    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    @Test
    void theServerWithTheSmallestLoadIsSelected() {
        ServerSet servers = reporting(500, 300, 301);
        Scheduler scheduler = started(servers);
        assertThat(Servers.sequence(scheduler, 3)).isEqualTo("1 1 1");
        servers.setLoad(1, 600);
        assertThat(Servers.sequence(scheduler, 3)).isEqualTo("2 2 2");
        servers.setLoad(0, 0);
        assertThat(Servers.sequence(scheduler, 3)).isEqualTo("0 0 0");
    }

    @Test
    void aLoadIsNotDividedByTheWeight() {
        ServerSet servers = Servers.weighted(1, 100);
        servers.setLoad(0, 400);
        servers.setLoad(1, 401);
        assertThat(Servers.sequence(started(servers), 3)).isEqualTo("0 0 0");
    }

    @Test
    void ofEquallyLoadedServersTheHeaviestIsSelected() {
        ServerSet servers = Servers.weighted(1, 3, 2);
        IntStream.range(0, 3).forEach(i -> servers.setLoad(i, 700));
        assertThat(Servers.sequence(started(servers), 3)).isEqualTo("1 1 1");
    }

    @Test
    void equalServersAreHitEvenlyByDifferentConnections() {
        long[] counts = Servers.counts(started(reporting(200, 200, 200, 200, 201)), 5, 100_000);
        assertThat(counts[4]).isZero();
        assertThat(ChiSquare.pValue(ChiSquare.statistic(Arrays.copyOf(counts, 4), new double[] {1, 1, 1, 1}), 3))
                .as("p of %s", Arrays.toString(counts))
                .isGreaterThan(0.001);
    }

    /** What they had at the report is in its load already, however many they are. */
    @Test
    void connectionsBeforeTheReportDoNotCount() {
        ServerSet servers = Servers.equal(2);
        servers.setConnections(0, 1_000);
        servers.setConnections(1, 10);
        servers.setLoad(0, 300);
        servers.setLoad(1, 310);
        assertThat(Servers.sequence(started(servers), 3)).isEqualTo("0 0 0");
    }

    @Test
    void connectionsSinceTheReportCountAsWhatOneCostThen() {
        ServerSet servers = Servers.equal(2);
        servers.setConnections(0, 100);
        servers.setConnections(1, 100);
        servers.setLoad(0, 200);
        servers.setLoad(1, 300);
        Scheduler scheduler = started(servers);
        // On average one costs 502 by 202 per mille; the fortieth leads to 200 + 40 x 2.49 = 299.4.
        open(scheduler, servers, 40);
        assertThat(servers.connections(0)).as("of 140 and 100").isEqualTo(140);
        open(scheduler, servers, 1);
        assertThat(servers.connections(0)).isEqualTo(141);
        open(scheduler, servers, 1);
        assertThat(servers.connections(1)).isEqualTo(101);
    }

    @Test
    void theNextReportCountsWithWhatTheServerHasThen() {
        ServerSet servers = Servers.equal(2);
        servers.setConnections(0, 100);
        servers.setConnections(1, 100);
        servers.setLoad(0, 200);
        servers.setLoad(1, 210);
        Scheduler scheduler = started(servers);
        servers.setConnections(0, 200);
        assertThat(Servers.sequence(scheduler, 2)).as("200 and a hundred more").isEqualTo("1 1");
        servers.setLoad(0, 200);
        assertThat(Servers.sequence(scheduler, 2)).as("200 all the same").isEqualTo("0 0");
    }

    @Test
    void nobodyIsFloodedBetweenTwoReports() {
        int size = 10;
        ServerSet servers = Servers.equal(size);
        for (int i = 0; i < size; i++) {
            servers.setConnections(i, 100);
            servers.setLoad(i, i == 3 ? 190 : 200);
        }
        open(started(servers), servers, 1_000);
        for (int i = 0; i < size; i++) {
            assertThat(servers.connections(i)).as("seed %d, server %d", seed, i).isBetween(198, 206);
        }
    }

    @Test
    void aServerThatHasJustStartedGetsNoMoreThanItsPart() {
        ServerSet servers = Servers.equal(10);
        for (int i = 0; i < 10; i++) {
            servers.setConnections(i, i == 3 ? 0 : 100);
            servers.setLoad(i, i == 3 ? 0 : 900);
        }
        Scheduler scheduler = started(servers);
        open(scheduler, servers, 50);
        assertThat(servers.connections(3)).isEqualTo(50);
        open(scheduler, servers, 1_000);
        assertThat(servers.connections(3)).as("seed %d", seed).isBetween(180, 210);
    }

    @Test
    void lessWeightFillsUpSooner() {
        ServerSet servers = Servers.weighted(1, 10);
        servers.setLoad(0, 0);
        servers.setLoad(1, 0);
        open(started(servers), servers, 1_100);
        assertThat(servers.connections(0)).as("seed %d", seed).isBetween(99, 101);
    }

    @Test
    void withoutAnyReportItIsTheFewestConnections() {
        int[] weights = {1, 2, 3, 10};
        ServerSet servers = Servers.weighted(weights);
        open(started(servers), servers, 16_000);
        for (int i = 0; i < weights.length; i++) {
            assertThat(servers.connections(i))
                    .as("seed %d", seed)
                    .isBetween(weights[i] * 1_000 - 2, weights[i] * 1_000 + 2);
        }
    }

    @Test
    void aServerWithoutAReportCountsAsItsConnectionsWouldLoadTheAverage() {
        ServerSet servers = Servers.equal(3);
        servers.setConnections(0, 100);
        servers.setConnections(1, 100);
        servers.setConnections(2, 50);
        servers.setLoad(0, 400);
        servers.setLoad(1, 600);
        Scheduler scheduler = started(servers);
        assertThat(scheduler.select(1)).as("50 x 5 per mille").isEqualTo(2);
        servers.setConnections(2, 90);
        assertThat(scheduler.select(1)).as("90 x 5 per mille").isZero();
        servers.setLoad(0, 900);
        servers.setLoad(1, 900);
        assertThat(scheduler.select(1)).as("90 x 9 per mille").isEqualTo(2);
        servers.setLoad(2, 1_000);
        assertThat(scheduler.select(1)).as("it reports").isNotEqualTo(2);
        servers.setLoad(2, ServerSet.UNKNOWN);
        assertThat(scheduler.select(1)).as("it does no more").isEqualTo(2);
    }

    /** While somebody does not report, one that follows every change agrees with one that starts from what there is. */
    @Test
    void changesLeadToWhatAFreshStartGives() {
        for (int run = 0; run < 60; run++) {
            ServerSet servers = someSet();
            servers.setWeight(0, 1);
            Scheduler scheduler = started(servers);
            for (int i = 0; i < 100; i++) {
                int changes = random.nextInt(20) == 0 ? 3 * servers.size() + 100 : random.nextInt(4);
                for (int change = 0; change < changes; change++) {
                    servers.setConnections(random.nextInt(servers.size()), random.nextInt(100));
                    servers.setLoad(1 + random.nextInt(servers.size() - 1), random.nextInt(1_001));
                }
                updateSometimes(servers, scheduler);
                long hash = random.nextLong();
                assertThat(scheduler.select(hash))
                        .as("seed %d, run %d, step %d", seed, run, i)
                        .isEqualTo(started(servers).select(hash));
            }
        }
    }

    @Test
    void theSelectedServerIsAlwaysOneOfTheLeastLoaded() {
        for (int run = 0; run < 60; run++) {
            ServerSet servers = someSet();
            Scheduler scheduler = started(servers);
            for (int i = 0; i < servers.size(); i++) {
                servers.setLoad(i, random.nextInt(1_001));
            }
            for (int i = 0; i < 100; i++) {
                servers.setLoad(random.nextInt(servers.size()), random.nextInt(1_001));
                updateSometimes(servers, scheduler);
                int selected = scheduler.select(random.nextLong());
                assertThat(selected == Scheduler.NONE ? noneIsLeft(servers) : isLeast(servers, selected))
                        .as("seed %d, run %d, step %d", seed, run, i)
                        .isTrue();
            }
        }
    }

    private ServerSet someSet() {
        return Servers.weighted(random.ints(2 + random.nextInt(100), 0, 4).toArray());
    }

    /** Never the first. */
    private void updateSometimes(ServerSet servers, Scheduler scheduler) {
        if (random.nextInt(10) == 0) {
            int position = 1 + random.nextInt(servers.size() - 1);
            servers.setAvailable(position, random.nextBoolean());
            servers.setWeight(position, random.nextInt(4));
            scheduler.update(servers);
        }
    }

    private static boolean noneIsLeft(ServerSet servers) {
        return IntStream.range(0, servers.size()).allMatch(i -> servers.effectiveWeight(i) == 0);
    }

    private static boolean isLeast(ServerSet servers, int selected) {
        return servers.effectiveWeight(selected) > 0
                && IntStream.range(0, servers.size())
                        .filter(i -> servers.effectiveWeight(i) > 0)
                        .allMatch(i -> servers.load(selected) < servers.load(i)
                                || (servers.load(selected) == servers.load(i)
                                        && servers.weight(selected) >= servers.weight(i)));
    }

    private void open(Scheduler scheduler, ServerSet servers, int connections) {
        for (int i = 0; i < connections; i++) {
            int position = scheduler.select(random.nextLong());
            servers.setConnections(position, servers.connections(position) + 1);
        }
    }

    private static ServerSet reporting(int... loads) {
        ServerSet servers = Servers.equal(loads.length);
        for (int i = 0; i < loads.length; i++) {
            servers.setLoad(i, loads[i]);
        }
        return servers;
    }

    private static Scheduler started(ServerSet servers) {
        return Servers.started(SchedulerKind.LEAST_LOAD, servers);
    }
}
