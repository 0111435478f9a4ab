package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.ilbd.core.testing.ChiSquare;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeastConnectionsTest {
    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    @Test
    void theServerWithTheFewestConnectionsIsSelected() {
        ServerSet servers = Servers.equal(3);
        Scheduler scheduler = started(servers);
        servers.setConnections(0, 5);
        servers.setConnections(1, 4);
        servers.setConnections(2, 6);
        assertThat(Servers.sequence(scheduler, 4)).isEqualTo("1 1 1 1");
        servers.setConnections(1, 7);
        assertThat(Servers.sequence(scheduler, 4)).isEqualTo("0 0 0 0");
    }

    @Test
    void connectionsCountByWeight() {
        ServerSet servers = Servers.weighted(1, 10);
        Scheduler scheduler = started(servers);
        servers.setConnections(0, 1);
        servers.setConnections(1, 18);
        assertThat(scheduler.select(0)).as("2/1 against 19/10").isEqualTo(1);
        servers.setConnections(1, 20);
        assertThat(scheduler.select(0)).as("2/1 against 21/10").isZero();
    }

    @Test
    void anEmptyHeavyServerComesBeforeAnEmptyLightOne() {
        assertThat(Servers.sequence(started(Servers.weighted(1, 3, 2)), 3)).isEqualTo("1 1 1");
    }

    @Test
    void loadsThatDifferByTheLeastAreToldApart() {
        ServerSet servers = Servers.weighted(65_535, 65_534);
        Scheduler scheduler = started(servers);
        servers.setConnections(0, 65_534);
        servers.setConnections(1, 65_534);
        assertThat(Servers.sequence(scheduler, 2)).as("1 against 65535/65534").isEqualTo("0 0");
        servers.setConnections(0, 65_533);
        servers.setConnections(1, 65_532);
        assertThat(Servers.sequence(scheduler, 2))
                .as("65534/65535 against 65533/65534")
                .isEqualTo("1 1");
        servers.setConnections(0, Integer.MAX_VALUE);
        servers.setConnections(1, Integer.MAX_VALUE - 70_000);
        assertThat(Servers.sequence(scheduler, 2)).as("at the end of the range").isEqualTo("1 1");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 8, 100})
    void equalServersAreHitEvenlyByDifferentConnections(int size) {
        ServerSet servers = Servers.equal(size + 1);
        servers.setConnections(size, 1);
        long[] counts = Servers.counts(started(servers), size + 1, 100_000);
        assertThat(counts[size]).as("the busy one").isZero();
        double[] even = new double[size];
        Arrays.fill(even, 1);
        assertThat(ChiSquare.pValue(ChiSquare.statistic(Arrays.copyOf(counts, size), even), size - 1))
                .as("p of %s", Arrays.toString(counts))
                .isGreaterThan(0.001);
    }

    @Test
    void afterManyConnectionsEachServerHasItsShare() {
        int[] weights = {1, 2, 3, 10, 100, 0};
        ServerSet servers = Servers.weighted(weights);
        Scheduler scheduler = started(servers);
        for (int i = 0; i < 11_600; i++) {
            int position = scheduler.select(random.nextLong());
            servers.setConnections(position, servers.connections(position) + 1);
        }
        for (int i = 0; i < weights.length; i++) {
            assertThat(servers.connections(i))
                    .as("seed %d", seed)
                    .isBetween(weights[i] * 100 - 1, weights[i] * 100 + 1);
        }
    }

    @Test
    void theSelectedServerIsAlwaysOneOfTheLeastLoaded() {
        for (int run = 0; run < 60; run++) {
            int size = 1 + random.nextInt(130);
            ServerSet servers = Servers.weighted(random.ints(size, 0, 6).toArray());
            Scheduler scheduler = started(servers);
            Scheduler other = started(servers);
            for (int i = 0; i < 200; i++) {
                changeSomething(servers, List.of(scheduler, other));
                List<Integer> least = leastLoaded(servers);
                long hash = random.nextLong();
                int selected = scheduler.select(hash);
                if (least.isEmpty()) {
                    assertThat(selected).as("seed %d", seed).isEqualTo(Scheduler.NONE);
                } else {
                    assertThat(least)
                            .as("seed %d, run %d, step %d", seed, run, i)
                            .contains(selected);
                }
                // Another scheduler of the same set, which looks only now and then, must come to the same.
                if (random.nextInt(20) == 0) {
                    assertThat(other.select(hash))
                            .as("seed %d, run %d, step %d", seed, run, i)
                            .isEqualTo(selected);
                }
            }
        }
    }

    private void changeSomething(ServerSet servers, List<Scheduler> schedulers) {
        int size = servers.size();
        int changes = random.nextInt(20) == 0 ? 3 * size + 100 : random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            servers.setConnections(random.nextInt(size), random.nextInt(10));
        }
        if (random.nextInt(10) == 0) {
            servers.setAvailable(random.nextInt(size), random.nextBoolean());
            schedulers.forEach(scheduler -> scheduler.update(servers));
        }
    }

    private static List<Integer> leastLoaded(ServerSet servers) {
        List<Integer> least = new ArrayList<>();
        for (int i = 0; i < servers.size(); i++) {
            if (!servers.available(i) || servers.weight(i) == 0) {
                continue;
            }
            long difference = least.isEmpty()
                    ? 0
                    : (servers.connections(i) + 1L) * servers.weight(least.getFirst())
                            - (servers.connections(least.getFirst()) + 1L) * servers.weight(i);
            if (difference < 0) {
                least.clear();
            }
            if (difference <= 0) {
                least.add(i);
            }
        }
        return least;
    }

    private static Scheduler started(ServerSet servers) {
        return Servers.started(SchedulerKind.LEAST_CONNECTIONS, servers);
    }
}
