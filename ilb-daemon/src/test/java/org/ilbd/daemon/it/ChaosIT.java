package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * No established connection is broken by one event, alone or together with a change of the servers, on real kernels. The scheduler is not
 * maglev, so a packet whose connection is not known anywhere breaks it, most likely. The same long connections live through all of the tests.
 */
@Tag("alone")
class ChaosIT {
    private static final ChaosCluster.Shape SHAPE = new ChaosCluster.Shape("4", "direct", "round-robin", 4);

    /** The one that joins. */
    private static final int FOURTH = 4;

    private static final int HANDSHAKE_KILLS = Integer.getInteger("ilbd.chaos.handshake-kills", 2);

    /** Short connections before each of these kills, at most. */
    private static final int HANDSHAKES = 3_000;

    /** How many of them are in their handshake at a time. */
    private static final int HANDSHAKES_AT_A_TIME = 256;

    @RegisterExtension
    static final StandingCluster CLUSTER = new StandingCluster();

    @ParameterizedTest
    @EnumSource
    void breaksNothing(ChaosEvent event) throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run(event.name(), random -> event.happen(cluster, random));
    }

    @ParameterizedTest
    @EnumSource
    void breaksNothingTogetherWithAChangeOfTheServers(ChaosEvent event) throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run(event + " and a change of the servers", random -> {
            CompletableFuture<Void> change = cluster.changeServers(random);
            event.happen(cluster, random);
            change.join();
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"KILL", "JOIN"})
    void breaksNothingWhereSomeMessagesOfTheIlbsAreLost(ChaosEvent event) throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run(event + ", 2 % loss between ILBs", random -> {
            List<IlbFilter> filters = IntStream.rangeClosed(1, SHAPE.ilbs())
                    .mapToObj(number -> IlbFilter.dropSome(cluster.lab(), "ilb" + number))
                    .toList();
            event.happen(cluster, random);
            cluster.awaitStable();
            cluster.traffic().awaitRounds(2);
            long dropped = filters.stream().mapToLong(IlbFilter::dropped).sum();
            System.out.println("chaos: " + dropped + " packets between ILBs were dropped");
            assertThat(dropped).isPositive();
            filters.forEach(IlbFilter::remove);
        });
    }

    @Test
    void killsWithinHandshakesBreakNothing() throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        for (int kill = 1; kill <= HANDSHAKE_KILLS; kill++) {
            cluster.run("KILL within " + HANDSHAKES_AT_A_TIME + " handshakes, " + kill, random -> {
                Traffic burst = cluster.lab()
                        .startTraffic(cluster.target(), "short-rate=1000000", "connecting=" + HANDSHAKES_AT_A_TIME);
                burst.awaitShorts(random.nextInt(HANDSHAKES));
                ChaosCluster.pause(random.nextInt(100));
                cluster.kill(cluster.any(random));
                Traffic.Report report = burst.stop();
                assertThat(report.get("short-failed")).as(report.line()).isZero();
                assertThat(report.get("short-done")).as(report.line()).isEqualTo(report.get("short-started"));
                System.out.println("chaos: of " + report.get("short-started") + " handshakes the kill cut off "
                        + report.get("handshakes-resumed") + ", all were resumed");
                assertThat(report.get("handshakes-resumed")).as(report.line()).isPositive();
            });
        }
    }

    /** Starts a newcomer whose streams stand still after so few bytes that they are not through. */
    private static IlbFilter startInTheMiddleOfATransfer(ChaosCluster cluster, int number) {
        IlbFilter filter = IlbFilter.stallTransfers(cluster.lab(), "ilb" + number, 4 * ChaosCluster.CONNECTIONS);
        cluster.start(number);
        await().atMost(Lab.PATIENCE).until(() -> filter.dropped() > 0);
        return filter;
    }

    @Test
    void aKillOfASenderInTheMiddleOfATransferBreaksNothing() throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run("KILL of a sender in a transfer", random -> {
            int victim = cluster.any(random);
            IlbFilter filter = startInTheMiddleOfATransfer(cluster, FOURTH);
            ChaosCluster.pause(random.nextInt(300));
            assertThat(ChaosCluster.isIn(cluster.ilb(FOURTH), "joining")).isTrue();
            cluster.kill(victim);
            filter.remove();
            cluster.awaitActive(FOURTH);
            cluster.routeTo(FOURTH);
        });
    }

    @Test
    void aKillOfANewcomerInTheMiddleOfATransferBreaksNothing() throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run("KILL of a newcomer in a transfer", random -> {
            IlbFilter filter = startInTheMiddleOfATransfer(cluster, FOURTH);
            cluster.routeTo(FOURTH);
            ChaosCluster.pause(random.nextInt(300));
            assertThat(ChaosCluster.isIn(cluster.ilb(FOURTH), "joining")).isTrue();
            cluster.kill(FOURTH);
            filter.remove();
        });
    }

    @Test
    void aSecondKillBreaksNothingOnceEverythingIsOnTwoIlbsAgain() throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run("KILL, gauge at 0, KILL", random -> {
            cluster.kill(cluster.any(random));
            cluster.awaitStable();
            cluster.kill(cluster.any(random));
        });
    }

    @Test
    void anIlbThatStandsStillComesBackAsANewcomer() throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run("SIGSTOP for 2 s", random -> {
            Ilb victim = cluster.ilb(cluster.any(random));
            long still = ChaosCluster.count(victim, "stood still");
            long joining = ChaosCluster.count(victim, "this ILB is joining; it was active");
            long active = ChaosCluster.count(victim, "this ILB is active; it was joining");
            victim.signal("STOP");
            ChaosCluster.pause(2_000);
            victim.signal("CONT");
            await().atMost(Lab.PATIENCE).untilAsserted(() -> {
                assertThat(ChaosCluster.count(victim, "stood still")).isGreaterThan(still);
                assertThat(ChaosCluster.count(victim, "this ILB is joining; it was active"))
                        .isGreaterThan(joining);
                assertThat(ChaosCluster.count(victim, "this ILB is active; it was joining"))
                        .isGreaterThan(active);
            });
        });
    }
}
