package org.ilbd.core.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.ilbd.core.ownership.IlbId;
import org.junit.jupiter.api.Test;

/** After any schedule of failures, once the network is quiet, all hold the same view within a bounded time, and keep it. */
class RandomScheduleTest {
    private static final int SCHEDULES = 150;
    private static final long MAX_DELAY_MILLIS = 150;

    /**
     * What was sent before the quiet arrives (150), whoever is then silent is declared dead or a JOINING one has listened for
     * long enough (400), and says so at its next tick (10) or heartbeat (100), which has to get there (10). Each of up to
     * seven newcomers that becomes ACTIVE changes the view, for which the next one is handed over anew: told at the next
     * tick (10), on its way (2), and handed over at the next (10).
     */
    private static final long BOUND_MILLIS = MAX_DELAY_MILLIS
            + FakeCluster.TIMEOUT_MILLIS
            + FakeCluster.HEARTBEAT_MILLIS
            + 2 * FakeCluster.TICK_MILLIS
            + 7 * (2 + 2 * FakeCluster.TICK_MILLIS);

    @Test
    void allHoldTheSameViewWithinABoundedTime() {
        long seed = System.nanoTime();
        System.out.println("RandomScheduleTest seed " + seed);
        for (int i = 0; i < SCHEDULES; i++) {
            runAndCheck(seed + i);
        }
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        long seed = System.nanoTime();
        System.out.println("RandomScheduleTest seed " + seed);
        String journal = runAndCheck(seed).journal();

        assertThat(runAndCheck(seed).journal()).isEqualTo(journal).isNotEmpty();
    }

    @Test
    void fivePercentOfLossRaisesNoAlarm() {
        // Four in a row have to be lost: at 5 % that is 6e-6 for each heartbeat, and 12 x 100 of them are sent here.
        FakeCluster cluster = new FakeCluster(new Random(1), 4, false);
        cluster.loss = 0.05;
        cluster.nodes().forEach(FakeCluster.Node::start);
        cluster.run(10_000);

        assertThat(cluster.journal()).doesNotContain("->DEAD");
    }

    private static FakeCluster runAndCheck(long seed) {
        Random random = new Random(seed);
        FakeCluster cluster = new FakeCluster(random, random.nextInt(2, 9), random.nextBoolean());
        cluster.nodes().forEach(FakeCluster.Node::start);
        misbehave(cluster, random);
        calmDown(cluster);
        cluster.run(BOUND_MILLIS);
        check(cluster, seed);
        String journal = cluster.journal();
        for (int i = 0; i < 10; i++) {
            cluster.nodes().stream().filter(FakeCluster.Node::isAlive).forEach(FakeCluster.Node::broadcast);
            cluster.run(200);
            check(cluster, seed);
        }
        assertThat(cluster.journal().substring(journal.length()))
                .as("seed %d: nothing happens when nothing happens", seed)
                .doesNotContain("view [", "gap", "DEAD", "differs");
        return cluster;
    }

    private static void misbehave(FakeCluster cluster, Random random) {
        cluster.loss = random.nextDouble() * 0.4;
        cluster.duplication = random.nextDouble() * 0.3;
        cluster.maxDelayMillis = 1 + random.nextLong(MAX_DELAY_MILLIS);
        cluster.handOverProbability = random.nextDouble();
        for (int i = random.nextInt(20, 60); i > 0; i--) {
            cluster.run(random.nextInt(1, 150));
            FakeCluster.Node node =
                    cluster.nodes().get(random.nextInt(cluster.nodes().size()));
            switch (random.nextInt(10)) {
                case 0 -> node.crash();
                case 1, 2 -> node.start();
                case 3 -> node.pause();
                case 4 -> node.resume();
                case 5 -> cluster.cut(node.index, random.nextInt(cluster.nodes().size()));
                case 6 -> cluster.healAll();
                case 7 -> {
                    if (random.nextInt(4) == 0) {
                        node.leave();
                    }
                }
                default -> {
                    if (node.isRunning()) {
                        node.broadcast();
                    }
                }
            }
        }
    }

    private static void calmDown(FakeCluster cluster) {
        cluster.loss = 0;
        cluster.duplication = 0;
        cluster.maxDelayMillis = 2;
        cluster.handOverProbability = 1;
        cluster.healAll();
        cluster.nodes().forEach(FakeCluster.Node::resume);
    }

    private static void check(FakeCluster cluster, long seed) {
        List<FakeCluster.Node> alive =
                cluster.nodes().stream().filter(FakeCluster.Node::isAlive).toList();
        List<IlbId> expected = alive.stream()
                .filter(node -> node.membership.selfState() != IlbState.LEAVING)
                .map(node -> node.id)
                .sorted()
                .toList();
        for (FakeCluster.Node node : alive) {
            assertThat(node.membership.activeIds())
                    .as("seed %d: the view of %s at %d ms\n%s", seed, node.id, cluster.millis(), cluster.journal())
                    .isEqualTo(expected);
            assertThat(node.membership.viewDigest())
                    .as("seed %d: the digest of %s", seed, node.id)
                    .isEqualTo(alive.getFirst().membership.viewDigest());
            assertThat(alive).as("seed %d", seed).allMatch(other -> other == node || node.isUpToDateWith(other));
        }
    }
}
