package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.ilbd.core.testing.ChiSquare;
import org.junit.jupiter.api.Test;

class RoundRobinTest {
    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    @Test
    void equalServersTakeTurns() {
        assertThat(Servers.sequence(started(Servers.equal(3)), 7)).isEqualTo("0 1 2 0 1 2 0");
    }

    @Test
    void aHeavyServerIsSpreadAmongLightOnes() {
        assertThat(Servers.sequence(started(Servers.weighted(5, 1, 1)), 14)).isEqualTo("0 0 0 1 2 0 0 0 0 0 1 2 0 0");
    }

    @Test
    void weightsOfTwoAndThreeAlternate() {
        assertThat(Servers.sequence(started(Servers.weighted(2, 3)), 10)).isEqualTo("1 0 1 0 1 1 0 1 0 1");
    }

    @Test
    void aServerThatIsDownLosesItsTurn() {
        ServerSet servers = Servers.equal(3);
        servers.setAvailable(1, false);
        assertThat(Servers.sequence(started(servers), 5)).isEqualTo("0 2 0 2 0");
    }

    @Test
    void theOrderIsThatOfTheDefinition() {
        for (int run = 0; run < 100; run++) {
            int[] weights = random.ints(1 + random.nextInt(20), 0, 1 + random.nextInt(100))
                    .toArray();
            Scheduler scheduler = started(Servers.weighted(weights));
            long[] turns = new long[weights.length];
            for (int i = 0; i < 3000; i++) {
                assertThat(scheduler.select(random.nextLong()))
                        .as("seed %d, run %d, turn %d", seed, run, i)
                        .isEqualTo(referenceTurn(weights, turns));
            }
        }
    }

    /** The k-th turn of a server comes at (k + 1/2) / weight; here in parts of the heaviest one's gap. */
    private static int referenceTurn(int[] weights, long[] turns) {
        long heaviest = IntStream.of(weights).max().orElseThrow();
        int best = Scheduler.NONE;
        long earliest = Long.MAX_VALUE;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                long gap = heaviest * 65_536 / weights[i];
                long time = gap / 2 + turns[i] * gap;
                if (time < earliest) {
                    best = i;
                    earliest = time;
                }
            }
        }
        if (best >= 0) {
            turns[best]++;
        }
        return best;
    }

    /** Times start again at 0 before they overflow, here after about 131,000 turns, and nobody notices. */
    @Test
    void turnsGoOnAfterTheirTimesHaveStartedAgain() {
        int[] weights = {ServerSet.MAX_WEIGHT, 1, 7};
        Scheduler scheduler = started(Servers.weighted(weights));
        long[] turns = new long[weights.length];
        for (int i = 0; i < 300_000; i++) {
            int expected = referenceTurn(weights, turns);
            if (scheduler.select(0) != expected) {
                throw new AssertionError("turn " + i + " is not that of server " + expected);
            }
        }
        assertThat(turns).containsExactly(299_963, 5, 32);
    }

    @Test
    void eachServerHasItsExactShareAfterAFullRound() {
        int[] weights = random.ints(1000, 0, 50).toArray();
        int round = IntStream.of(weights).sum();
        long[] counts = Servers.counts(started(Servers.weighted(weights)), weights.length, round);
        for (int i = 0; i < weights.length; i++) {
            assertThat(counts[i]).as("seed %d, server %d", seed, i).isEqualTo(weights[i]);
        }
    }

    @Test
    void anUpdateThatChangesNothingDoesNotDisturbTheOrder() {
        int[] weights = random.ints(30, 1, 10).toArray();
        ServerSet servers = Servers.weighted(weights);
        Scheduler disturbed = started(servers);
        Scheduler left = started(servers);
        for (int i = 0; i < 1000; i++) {
            if (random.nextInt(5) == 0) {
                disturbed.update(random.nextBoolean() ? servers : Servers.weighted(weights));
            }
            assertThat(disturbed.select(0)).as("seed %d, turn %d", seed, i).isEqualTo(left.select(0));
        }
    }

    @Test
    void frequentUpdatesLeaveNobodyOut() {
        int size = 50;
        ServerSet servers = Servers.equal(size);
        Scheduler scheduler = started(servers);
        long[] counts = new long[size];
        for (int i = 0; i < 20_000; i++) {
            if (i % 3 == 0) {
                servers.setAvailable(0, i % 2 == 0);
                scheduler.update(servers);
            }
            counts[scheduler.select(0)]++;
        }
        long[] steady = Arrays.copyOfRange(counts, 1, size);
        double[] even = new double[steady.length];
        Arrays.fill(even, 1);
        assertThat(ChiSquare.pValue(ChiSquare.statistic(steady, even), steady.length - 1))
                .as("p of %s", Arrays.toString(steady))
                .isGreaterThan(0.001);
    }

    @Test
    void nobodyGetsABurstWhenMostServersGo() {
        ServerSet servers =
                Servers.weighted(IntStream.range(0, 200).map(i -> i % 7 + 1).toArray());
        Scheduler scheduler = started(servers);
        for (int i = 0; i < 100; i++) {
            scheduler.select(0);
        }
        for (int i = 0; i < servers.size(); i++) {
            servers.setAvailable(i, i == 6 || i == 195);
        }
        scheduler.update(servers);
        int run = 0;
        int previous = Scheduler.NONE;
        for (int i = 0; i < 40; i++) {
            int position = scheduler.select(0);
            run = position == previous ? run + 1 : 1;
            previous = position;
            assertThat(run).as("turns of server %d on end", position).isLessThan(4);
        }
    }

    @Test
    void aServerKeepsItsTurnWhenTheListIsReordered() {
        Scheduler scheduler = started(Servers.equal(4));
        assertThat(Servers.sequence(scheduler, 2)).isEqualTo("0 1");
        ServerSet reversed = new ServerSet(
                IntStream.of(3, 2, 1, 0).mapToObj(Servers::endpoint).toList(), new int[] {1, 1, 1, 1});
        scheduler.update(reversed);
        // The last two of the old list, the first two of the new one, are still owed a turn; then a new round starts.
        assertThat(Servers.sequence(scheduler, 6)).isEqualTo("0 1 0 1 2 3");
    }

    private static Scheduler started(ServerSet servers) {
        return Servers.started(SchedulerKind.ROUND_ROBIN, servers);
    }
}
