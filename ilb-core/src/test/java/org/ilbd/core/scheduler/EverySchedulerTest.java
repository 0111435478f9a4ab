package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Random;
import org.ilbd.core.testing.AllocatedBytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for all schedulers alike. */
class EverySchedulerTest {
    private static final int SELECTIONS = 2_000;

    @ParameterizedTest
    @EnumSource
    void nothingIsSelectedBeforeTheFirstUpdate(SchedulerKind kind) {
        assertThat(kind.create(new Maglev(new MaglevBuilder()), BoundedLoad.DEFAULT_FACTOR)
                        .select(42))
                .isEqualTo(Scheduler.NONE);
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsSelectedFromAnEmptySet(SchedulerKind kind) {
        Scheduler scheduler = Servers.started(kind, Servers.equal(3));
        scheduler.update(new ServerSet(List.of(), new int[0]));
        assertThat(scheduler.select(42)).isEqualTo(Scheduler.NONE);
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsSelectedWhenEveryServerIsDownOrHasWeightZero(SchedulerKind kind) {
        ServerSet servers = Servers.weighted(1, 0, 3);
        servers.setAvailable(0, false);
        servers.setAvailable(2, false);
        assertThat(Servers.sequence(Servers.started(kind, servers), 4)).isEqualTo("-1 -1 -1 -1");
    }

    @ParameterizedTest
    @EnumSource
    void theOnlyServerGetsEverything(SchedulerKind kind) {
        assertThat(Servers.counts(Servers.started(kind, Servers.equal(1)), 1, SELECTIONS))
                .containsExactly(SELECTIONS);
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatIsDownOrHasWeightZeroGetsNothing(SchedulerKind kind) {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int run = 0; run < 20; run++) {
            int size = 2 + random.nextInt(40);
            ServerSet servers = Servers.weighted(random.ints(size, 0, 5).toArray());
            boolean any = false;
            for (int i = 0; i < size; i++) {
                servers.setAvailable(i, random.nextInt(3) > 0);
                any |= servers.available(i) && servers.weight(i) > 0;
            }
            Scheduler scheduler = Servers.started(kind, servers);
            for (int i = 0; i < SELECTIONS; i++) {
                int position = scheduler.select(random.nextLong());
                assertThat(position >= 0).as("seed %d", seed).isEqualTo(any);
                if (any) {
                    assertThat(servers.available(position) && servers.weight(position) > 0)
                            .as("seed %d: server %d", seed, position)
                            .isTrue();
                    servers.setConnections(position, servers.connections(position) + 1);
                    servers.setLoad(random.nextInt(size), random.nextInt(ServerSet.MAX_LOAD + 1));
                }
            }
        }
    }

    /** The intake gets everything, and the first is as good as the one that comes up. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "INTAKE")
    void aServerThatComesUpAgainIsSelectedAfterTheUpdate(SchedulerKind kind) {
        ServerSet servers = Servers.equal(3);
        servers.setAvailable(1, false);
        Scheduler scheduler = Servers.started(kind, servers);
        assertThat(Servers.counts(scheduler, 3, SELECTIONS)[1]).isZero();
        servers.setAvailable(1, true);
        scheduler.update(servers);
        assertThat(Servers.counts(scheduler, 3, SELECTIONS)[1]).isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void aSelectionAllocatesNothing(SchedulerKind kind) {
        ServerSet servers = Servers.weighted(new Random(1).ints(100, 1, 5).toArray());
        Scheduler scheduler = Servers.started(kind, servers);
        assertThat(AllocatedBytes.of(() -> {
                    for (int i = 0; i < SELECTIONS; i++) {
                        int position = scheduler.select(SelectionHash.mix(i));
                        servers.setConnections(position, servers.connections(position) + 1);
                    }
                }))
                .isZero();
    }

    /** A table is made anew by the selection after the update. */
    @ParameterizedTest
    @EnumSource
    void aSelectionAfterAChangeOfWeightOrLoadAllocatesNothing(SchedulerKind kind) {
        ServerSet servers = Servers.weighted(new Random(1).ints(100, 1, 5).toArray());
        Scheduler scheduler = Servers.started(kind, servers);
        servers.setWeight(7, 10);
        scheduler.update(servers);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        int position = scheduler.select(1);
        servers.setLoad(position, 500);
        scheduler.select(2);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aChangedWeightCountsFromTheUpdateOn(SchedulerKind kind) {
        ServerSet servers = Servers.equal(3);
        Scheduler scheduler = Servers.started(kind, servers);
        servers.setWeight(1, 0);
        scheduler.update(servers);
        assertThat(Servers.counts(scheduler, 3, SELECTIONS)[1]).isZero();
        servers.setWeight(0, 0);
        servers.setWeight(1, 1);
        servers.setWeight(2, 0);
        scheduler.update(servers);
        assertThat(Servers.counts(scheduler, 3, SELECTIONS)[1]).isEqualTo(SELECTIONS);
    }

    /**
     * Where connections and loads count alike; round-robin counts only what the ILB itself has selected, and an intake that
     * is not designated is what was best when it was needed.
     */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"ROUND_ROBIN", "INTAKE"})
    void ilbsThatKnowTheSameSelectTheSame(SchedulerKind kind) {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        ServerSet servers = Servers.weighted(random.ints(50, 1, 9).toArray());
        Scheduler one = Servers.started(kind, servers);
        for (int i = 0; i < SELECTIONS; i++) {
            long hash = random.nextLong();
            int position = one.select(hash);
            if (i % 100 == 0) {
                assertThat(Servers.started(kind, servers).select(hash))
                        .as("seed %d", seed)
                        .isEqualTo(position);
            }
            servers.setConnections(position, servers.connections(position) + 1);
        }
    }

    @Test
    void kindsGoByTheirNamesInTheConfiguration() {
        for (SchedulerKind kind : SchedulerKind.values()) {
            assertThat(SchedulerKind.parse(kind.configName())).isEqualTo(kind);
        }
        assertThat(SchedulerKind.parse("least-connections")).isEqualTo(SchedulerKind.LEAST_CONNECTIONS);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SchedulerKind.parse("random"))
                .withMessage("'random' is not a scheduler (maglev, round-robin, least-connections, random-two-choices,"
                        + " source-hash, least-load, bounded-load, intake, peer)");
    }
}
