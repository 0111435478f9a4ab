package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.RST;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** A server's life, and what its connections and its clients see of it. */
class ServerLifeTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int TCP_FLAGS = 33;

    private static ServerConfig server(int number) {
        return new ServerConfig(Endpoint.parse("10.2.0.10" + number + ":80"), 1);
    }

    private static ServerConfig limited(int number, int most) {
        return new ServerConfig(server(number).endpoint(), 1, most, false);
    }

    private static ServerConfig fallback(int number) {
        return new ServerConfig(server(number).endpoint(), 1, 0, true);
    }

    private static ServiceConfig service(SchedulerKind scheduler, ServicePolicy policy, ServerConfig... servers) {
        return new ServiceConfig(
                        "web", Endpoint.parse(VIP), Forwarding.DIRECT, scheduler, Orphan.HASH, List.of(servers))
                .withPolicy(policy);
    }

    private static ServiceConfig service(ServicePolicy policy, ServerConfig... servers) {
        return service(SchedulerKind.ROUND_ROBIN, policy, servers);
    }

    private static ServicePolicy policy(OnDown onDown, AllDown allDown, long slowStart, long drain) {
        return new ServicePolicy(
                0, onDown, allDown, slowStart, drain, ServicePolicy.DEFAULT_REPORT_MAX_AGE_NANOS, PassiveHealth.OFF);
    }

    private static ServicePolicy limit(int most) {
        ServicePolicy same = ServicePolicy.DEFAULT;
        return new ServicePolicy(most, same.onDown(), same.allDown(), 0, 0, same.reportMaxAgeNanos(), same.passive());
    }

    private static TestCluster cluster(int ilbs, ServiceConfig service) {
        return new TestCluster(new Settings().ilbs(ilbs).services(service));
    }

    private static Server server(TestCluster cluster, int ilb, int number) {
        return cluster.ilb(ilb).engine.services().getFirst().servers().get(number);
    }

    private static void check(TestCluster cluster, int number, boolean up) {
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            ilb.engine.onServerReport(server(cluster, ilb.index, number), ServerReport.ofCheck(up), cluster.now);
        }
    }

    private static void reconfigure(TestCluster cluster, ServiceConfig service) {
        cluster.ilbs.forEach(ilb -> ilb.engine.reconfigure(List.of(service)));
    }

    private static Map<Endpoint, Integer> share(TestCluster cluster, int from, int connections) {
        Map<Endpoint, Integer> counts = new HashMap<>();
        for (int i = 0; i < connections; i++) {
            cluster.send(i % cluster.ilbs.size(), client(from + i), VIP, SYN)
                    .forEach(syn -> counts.merge(syn.server().endpoint(), 1, Integer::sum));
        }
        return counts;
    }

    private static long drops(TestCluster cluster, DropReason reason) {
        return cluster.ilbs.stream()
                .mapToLong(ilb -> ilb.engine.counters().dropped(reason))
                .sum();
    }

    /** Whether a packet is answered with a RST, and delivered nowhere. */
    private static boolean isReset(TestCluster cluster, int ilb, String client, int flags) {
        int before = cluster.outgoing.size();
        List<TestCluster.Delivery> deliveries = cluster.send(ilb, client, VIP, flags);
        List<TestCluster.Outgoing> answers = cluster.outgoing.subList(before, cluster.outgoing.size());
        boolean reset = answers.size() == 1 && (answers.getFirst().packet()[TCP_FLAGS] & RST) != 0;
        assertThat(deliveries.isEmpty()).as("delivered, or answered").isEqualTo(reset);
        return reset;
    }

    @Test
    void aFullServerGetsNoMoreAndTheOthersTakeWhatIsLeft() {
        for (SchedulerKind scheduler : SchedulerKind.values()) {
            TestCluster cluster =
                    cluster(1, service(scheduler, ServicePolicy.DEFAULT, limited(0, 3), limited(1, 10), server(2)));

            Map<Endpoint, Integer> share = share(cluster, 0, 60);

            assertThat(share.getOrDefault(server(0).endpoint(), 0))
                    .as("%s", scheduler)
                    .isLessThanOrEqualTo(3);
            assertThat(share.getOrDefault(server(1).endpoint(), 0))
                    .as("%s", scheduler)
                    .isLessThanOrEqualTo(10);
            assertThat(share.values().stream().mapToInt(Integer::intValue).sum())
                    .as("%s", scheduler)
                    .isEqualTo(60);
        }
    }

    @Test
    void limitsCountOverTheCluster() {
        TestCluster cluster = cluster(3, service(ServicePolicy.DEFAULT, limited(0, 9), limited(1, 9)));
        for (int i = 0; i < 40; i++) {
            cluster.send(i % 3, client(i), VIP, SYN);
            cluster.advanceMillis(120);
        }

        assertThat(server(cluster, 0, 0).clusterConnections()).isEqualTo(9);
        assertThat(server(cluster, 1, 1).clusterConnections()).isEqualTo(9);
        assertThat(drops(cluster, DropReason.SERVERS_FULL)).isEqualTo(22);
    }

    /** The first server has 60; of 90 more each ILB knows but its own third, and the second server needs 60 before the first gets any. */
    @Test
    void whatOthersHaveNotReportedYetIsTakenToBeAsMuchAsOnesOwn() {
        for (SchedulerKind scheduler : List.of(SchedulerKind.LEAST_CONNECTIONS, SchedulerKind.RANDOM_TWO_CHOICES)) {
            TestCluster cluster = cluster(3, service(scheduler, ServicePolicy.DEFAULT, server(0)));
            share(cluster, 0, 60);
            reconfigure(cluster, service(scheduler, ServicePolicy.DEFAULT, server(0), server(1)));
            cluster.advanceMillis(200);

            Map<Endpoint, Integer> share = share(cluster, 100, 90);

            assertThat(share.get(server(1).endpoint())).as("%s", scheduler).isBetween(70, 80);
            for (int i = 0; i < 3; i++) {
                assertThat(server(cluster, i, 0).clusterConnections()).isLessThan(75);
            }
        }
    }

    @Test
    void aFullServiceDropsSynsUntilAConnectionEnds() {
        TestCluster cluster = cluster(1, service(limit(5), server(0), server(1)));
        for (int i = 0; i < 5; i++) {
            cluster.open(0, client(i), VIP);
        }
        assertThat(cluster.send(0, client(9), VIP, SYN)).isEmpty();
        assertThat(cluster.send(0, client(1), VIP, ACK))
                .as("what is established goes on")
                .hasSize(1);
        assertThat(drops(cluster, DropReason.SERVERS_FULL)).isEqualTo(1);
        assertThat(cluster.ilb(0).engine.counters().get(Counter.RESETS_SENT)).isZero();

        cluster.send(0, client(1), VIP, FIN_ACK);
        assertThat(cluster.send(0, client(9), VIP, SYN)).hasSize(1);
        assertThat(cluster.send(0, client(1), VIP, SYN))
                .as("the closed one's port, opened anew while there is no room")
                .isEmpty();
    }

    @Test
    void aFullTableDoesNotServeWithoutStateWhatTheServersHaveNoRoomFor() {
        TestCluster cluster =
                new TestCluster(new Settings().ilbs(1).halfOpen(2).services(service(limit(2), server(0), server(1))));
        share(cluster, 0, 2);

        assertThat(cluster.send(0, client(7), VIP, SYN)).isEmpty();
        assertThat(cluster.ilb(0).engine.counters().get(Counter.STATELESS_SYNS)).isZero();
    }

    @Test
    void anAgentsLimitStandsForTheConfiguredOne() {
        TestCluster cluster = cluster(1, service(ServicePolicy.DEFAULT, limited(0, 2)));
        cluster.ilb(0)
                .engine
                .onServerReport(
                        server(cluster, 0, 0),
                        new ServerReport(
                                ServerReport.Source.AGENT,
                                Optional.empty(),
                                Optional.empty(),
                                OptionalInt.empty(),
                                OptionalInt.of(4),
                                OptionalInt.empty()),
                        cluster.now);

        assertThat(share(cluster, 0, 10)).containsEntry(server(0).endpoint(), 4);
    }

    @Test
    void aServerThatComesBackStartsSlowlyAndIsNeverWithoutAShare() {
        TestCluster cluster =
                cluster(1, service(policy(OnDown.KEEP, AllDown.DROP, 10 * SECOND, 0), server(0), server(1)));
        assertThat(server(cluster, 0, 0).state())
                .as("at the start of the process")
                .isEqualTo(ServerState.ACTIVE);
        check(cluster, 0, false);
        check(cluster, 0, true);
        assertThat(server(cluster, 0, 0).state()).isEqualTo(ServerState.STARTING);
        assertThat(share(cluster, 0, 105)).containsEntry(server(0).endpoint(), 4);

        List<Double> weights = new ArrayList<>();
        for (int i = 0; i < 110; i++) {
            double weight = server(cluster, 0, 0).effectiveWeight();
            if (weights.isEmpty() || weights.getLast() != weight) {
                weights.add(weight);
            }
            cluster.advanceMillis(100);
        }
        assertThat(weights).hasSizeBetween(15, 20).isSorted().allMatch(weight -> weight > 0);
        assertThat(server(cluster, 0, 0).state()).isEqualTo(ServerState.ACTIVE);
        assertThat(share(cluster, 1_000, 100)).containsEntry(server(0).endpoint(), 50);
    }

    @Test
    void aServerThatIsAddedWhileTrafficRunsStartsSlowlyToo() {
        ServicePolicy slow = policy(OnDown.KEEP, AllDown.DROP, 10 * SECOND, 0);
        TestCluster cluster = cluster(1, service(slow, server(0)));
        reconfigure(cluster, service(slow, server(1), server(0)));

        assertThat(server(cluster, 0, 0).state()).isEqualTo(ServerState.STARTING);
        assertThat(server(cluster, 0, 1).state()).isEqualTo(ServerState.ACTIVE);
        reconfigure(cluster, service(ServicePolicy.DEFAULT, server(1), server(0)));
        assertThat(server(cluster, 0, 0).state())
                .as("without a slow start any more")
                .isEqualTo(ServerState.ACTIVE);
    }

    @Test
    void noSynGoesToAServerThatIsKnownToBeDownByAnyWay() {
        for (SchedulerKind scheduler : SchedulerKind.values()) {
            TestCluster cluster = new TestCluster(new Settings()
                    .ilbs(2)
                    .halfOpen(20)
                    .services(service(scheduler, ServicePolicy.DEFAULT, server(0), server(1), server(2))));
            cluster.open(0, client(1), VIP);
            cluster.send(0, client(1), VIP, FIN_ACK);
            share(cluster, 100, 40);
            for (int number = 0; number < 3; number++) {
                check(cluster, number, false);
            }
            cluster.deliveries.clear();
            for (int i = 1; i < 200; i++) {
                // Retransmitted, on closing ports, new, and with the half-open room full.
                cluster.send(i % 2, client(i), VIP, SYN);
            }
            assertThat(cluster.deliveries).as("%s", scheduler).isEmpty();
            check(cluster, 1, true);
            for (int i = 1; i < 200; i++) {
                cluster.send(i % 2, client(i), VIP, SYN);
            }
            assertThat(cluster.deliveries)
                    .as("%s", scheduler)
                    .isNotEmpty()
                    .allMatch(delivery ->
                            delivery.server().endpoint().equals(server(1).endpoint()));
        }
    }

    @Test
    void theBackupDoesNotDeliverASynToAServerThatItsChecksFindDown() {
        TestCluster cluster = cluster(2, service(ServicePolicy.DEFAULT, server(0)));
        cluster.ilb(1).engine.onServerReport(server(cluster, 1, 0), ServerReport.ofCheck(false), cluster.now);

        Map<Endpoint, Integer> share = share(cluster, 0, 100);
        assertThat(cluster.deliveries).allMatch(delivery -> delivery.ilb() == 0);
        assertThat(drops(cluster, DropReason.SERVER_DOWN)).isPositive();
        assertThat(share.values().stream().mapToInt(Integer::intValue).sum()).isLessThan(100);
    }

    @Test
    void whatABackupKnewOfARemovedServerDoesNotCount() {
        ServiceConfig both = service(ServicePolicy.DEFAULT, server(0), server(1));
        TestCluster cluster = cluster(2, both);
        for (int i = 0; i < 20; i++) {
            Server server = cluster.open(0, client(i), VIP);
            int number = server.endpoint().equals(server(0).endpoint()) ? 0 : 1;
            int backup = Roles.among(0, 1).backup(client(i), VIP);
            Engine engine = cluster.ilb(backup).engine;
            engine.onServerReport(server(cluster, backup, number), ServerReport.ofCheck(false), cluster.now);
            for (int ilb = 0; ilb < 2; ilb++) {
                cluster.ilb(ilb).engine.reconfigure(List.of(service(ServicePolicy.DEFAULT, server(1 - number))));
            }
            assertThat(cluster.send(0, client(i), VIP, SYN))
                    .extracting(delivery -> delivery.server().endpoint())
                    .containsExactly(server.endpoint());
            for (int ilb = 0; ilb < 2; ilb++) {
                cluster.ilb(ilb).engine.reconfigure(List.of(both));
            }
            engine.onServerReport(server(cluster, backup, number), ServerReport.ofCheck(true), cluster.now);
        }
    }

    @Test
    void aSynThatARemovedServerDoesNotAnswerGoesToAnotherTheThirdTime() {
        TestCluster cluster = cluster(2, service(ServicePolicy.DEFAULT, server(0)));
        assertThat(cluster.send(0, client(1), VIP, SYN)).hasSize(1);
        for (int ilb = 0; ilb < 2; ilb++) {
            cluster.ilb(ilb).engine.reconfigure(List.of(service(ServicePolicy.DEFAULT, server(1))));
        }
        cluster.advanceMillis(1_000);
        assertThat(cluster.send(1, client(1), VIP, SYN))
                .as("it may have answered")
                .extracting(delivery -> delivery.server().endpoint())
                .containsExactly(server(0).endpoint());
        cluster.advanceMillis(2_000);
        assertThat(cluster.send(1, client(1), VIP, SYN))
                .extracting(delivery -> delivery.server().endpoint())
                .containsExactly(server(1).endpoint());
    }

    @Test
    void onDownKeepLeavesEstablishedConnectionsWhereTheyAre() {
        TestCluster cluster = TestCluster.of(3);
        Server server = cluster.open(0, client(1), VIP);
        for (int number = 0; number < 3; number++) {
            check(cluster, number, false);
        }

        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, client(1), VIP, ACK))
                    .extracting(delivery -> delivery.server().endpoint())
                    .containsExactly(server.endpoint());
        }
    }

    @Test
    void onDownResetAnswersEachPacketThroughAnyIlbAndEndsTheAssociation() {
        TestCluster cluster = cluster(3, service(policy(OnDown.RESET, AllDown.DROP, 0, 0), server(0), server(1)));
        Server server = cluster.open(0, client(1), VIP);
        int number = server.endpoint().equals(server(0).endpoint()) ? 0 : 1;
        check(cluster, number, false);

        for (int round = 0; round < 2; round++) {
            for (int ilb = 0; ilb < 3; ilb++) {
                assertThat(isReset(cluster, ilb, client(1), ACK))
                        .as("through %d", ilb)
                        .isTrue();
            }
        }
        cluster.advanceMillis(200);
        assertThat(server(cluster, 0, number).clusterConnections()).isZero();
        assertThat(cluster.send(2, client(1), VIP, RST))
                .as("its own end is the server's to hear")
                .hasSize(1);
    }

    @Test
    void allDownResetAnswersTheSyn() {
        TestCluster cluster = cluster(1, service(policy(OnDown.KEEP, AllDown.RESET, 0, 0), server(0)));
        check(cluster, 0, false);

        assertThat(isReset(cluster, 0, client(1), SYN)).isTrue();
        check(cluster, 0, true);
        assertThat(isReset(cluster, 0, client(1), SYN)).isFalse();
    }

    @Test
    void fallbacksServeOnlyWhileNoOtherIsAvailable() {
        TestCluster cluster =
                cluster(1, service(ServicePolicy.DEFAULT, server(0), server(1), fallback(2), fallback(3)));
        assertThat(share(cluster, 0, 20))
                .containsOnlyKeys(server(0).endpoint(), server(1).endpoint());
        check(cluster, 0, false);
        assertThat(share(cluster, 100, 20)).containsOnlyKeys(server(1).endpoint());
        check(cluster, 1, false);
        assertThat(share(cluster, 200, 20))
                .containsOnlyKeys(server(2).endpoint(), server(3).endpoint());
        Server of = cluster.open(0, client(300), VIP);
        check(cluster, 0, true);
        assertThat(share(cluster, 400, 20)).containsOnlyKeys(server(0).endpoint());
        assertThat(cluster.send(0, client(300), VIP, ACK).getFirst().server()).isSameAs(of);
        cluster.send(0, client(300), VIP, FIN_ACK);
        assertThat(cluster.send(0, client(300), VIP, SYN).getFirst().server().endpoint())
                .as("the same port anew")
                .isEqualTo(server(0).endpoint());
        check(cluster, 0, false);
        check(cluster, 2, false);
        check(cluster, 3, false);
        assertThat(share(cluster, 500, 20)).isEmpty();
    }

    @Test
    void aDrainEndsItsConnectionsOneByOneInTheSecondHalfOfItsTime() {
        ServicePolicy drain = policy(OnDown.KEEP, AllDown.DROP, 0, 100 * SECOND);
        TestCluster cluster = cluster(1, service(drain, server(0)));
        for (int i = 0; i < 500; i++) {
            cluster.open(0, client(i), VIP);
        }
        reconfigure(cluster, service(drain, new ServerConfig(server(0).endpoint(), 0)));
        assertThat(server(cluster, 0, 0).state()).isEqualTo(ServerState.DRAINING);
        cluster.advanceMillis(49_000);
        assertThat(reset(cluster)).isZero();
        int before = 0;
        for (int tenth = 1; tenth <= 10; tenth++) {
            cluster.advanceMillis(tenth == 1 ? 6_000 : 5_000);
            int reset = reset(cluster);
            // 50 of 500 in each tenth; the deviation of a binomial distribution is 6.7.
            assertThat(reset - before).as("in tenth %d", tenth).isBetween(15, 90);
            before = reset;
        }
        assertThat(reset(cluster)).isEqualTo(500);
    }

    private static int reset(TestCluster cluster) {
        int reset = 0;
        for (int i = 0; i < 500; i++) {
            reset += isReset(cluster, 0, client(i), ACK) ? 1 : 0;
        }
        return reset;
    }

    @Test
    void aRemovedServerDrainsInTheSameWay() {
        ServicePolicy drain = policy(OnDown.KEEP, AllDown.DROP, 0, 100 * SECOND);
        TestCluster cluster = cluster(3, service(drain, server(0), server(1)));
        Server removed = cluster.open(0, client(1), VIP);
        ServerConfig left = removed.endpoint().equals(server(0).endpoint()) ? server(1) : server(0);
        reconfigure(cluster, service(drain, left));

        cluster.advanceMillis(49_000);
        assertThat(isReset(cluster, 1, client(1), ACK)).isFalse();
        cluster.advanceMillis(52_000);
        assertThat(isReset(cluster, 1, client(1), ACK)).isTrue();
        reconfigure(cluster, service(drain, server(0), server(1)));
        Server back = cluster.open(0, client(2), VIP);
        assertThat(isReset(cluster, 0, client(2), ACK)).as("%s", back).isFalse();
    }

    @Test
    void withoutADrainTimeConnectionsAreKept() {
        TestCluster cluster = cluster(1, service(ServicePolicy.DEFAULT, server(0)));
        cluster.open(0, client(1), VIP);
        reconfigure(cluster, service(ServicePolicy.DEFAULT));
        cluster.advanceMillis(600_000);

        assertThat(isReset(cluster, 0, client(1), ACK)).isFalse();
    }

    @Test
    void settingsChangeAtRunTimeWithoutTouchingConnections() {
        TestCluster cluster = cluster(1, service(ServicePolicy.DEFAULT, server(0), server(1)));
        List<Server> before = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            before.add(cluster.open(0, client(i), VIP));
        }
        reconfigure(
                cluster,
                service(
                        SchedulerKind.LEAST_CONNECTIONS,
                        policy(OnDown.RESET, AllDown.RESET, SECOND, SECOND),
                        new ServerConfig(server(1).endpoint(), 3, 12, false),
                        server(2),
                        server(0)));
        for (int i = 0; i < 20; i++) {
            assertThat(cluster.send(0, client(i), VIP, ACK).getFirst().server()).isSameAs(before.get(i));
        }
        Map<Endpoint, Integer> share = share(cluster, 100, 30);
        assertThat(share).containsEntry(server(1).endpoint(), 2);
        assertThat(server(cluster, 0, 0).clusterConnections()).isEqualTo(12);
    }

    @Test
    void configurationsThatDifferInAPolicyHaveOtherDigests() {
        ServiceTable table = new ServiceTable();
        List<Long> digests = new ArrayList<>();
        for (ServiceConfig service : List.of(
                service(ServicePolicy.DEFAULT, server(0)),
                service(limit(5), server(0)),
                service(policy(OnDown.RESET, AllDown.DROP, 0, 0), server(0)),
                service(policy(OnDown.KEEP, AllDown.RESET, 0, 0), server(0)),
                service(policy(OnDown.KEEP, AllDown.DROP, 1, 0), server(0)),
                service(policy(OnDown.KEEP, AllDown.DROP, 0, 1), server(0)),
                service(ServicePolicy.DEFAULT, limited(0, 7)),
                service(ServicePolicy.DEFAULT, fallback(0)))) {
            table.configure(List.of(service), 0);
            digests.add(table.digest());
        }
        assertThat(digests).doesNotHaveDuplicates();
    }
}
