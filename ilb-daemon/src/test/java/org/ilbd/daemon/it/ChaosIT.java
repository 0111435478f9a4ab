package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * No established connection is broken by one event, alone or together with a change of the servers, on real kernels. The scheduler is not
 * maglev, so a packet whose connection is not known anywhere breaks it, most likely. The same long connections live through all of the tests.
 */
class ChaosIT {
    private static final ChaosCluster.Shape SHAPE = new ChaosCluster.Shape("4", "direct", "round-robin", 4);

    /** The one that joins. */
    private static final int FOURTH = 4;

    /** Short connections around a kill, and how many of them are in their handshake at a time. */
    private static final int HANDSHAKES = 2_000;

    private static final int HANDSHAKES_AT_A_TIME = 256;

    @RegisterExtension
    static final StandingCluster CLUSTER = new StandingCluster();

    /** One event. */
    enum Chaos {
        KILL {
            @Override
            void happen(ChaosCluster cluster, Random random) {
                cluster.kill(cluster.any(random));
            }
        },
        TERMINATE {
            @Override
            void happen(ChaosCluster cluster, Random random) {
                cluster.terminate(cluster.any(random));
            }
        },
        JOIN {
            @Override
            void happen(ChaosCluster cluster, Random random) {
                join(cluster, random, FOURTH);
            }
        },
        REJOIN {
            @Override
            void happen(ChaosCluster cluster, Random random) {
                int victim = cluster.any(random);
                cluster.kill(victim);
                ChaosCluster.pause(500);
                join(cluster, random, victim);
            }
        },
        RESHUFFLE {
            @Override
            void happen(ChaosCluster cluster, Random random) {
                cluster.reshuffle(random, 100);
            }
        };

        abstract void happen(ChaosCluster cluster, Random random);

        /** The router sends packets as soon as the ILB answers, or once it is ACTIVE. */
        private static void join(ChaosCluster cluster, Random random, int number) {
            cluster.start(number);
            if (random.nextBoolean()) {
                cluster.routeTo(number);
                cluster.awaitActive(number);
            } else {
                cluster.awaitActive(number);
                cluster.routeTo(number);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void breaksNothing(Chaos chaos) throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run(chaos.name(), random -> chaos.happen(cluster, random));
    }

    @ParameterizedTest
    @EnumSource
    void breaksNothingTogetherWithAChangeOfTheServers(Chaos chaos) throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run(chaos + " and a change of the servers", random -> {
            CompletableFuture<Void> change = cluster.changeServers(random);
            chaos.happen(cluster, random);
            change.join();
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"KILL", "JOIN"})
    void breaksNothingWhereSomeMessagesOfTheIlbsAreLost(Chaos chaos) throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        cluster.run(chaos + ", 2 % loss between ILBs", random -> {
            List<IlbFilter> filters = IntStream.rangeClosed(1, SHAPE.ilbs())
                    .mapToObj(number -> IlbFilter.dropSome(cluster.lab(), "ilb" + number))
                    .toList();
            chaos.happen(cluster, random);
            cluster.awaitStable();
            cluster.traffic().awaitRounds(2);
            long dropped = filters.stream().mapToLong(IlbFilter::dropped).sum();
            System.out.println("chaos: " + dropped + " packets between ILBs were dropped");
            assertThat(dropped).isPositive();
            filters.forEach(IlbFilter::remove);
        });
    }

    @Test
    void aKillWithinHandshakesBreaksNothing() throws IOException {
        ChaosCluster cluster = CLUSTER.of(SHAPE);
        for (int round = 1; round <= 3; round++) {
            cluster.run("KILL within " + HANDSHAKES_AT_A_TIME + " handshakes, round " + round, random -> {
                int victim = cluster.any(random);
                Traffic burst = cluster.lab()
                        .startTraffic(
                                cluster.target(),
                                "short-rate=1000000",
                                "short-limit=" + HANDSHAKES,
                                "connecting=" + HANDSHAKES_AT_A_TIME);
                ChaosCluster.pause(100 + random.nextInt(400));
                cluster.kill(victim);
                burst.awaitShorts(HANDSHAKES);
                Traffic.Report report = burst.stop();
                assertThat(report.get("short-failed")).as(report.line()).isZero();
                assertThat(report.get("short-done")).as(report.line()).isEqualTo(HANDSHAKES);
                assertThat(report.get("short-longest-ms"))
                        .as("a SYN that had to be sent again (RFC 6298, 2.1): " + report)
                        .isGreaterThan(1_000);
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
