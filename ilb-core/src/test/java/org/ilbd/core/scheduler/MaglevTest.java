package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.testing.ChiSquare;
import org.junit.jupiter.api.Test;

class MaglevTest {
    private static final int KEYS = 200_000;

    @Test
    void everyServerHasItsShareOfTheTableByWeight() {
        int[] weights = IntStream.range(0, 100).map(i -> i % 10 + 1).toArray();
        long[] entries = entries(Servers.weighted(weights));
        int total = IntStream.of(weights).sum();
        for (int i = 0; i < weights.length; i++) {
            double share = (double) Maglev.TABLE_SIZE * weights[i] / total;
            assertThat((double) entries[i]).as("entries of server %d", i).isBetween(share - 1, share + 1);
        }
    }

    @Test
    void extremeWeightsKeepTheirRatio() {
        assertThat(entries(Servers.weighted(ServerSet.MAX_WEIGHT, ServerSet.MAX_WEIGHT)))
                .containsExactly(32769, 32768);
        long[] entries = entries(Servers.weighted(ServerSet.MAX_WEIGHT, 1, 0));
        assertThat(entries[1]).isBetween(1L, 2L);
        assertThat(entries[2]).isZero();
    }

    @Test
    void connectionsSpreadByWeight() {
        int[] weights = {1, 2, 3, 4, 10};
        long[] counts = Servers.counts(started(Servers.weighted(weights)), weights.length, KEYS);
        double[] shares = IntStream.of(weights).asDoubleStream().toArray();
        assertThat(ChiSquare.pValue(ChiSquare.statistic(counts, shares), weights.length - 1))
                .as("p of %s", Arrays.toString(counts))
                .isGreaterThan(0.001);
    }

    @Test
    void aServerThatGoesMovesFewConnectionsOfTheOthers() {
        for (int gone : new int[] {0, 17, 99}) {
            ServerSet servers = Servers.equal(100);
            int[] before = selections(servers);
            servers.setAvailable(gone, false);
            int[] after = selections(servers);
            long moved = IntStream.range(0, KEYS)
                    .filter(i -> before[i] != gone && before[i] != after[i])
                    .count();
            assertThat(moved).as("of %d, without server %d", KEYS, gone).isLessThan(KEYS * 2 / 100);
            assertThat(after).doesNotContain(gone);
        }
    }

    @Test
    void aServerThatComesBackGetsItsOwnConnectionsBack() {
        ServerSet servers = Servers.equal(10);
        Scheduler scheduler = started(servers);
        int[] before = selections(scheduler);
        servers.setAvailable(3, false);
        scheduler.update(servers);
        assertThat(selections(scheduler)).isNotEqualTo(before);
        servers.setAvailable(3, true);
        scheduler.update(servers);
        assertThat(selections(scheduler)).isEqualTo(before);
    }

    @Test
    void aServerThatIsDownIsAsOneThatIsNotListed() {
        ServerSet down = Servers.equal(5);
        down.setAvailable(4, false);
        int[] four = selections(Servers.equal(4));
        assertThat(selections(down)).isEqualTo(four);
        assertThat(selections(Servers.weighted(1, 1, 1, 1, 0))).isEqualTo(four);
    }

    @Test
    void moreWeightDrawsConnectionsFromTheOthersAndMovesFewElse() {
        int[] weights = new int[100];
        Arrays.fill(weights, 10);
        int[] before = selections(Servers.weighted(weights));
        weights[42] = 20;
        int[] after = selections(Servers.weighted(weights));
        long gained = 0;
        long lost = 0;
        long movedElsewhere = 0;
        for (int i = 0; i < KEYS; i++) {
            if (before[i] != after[i]) {
                gained += after[i] == 42 ? 1 : 0;
                lost += before[i] == 42 ? 1 : 0;
                movedElsewhere += before[i] != 42 && after[i] != 42 ? 1 : 0;
            }
        }
        assertThat(gained - lost).as("from 1.00 to 1.98 %%").isBetween(KEYS * 9L / 1000, KEYS * 11L / 1000);
        assertThat(lost).isLessThan(KEYS / 1000);
        assertThat(movedElsewhere).isLessThan(KEYS * 2 / 100);
    }

