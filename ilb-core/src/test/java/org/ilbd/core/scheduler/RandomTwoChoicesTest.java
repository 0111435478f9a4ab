package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.ilbd.core.testing.ChiSquare;
import org.junit.jupiter.api.Test;

class RandomTwoChoicesTest {
    private static final int SELECTIONS = 200_000;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    /** Servers with ever more connections: each wins only against those after it. */
    @Test
    void theLessLoadedOfTwoWeightedDrawsIsSelected() {
        int[] weights = {3, 1, 2, 2, 4};
        ServerSet servers = Servers.weighted(weights);
        for (int i = 0; i < weights.length; i++) {
            servers.setConnections(i, 100 * i * weights[i] + weights[i] - 1);
        }
        double total = IntStream.of(weights).sum();
        double[] expected = new double[weights.length];
        for (int first = 0; first < weights.length; first++) {
            double redrawn = 0;
            double again = weights[first] / total;
            for (int draw = 0; draw < RandomTwoChoices.MAX_DRAWS; draw++) {
                redrawn += Math.pow(again, draw);
            }
            for (int second = 0; second < weights.length; second++) {
                double both = weights[first] / total * weights[second] / total * redrawn;
                expected[Math.min(first, second)] += first == second ? 0 : both;
            }
            expected[first] += weights[first] / total * Math.pow(again, RandomTwoChoices.MAX_DRAWS);
        }
        long[] counts =
                Servers.counts(Servers.started(SchedulerKind.RANDOM_TWO_CHOICES, servers), weights.length, SELECTIONS);
        assertThat(ChiSquare.pValue(ChiSquare.statistic(counts, expected), weights.length - 1))
                .as("p of %s for %s", Arrays.toString(counts), Arrays.toString(expected))
                .isGreaterThan(0.001);
    }

    @Test
    void connectionsCountByWeight() {
        ServerSet servers = Servers.weighted(1, 3);
        Scheduler scheduler = Servers.started(SchedulerKind.RANDOM_TWO_CHOICES, servers);
        servers.setConnections(0, 10);
        servers.setConnections(1, 31);
        long[] behind = Servers.counts(scheduler, 2, SELECTIONS);
        assertThat(behind[0]).as("11/1 against 32/3").isLessThan(SELECTIONS / 100);
        servers.setConnections(1, 33);
        long[] ahead = Servers.counts(scheduler, 2, SELECTIONS);
        assertThat(ahead[0]).as("11/1 against 34/3").isGreaterThan(SELECTIONS / 2);
    }

    @Test
    void equallyLoadedServersAreHitByWeight() {
        int[] weights = {1, 2, 3, 4};
        ServerSet servers = Servers.weighted(weights);
        IntStream.range(0, 4).forEach(i -> servers.setConnections(i, weights[i] - 1));
        long[] counts = Servers.counts(Servers.started(SchedulerKind.RANDOM_TWO_CHOICES, servers), 4, SELECTIONS);
        assertThat(ChiSquare.pValue(ChiSquare.statistic(counts, new double[] {1, 2, 3, 4}), 3))
                .as("p of %s", Arrays.toString(counts))
                .isGreaterThan(0.001);
    }

    /** The paper's result: log log n instead of log n / log log n above the average; here, of a hundred thousand balls in a thousand bins. */
    @Test
    void noServerGetsFarAheadOfTheOthers() {
        int size = 1_000;
        ServerSet servers = Servers.equal(size);
        Scheduler scheduler = Servers.started(SchedulerKind.RANDOM_TWO_CHOICES, servers);
        for (int i = 0; i < 100 * size; i++) {
            int position = scheduler.select(random.nextLong());
            servers.setConnections(position, servers.connections(position) + 1);
        }
        int most = IntStream.range(0, size).map(servers::connections).max().orElseThrow();
        assertThat(most)
                .as("seed %d; one random choice leads to about 130", seed)
                .isBetween(101, 106);
    }
}
