package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BoundedLoadTest {
    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    /** Few clients with many connections each: a bare table would put them wherever they hash. */
    @ParameterizedTest
    @ValueSource(doubles = {1.05, 1.25, 2})
    void noServerGetsMoreThanItsPartTimesTheFactor(double factor) {
        int[] weights = random.ints(30, 0, 5).toArray();
        weights[0] = 1;
        ServerSet servers = Servers.weighted(weights);
        Scheduler scheduler = started(servers, factor);
        long[] clients = random.longs(20).toArray();
        int total = IntStream.of(weights).sum();
        for (int m = 0; m < 5_000; m++) {
            if (random.nextInt(3) == 0) {
                close(servers);
            }
            int position = scheduler.select(clients[random.nextInt(clients.length)]);
            int count =
                    IntStream.range(0, weights.length).map(servers::connections).sum() + 1;
            servers.setConnections(position, servers.connections(position) + 1);
            assertThat((double) servers.connections(position))
                    .as("seed %d, connection %d", seed, m)
                    .isLessThanOrEqualTo(Math.ceil(factor * count * weights[position] / total));
        }
    }

    private void close(ServerSet servers) {
        int position = random.nextInt(servers.size());
        servers.setConnections(position, Math.max(0, servers.connections(position) - 1));
    }

    @Test
    void belowItsBoundEveryServerHasTheConnectionsOfTheTable() {
        ServerSet servers = Servers.equal(20);
        Scheduler scheduler = started(servers, BoundedLoad.DEFAULT_FACTOR);
        Scheduler table = Servers.started(SchedulerKind.MAGLEV, servers);
        IntStream.range(0, 20).forEach(i -> servers.setConnections(i, 1_000));
        for (int i = 0; i < 10_000; i++) {
            long hash = random.nextLong();
            assertThat(scheduler.select(hash)).as("seed %d", seed).isEqualTo(table.select(hash));
        }
    }

    /** The definition, word by word. */
    @Test
    void aServerAtItsBoundPassesOnToTheNextEntriesOfTheTable() {
        for (int run = 0; run < 50; run++) {
            int size = 1 + random.nextInt(20);
            ServerSet servers = Servers.weighted(random.ints(size, 1, 4).toArray());
            Scheduler scheduler = started(servers, BoundedLoad.DEFAULT_FACTOR);
            Maglev table = new Maglev(new MaglevBuilder());
            table.update(servers);
            for (int i = 0; i < 200; i++) {
                IntStream.range(0, random.nextInt(3))
                        .forEach(change -> servers.setConnections(random.nextInt(size), random.nextInt(20)));
                if (random.nextInt(10) == 0) {
                    servers.setAvailable(random.nextInt(size), random.nextBoolean());
                    scheduler.update(servers);
                    table.update(servers);
                }
                long hash = random.nextLong();
                assertThat(scheduler.select(hash))
                        .as("seed %d, run %d, step %d", seed, run, i)
                        .isEqualTo(reference(servers, table, hash));
            }
        }
    }

    private static int reference(ServerSet servers, Maglev table, long hash) {
        if (table.select(hash) == Scheduler.NONE) {
            return Scheduler.NONE;
        }
        int[] selectable = IntStream.range(0, servers.size())
                .filter(i -> servers.effectiveWeight(i) > 0)
                .toArray();
        long connections = IntStream.of(selectable).map(servers::connections).sum() + 1L;
        long weights = IntStream.of(selectable).map(servers::weight).sum();
        int entry = Maglev.entry(hash);
        while (true) {
            int position = table.at(entry);
            // ceil(5/4 x connections x weight / weights), in integers
            long numerator = 5 * connections * servers.weight(position);
            long bound = (numerator + 4 * weights - 1) / (4 * weights);
            if (servers.connections(position) + 1 <= bound) {
                return position;
            }
            entry = (entry + 1) % Maglev.TABLE_SIZE;
        }
    }

    @Test
    void aServerThatIsFullMovesOnlyWhatIsNewForIt() {
        ServerSet servers = Servers.equal(100);
        IntStream.range(0, 100).forEach(i -> servers.setConnections(i, 100));
        Scheduler scheduler = started(servers, BoundedLoad.DEFAULT_FACTOR);
        long[] hashes = random.longs(50_000).toArray();
        int[] before = IntStream.range(0, hashes.length)
                .map(i -> scheduler.select(hashes[i]))
                .toArray();
        servers.setConnections(42, 200);
        for (int i = 0; i < hashes.length; i++) {
            int after = scheduler.select(hashes[i]);
            assertThat(after == before[i] || before[i] == 42)
                    .as("seed %d", seed)
                    .isTrue();
            assertThat(after).isNotEqualTo(42);
        }
    }

    @Test
    void lightServersThatHaveNoEntryDoNotKeepItLooking() {
        int[] weights = new int[12_000];
        Arrays.fill(weights, 1);
        Arrays.fill(weights, 0, 3, ServerSet.MAX_WEIGHT);
        ServerSet servers = Servers.weighted(weights);
        IntStream.range(0, 3).forEach(i -> servers.setConnections(i, 1_000_000));
        Scheduler scheduler = started(servers, BoundedLoad.MIN_FACTOR);
        assertThat(scheduler.select(1))
                .isEqualTo(Servers.started(SchedulerKind.MAGLEV, servers).select(1));
    }

    @Test
    void refusesAFactorThatBoundsNothingOrTooMuch() {
        for (double factor : new double[] {0, 1, 1.04, 100.1, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> started(Servers.equal(1), factor))
                    .withMessage("factor " + factor + " is not in 1.05..100.0");
        }
    }

    private static Scheduler started(ServerSet servers, double factor) {
        Scheduler scheduler = SchedulerKind.BOUNDED_LOAD.create(new Maglev(new MaglevBuilder()), factor);
        scheduler.update(servers);
        return scheduler;
    }
}