    @Test
    void lessWeightGivesConnectionsUp() {
        int[] weights = new int[100];
        Arrays.fill(weights, 10);
        long before = entries(Servers.weighted(weights))[42];
        weights[42] = 5;
        long after = entries(Servers.weighted(weights))[42];
        assertThat(after).isBetween(before / 2 - 1, before / 2 + 3);
    }

    @Test
    void theOrderOfTheListDoesNotCount() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<Endpoint> endpoints = new ArrayList<>(
                IntStream.range(0, 50).mapToObj(Servers::endpoint).toList());
        endpoints.add(Endpoint.parse("[2001:db8::1]:80"));
        endpoints.add(Endpoint.parse("10.3.0.1:81"));
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, endpoints.size()).boxed().toList());
        Collections.shuffle(order, random);
        int[] weights = random.ints(endpoints.size(), 1, 4).toArray();
        ServerSet listed = new ServerSet(endpoints, weights);
        ServerSet shuffled = new ServerSet(
                order.stream().map(endpoints::get).toList(),
                order.stream().mapToInt(i -> weights[i]).toArray());
        int[] fromListed = selections(listed);
        int[] fromShuffled = selections(shuffled);
        for (int i = 0; i < KEYS; i++) {
            assertThat(order.get(fromShuffled[i])).as("seed %d", seed).isEqualTo(fromListed[i]);
        }
    }

    @Test
    void portsAloneTellServersApart() {
        ServerSet servers =
                new ServerSet(List.of(Endpoint.parse("10.3.0.1:80"), Endpoint.parse("10.3.0.1:81")), new int[] {1, 1});
        assertThat(entries(servers)).containsExactly(32769, 32768);
    }

    /** All ILBs must build the same table, also two versions in one cluster. */
    @Test
    void frozenVectors() {
        assertThat(Servers.sequence(started(Servers.equal(3)), 24))
                .isEqualTo("2 0 2 2 0 2 2 2 2 1 2 0 2 1 0 2 2 0 1 2 0 2 1 0");
        assertThat(Servers.sequence(started(Servers.weighted(1, 2, 3, 4, 5, 0, 10)), 24))
                .isEqualTo("2 3 4 2 6 4 2 6 6 1 2 6 2 1 6 4 4 4 3 6 6 2 6 0");
        ServerSet mixedFamilies = new ServerSet(
                List.of(
                        Endpoint.parse("[2001:db8::1]:80"),
                        Endpoint.parse("[2001:db8::2]:80"),
                        Endpoint.parse("[2001:db8:1::1]:80"),
                        Endpoint.parse("10.3.0.1:80")),
                new int[] {1, 1, 1, 1});
        assertThat(Servers.sequence(started(mixedFamilies), 24))
                .isEqualTo("0 3 0 1 3 3 3 2 2 1 2 0 2 3 3 1 2 0 3 1 0 0 1 0");
        assertThat(Arrays.hashCode(selections(Servers.equal(1000))))
                .as("of a thousand servers")
                .isEqualTo(-1885943689);
    }

    /** The definition, slowly: turns sorted by their time, and the entries found by steps alone. */
    @Test
    void weightedServersFillTheTableAsDefined() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int run = 0; run < 10; run++) {
            int[] weights = random.ints(1 + random.nextInt(40), 0, 1 + random.nextInt(1_000))
                    .toArray();
            ServerSet servers = Servers.weighted(weights);
            int[] table = reference(servers);
            Maglev maglev = new Maglev(new MaglevBuilder());
            maglev.update(servers);
            if (maglev.select(0) == Scheduler.NONE) {
                continue;
            }
            assertThat(IntStream.range(0, table.length).map(maglev::at).toArray())
                    .as("seed %d, run %d", seed, run)
                    .isEqualTo(table);
        }
    }

    private static int[] reference(ServerSet servers) {
        List<Integer> order = IntStream.range(0, servers.size())
                .boxed()
                .sorted(Comparator.comparing(servers::endpoint))
                .toList();
        long sum = IntStream.range(0, servers.size()).map(servers::weight).sum();
        record Turn(long unit, int rank) {}
        List<Turn> turns = new ArrayList<>();
        for (int rank = 0; rank < order.size(); rank++) {
            long weight = servers.weight(order.get(rank));
            // No more than half a turn behind its share, so all are through soon after the end of the table.
            for (long k = 0; weight > 0 && (2 * k + 1) * sum / (2 * weight) <= Maglev.TABLE_SIZE + order.size(); k++) {
                turns.add(new Turn((2 * k + 1) * sum / (2 * weight), rank));
            }
        }
        turns.sort(Comparator.comparingLong(Turn::unit).thenComparingInt(Turn::rank));
        int[] table = new int[Maglev.TABLE_SIZE];
        Arrays.fill(table, Scheduler.NONE);
        long[] offsets = new long[order.size()];
        long[] skips = new long[order.size()];
        for (int rank = 0; rank < offsets.length; rank++) {
            Endpoint endpoint = servers.endpoint(order.get(rank));
            offsets[rank] = Long.remainderUnsigned(endpointHash("maglev-o", endpoint), table.length);
            skips[rank] = Long.remainderUnsigned(endpointHash("maglev-s", endpoint), table.length - 1) + 1;
        }
        for (int turn = 0; turn < table.length && turn < turns.size(); turn++) {
            int rank = turns.get(turn).rank();
            while (table[(int) offsets[rank]] != Scheduler.NONE) {
                offsets[rank] = (offsets[rank] + skips[rank]) % table.length;
            }
            table[(int) offsets[rank]] = order.get(rank);
        }
        return table;
    }

    /** The pseudo-code of the paper, for servers of equal weight. */
    @Test
    void equalServersFillTheTableAsThePaperSays() {
        int size = 7;
        ServerSet servers = Servers.equal(size);
        int[] table = new int[Maglev.TABLE_SIZE];
        Arrays.fill(table, Scheduler.NONE);
        long[] next = new long[size];
        for (int filled = 0; filled < table.length; filled++) {
            int i = filled % size;
            long offset = Long.remainderUnsigned(endpointHash("maglev-o", servers.endpoint(i)), table.length);
            long skip = Long.remainderUnsigned(endpointHash("maglev-s", servers.endpoint(i)), table.length - 1) + 1;
            int entry;
            do {
                entry = (int) ((offset + next[i]++ * skip) % table.length);
            } while (table[entry] != Scheduler.NONE);
            table[entry] = i;
        }
        Scheduler scheduler = started(servers);
        long range = Long.divideUnsigned(-1L, Maglev.TABLE_SIZE);
        for (int entry = 0; entry < table.length; entry++) {
            assertThat(scheduler.select(entry * range + range / 2))
                    .as("entry %d", entry)
                    .isEqualTo(table[entry]);
        }
    }

    private static long endpointHash(String seed, Endpoint endpoint) {
        long hash = ByteBuffer.wrap(seed.getBytes(StandardCharsets.US_ASCII)).getLong();
        for (long word : new long[] {4, 0, endpoint.address().low(), endpoint.port()}) {
            hash = SelectionHash.mix(hash ^ word);
        }
        return hash;
    }

    private static Scheduler started(ServerSet servers) {
        return Servers.started(SchedulerKind.MAGLEV, servers);
    }

    private static int[] selections(ServerSet servers) {
        return selections(started(servers));
    }

    private static int[] selections(Scheduler scheduler) {
        return IntStream.range(0, KEYS)
                .map(i -> scheduler.select(SelectionHash.mix(i)))
                .toArray();
    }

    /** How many entries of the table each server has: one hash in the middle of each entry's range. */
    private static long[] entries(ServerSet servers) {
        Scheduler scheduler = started(servers);
        long[] entries = new long[servers.size()];
        long range = Long.divideUnsigned(-1L, Maglev.TABLE_SIZE);
        for (int i = 0; i < Maglev.TABLE_SIZE; i++) {
            entries[scheduler.select(i * range + range / 2)]++;
        }
        return entries;
    }
}
