package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.Settings.service;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.RST;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.protocol.MessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EngineTest {
    private static final String VIP = "10.9.0.1:80";
    private static final String VIP6 = "[fd00:9::1]:80";

    private static String client(int number) {
        return "10.1." + (number >> 14) + ".2:" + (20_000 + (number & 0x3fff));
    }

    private static void check(TestCluster cluster) {
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            ilb.engine.owned().checkConsistency();
            ilb.engine.cache().checkConsistency();
        }
    }

    @Test
    void clusterOfThreeBecomesActiveAndSharesOneView() {
        TestCluster cluster = TestCluster.of(3);

        for (TestCluster.Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.membership().selfState()).isEqualTo(IlbState.ACTIVE);
            assertThat(ilb.engine.membership().activeIds()).hasSize(3);
        }
    }

    @Test
    void synIsDeliveredOnceByTheBackupAndHeldByTwo() {
        TestCluster cluster = TestCluster.of(3);

        for (int i = 0; i < 100; i++) {
            List<Delivery> delivered = cluster.send(i % 3, client(i), VIP, SYN);
            assertThat(delivered).hasSize(1);
            assertThat(delivered.get(0).tcpFlags()).isEqualTo(SYN);
        }
        cluster.advanceMillis(10);

        int owned =
                cluster.ilbs.stream().mapToInt(ilb -> ilb.engine.ownedCount()).sum();
        int backedUp = cluster.ilbs.stream()
                .mapToInt(ilb -> ilb.engine.backedUpCount())
                .sum();
        int cached =
                cluster.ilbs.stream().mapToInt(ilb -> ilb.engine.cache().size()).sum();
        assertThat(owned).isEqualTo(100);
        assertThat(backedUp).isEqualTo(100);
        assertThat(cached).isEqualTo(100);
        check(cluster);
    }

    @Test
    void loneIlbDeliversByItself() {
        TestCluster cluster = TestCluster.of(1);

        assertThat(cluster.send(0, client(1), VIP, SYN)).hasSize(1);
        assertThat(cluster.ilb(0).engine.ownedCount()).isEqualTo(1);
        assertThat(cluster.ilb(0).engine.counters().get(Counter.FORWARDED)).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void everyPacketReachesTheSameServerThroughAnyIlb(CacheFill fill) {
        TestCluster cluster = new TestCluster(new Settings().cacheFill(fill));
        Set<Server> used = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            Server server = cluster.open(i % 3, client(i), VIP);
            for (int ilb = 0; ilb < 3; ilb++) {
                List<Delivery> delivered = cluster.send(ilb, client(i), VIP, ACK);
                assertThat(delivered).hasSize(1);
                assertThat(delivered.get(0).server().endpoint()).isEqualTo(server.endpoint());
            }
            used.add(server);
        }
        assertThat(used).hasSizeGreaterThan(3);
        long misses = cluster.ilbs.stream()
                .mapToLong(ilb -> ilb.engine.counters().get(Counter.CACHE_MISSES))
                .sum();
        if (fill == CacheFill.BROADCAST) {
            assertThat(misses).as("with caches nobody asks").isZero();
        } else {
            assertThat(misses).as("without caches the third ILB always asks").isPositive();
        }
        check(cluster);
    }

    @Test
    void connectionsOfBothFamiliesWork() {
        TestCluster cluster = new TestCluster(new Settings().services(service(VIP, 3), service(VIP6, 2)));

        Server server = cluster.open(1, "[fd00:1::2]:40000", VIP6);
        assertThat(server.endpoint().toString()).startsWith("[fd00:2::");
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, "[fd00:1::2]:40000", VIP6, ACK))
                    .singleElement()
                    .extracting(delivery -> delivery.server().endpoint())
                    .isEqualTo(server.endpoint());
        }
    }

    @Test
    void retransmittedSynGoesToTheSameServer() {
        TestCluster cluster = TestCluster.of(3);
        Server first = cluster.send(0, client(1), VIP, SYN).get(0).server();

        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, client(1), VIP, SYN).get(0).server().endpoint())
                    .isEqualTo(first.endpoint());
        }
        assertThat(cluster.ilbs.stream()
                        .mapToInt(ilb -> ilb.engine.ownedCount())
                        .sum())
                .isEqualTo(1);
    }

    @Test
    void synOnAnEstablishedConnectionGoesToItsServerSoThatAChallengeAckComesBack() {
        TestCluster cluster = TestCluster.of(3);
        Server server = cluster.open(0, client(1), VIP);

        assertThat(cluster.send(2, client(1), VIP, SYN).get(0).server().endpoint())
                .isEqualTo(server.endpoint());
        int established = cluster.ilbs.stream()
                .mapToInt(ilb -> ilb.engine.owned().size(ConnectionState.ESTABLISHED))
                .sum();
        assertThat(established).isEqualTo(2);
    }

    @Test
    void firstAckMakesTheConnectionEstablishedAtOwnerAndBackupWhereverItArrives() {
        for (int ilb = 0; ilb < 3; ilb++) {
            TestCluster cluster = TestCluster.of(3);
            cluster.open(ilb, client(1), VIP);

            int established = cluster.ilbs.stream()
                    .mapToInt(each -> each.engine.owned().size(ConnectionState.ESTABLISHED))
                    .sum();
            assertThat(established).as("by ILB %d", ilb).isEqualTo(2);
        }
    }

    @Test
    void halfClosedConnectionGoesOnAndIsForgottenLater() {
        TestCluster cluster = TestCluster.of(3);
        Server server = cluster.open(0, client(1), VIP);
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.send(ilb, client(1), VIP, FIN_ACK);
        }
        cluster.advanceMillis(10);

        for (int second = 0; second < 100; second += 10) {
            for (int ilb = 0; ilb < 3; ilb++) {
                assertThat(cluster.send(ilb, client(1), VIP, ACK)
                                .get(0)
                                .server()
                                .endpoint())
                        .isEqualTo(server.endpoint());
            }
            cluster.advanceMillis(10_000);
        }
        cluster.advanceMillis(40_000);

        assertNobodyHoldsAnything(cluster);
        check(cluster);
    }

    @Test
    void resetOutOfNowhereDoesNotEndALiveConnection() {
        TestCluster cluster = TestCluster.of(3);
        Server server = cluster.open(0, client(1), VIP);
        cluster.send(1, client(1), VIP, RST);
        cluster.advanceMillis(20);

        for (int i = 0; i < 20; i++) {
            assertThat(cluster.send(i % 3, client(1), VIP, ACK).get(0).server().endpoint())
                    .isEqualTo(server.endpoint());
            cluster.advanceMillis(5_000);
        }
        int established = cluster.ilbs.stream()
                .mapToInt(ilb -> ilb.engine.owned().size(ConnectionState.ESTABLISHED))
                .sum();
        assertThat(established).as("owner and backup").isEqualTo(2);
    }

    private static void assertNobodyHoldsAnything(TestCluster cluster) {
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.owned().size()).isZero();
        }
    }

    /** Two ILBs, of which the first has seen a FIN and could not tell the second. */
    private static TestCluster halfClosedUnknownToTheOther() {
        TestCluster cluster = new TestCluster(new Settings().ilbs(2).establishedTimeoutMillis(60_000));
        cluster.open(0, client(1), VIP);
        cluster.loses(datagram -> datagram.isOfType(MessageType.ASSOCIATIONS));
        cluster.send(0, client(1), VIP, FIN_ACK);
        cluster.advanceMillis(50);
        cluster.loses(datagram -> false);
        return cluster;
    }

    @Test
    void holderThatHasMissedTheEndIsToldAgain() {
        TestCluster cluster = halfClosedUnknownToTheOther();
        assertThat(cluster.ilb(1).engine.owned().size(ConnectionState.ESTABLISHED))
                .isEqualTo(1);
        cluster.advanceMillis(35_000);
        assertThat(cluster.ilb(1).engine.owned().size(ConnectionState.CLOSING)).isEqualTo(1);
        cluster.advanceMillis(65_000);

        assertNobodyHoldsAnything(cluster);
        check(cluster);
    }

    @Test
    void holderThatSaysThatAConnectionLivesIsToldOfItsEndAllTheSame() {
        TestCluster cluster = halfClosedUnknownToTheOther();
        cluster.advanceMillis(20_000);
        // It is so long ago that the other was told last.
        cluster.send(1, client(1), VIP, ACK);
        cluster.advanceMillis(35_000);

        assertThat(cluster.ilb(1).engine.owned().size(ConnectionState.CLOSING)).isEqualTo(1);
    }

    @Test
    void halfClosedConnectionStaysWithBothHoldersWhicheverServesIt() {
        TestCluster cluster = halfClosedUnknownToTheOther();
        for (int i = 0; i < 30; i++) {
            assertThat(cluster.send(1, client(1), VIP, ACK)).hasSize(1);
            cluster.advanceMillis(5_000);
            assertThat(cluster.holders(client(1), VIP)).containsExactly(0, 1);
        }
    }

    @Test
    void resetConnectionIsForgottenAfterALinger() {
        TestCluster cluster = TestCluster.of(3);
        cluster.open(0, client(1), VIP);
        cluster.send(2, client(1), VIP, RST);
        cluster.advanceMillis(40_000);

        assertNobodyHoldsAnything(cluster);
    }

    @Test
    void resetsAloneDoNotKeepAConnection() {
        TestCluster cluster = TestCluster.of(2);
        cluster.open(0, client(1), VIP);
        for (int i = 0; i < 10; i++) {
            cluster.send(0, client(1), VIP, RST);
            cluster.advanceMillis(5_000);
        }
        assertNobodyHoldsAnything(cluster);
    }

    @Test
    void packetsOfNobodyVisitThreeIlbsAtMostAndFollowTheMaglevTable() {
        TestCluster cluster = TestCluster.of(5);
        for (int i = 0; i < 50; i++) {
            String endpoint = "";
            for (int ilb = 0; ilb < 5; ilb++) {
                List<Delivery> delivered = cluster.send(ilb, client(i), VIP, ACK);
                assertThat(delivered).hasSize(1);
                String server = delivered.get(0).server().endpoint().toString();
                assertThat(endpoint).isIn("", server);
                endpoint = server;
            }
        }
        long forwarded = cluster.ilbs.stream()
                .mapToLong(ilb -> ilb.engine.counters().get(Counter.FORWARDED))
                .sum();
        assertThat(forwarded).isPositive().isLessThanOrEqualTo(2 * 250);
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.owned().size()).as("an orphan makes no state").isZero();
        }
    }

    @Test
    void orphanPolicyResetAnswersWithAReset() {
        TestCluster cluster =
                new TestCluster(new Settings().services(service(VIP, 3, Forwarding.DIRECT, Orphan.RESET)));

        assertThat(cluster.send(0, client(1), VIP, ACK)).isEmpty();
        assertThat(cluster.outgoing).hasSize(1);
        byte[] reset = cluster.outgoing.get(0).packet();
        assertThat(reset[33] & RST).isEqualTo(RST);
        assertThat(cluster.send(0, client(1), VIP, RST)).isEmpty();
        assertThat(cluster.outgoing).as("a RST is never answered with a RST").hasSize(1);
    }

    @Test
    void orphanPolicyDropIsCounted() {
        TestCluster cluster =
                new TestCluster(new Settings().ilbs(1).services(service(VIP, 3, Forwarding.DIRECT, Orphan.DROP)));

        assertThat(cluster.send(0, client(1), VIP, ACK)).isEmpty();
        assertThat(cluster.ilb(0).engine.counters().dropped(DropReason.ORPHAN)).isEqualTo(1);
    }

    @Test
    void missedBroadcastVoidsWhatWasCachedFromItsSender() {
        TestCluster cluster = TestCluster.of(3);
        for (int i = 0; i < 60; i++) {
            cluster.open(0, client(i), VIP);
        }
        int before = cluster.ilb(0).engine.cache().size();
        assertThat(before).isPositive();
        cluster.loses(datagram -> datagram.to().equals(cluster.ilb(0).bind) && datagram.payload()[1] == 3);
        for (int i = 60; i < 120; i++) {
            cluster.open(1, client(i), VIP);
        }
        cluster.loses(datagram -> false);
        cluster.advanceMillis(300);

        assertThat(cluster.ilb(0).engine.counters().get(Counter.BROADCAST_GAPS)).isPositive();
        for (int i = 0; i < 120; i++) {
            String endpoint = cluster.send(1, client(i), VIP, ACK)
                    .get(0)
                    .server()
                    .endpoint()
                    .toString();
            assertThat(cluster.send(0, client(i), VIP, ACK)
                            .get(0)
                            .server()
                            .endpoint()
                            .toString())
                    .isEqualTo(endpoint);
        }
    }

    @Test
    void connectionServedFromACacheForHoursStaysKnownAtItsOwner() {
        TestCluster cluster = new TestCluster(new Settings().establishedTimeoutMillis(60_000));
        Server server = cluster.open(0, client(1), VIP);
        int stranger = -1;
        for (int i = 0; i < 3; i++) {
            if (cluster.ilb(i).engine.owned().size() == 0) {
                stranger = i;
            }
        }
        assertThat(stranger).isNotNegative();

        for (int second = 0; second < 600; second += 5) {
            cluster.send(stranger, client(1), VIP, ACK);
            cluster.advanceMillis(5_000);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(cluster.send(i, client(1), VIP, ACK).get(0).server().endpoint())
                    .isEqualTo(server.endpoint());
            assertThat(cluster.ilb(i).engine.counters().get(Counter.ORPHANS)).isZero();
        }
        assertThat(cluster.ilbs.stream()
                        .mapToInt(ilb -> ilb.engine.owned().size())
                        .sum())
                .isEqualTo(2);
    }

    @Test
    void fullHalfOpenRoomStillServesAndEvictsNoEstablishedConnection() {
        TestCluster cluster = new TestCluster(new Settings().ilbs(1).halfOpen(10));
        Server established = cluster.open(0, client(0), VIP);

        for (int i = 1; i <= 100; i++) {
            assertThat(cluster.send(0, client(i), VIP, SYN)).hasSize(1);
        }
        Engine engine = cluster.ilb(0).engine;
        assertThat(engine.owned().size(ConnectionState.HALF_OPEN)).isEqualTo(10);
        assertThat(engine.owned().size(ConnectionState.ESTABLISHED)).isEqualTo(1);
        assertThat(engine.counters().get(Counter.STATELESS_SYNS)).isEqualTo(90);
        assertThat(cluster.send(0, client(0), VIP, ACK).get(0).server()).isSameAs(established);
        String stateless =
                cluster.send(0, client(50), VIP, SYN).get(0).server().endpoint().toString();
        assertThat(cluster.send(0, client(50), VIP, ACK)
                        .get(0)
                        .server()
                        .endpoint()
                        .toString())
                .as("the stateless SYN's connection goes on at the same server")
                .isEqualTo(stateless);
        check(cluster);
    }

    @Test
    void serverThatIsDownGetsNoNewConnectionAndKeepsItsOwn() {
        TestCluster cluster = TestCluster.of(1);
        Engine engine = cluster.ilb(0).engine;
        Server victim = cluster.open(0, client(0), VIP);
        engine.onServerReport(victim, ServerReport.ofCheck(false), cluster.now);

        for (int i = 1; i < 100; i++) {
            assertThat(cluster.send(0, client(i), VIP, SYN).get(0).server()).isNotSameAs(victim);
        }
        assertThat(cluster.send(0, client(0), VIP, ACK).get(0).server()).isSameAs(victim);
        engine.onServerReport(victim, ServerReport.ofCheck(true), cluster.now);
        Set<Server> used = new HashSet<>();
        for (int i = 100; i < 103; i++) {
            used.add(cluster.send(0, client(i), VIP, SYN).get(0).server());
        }
        assertThat(used).contains(victim);
    }

    @Test
    void retransmittedSynOfAServerThatWentDownIsGivenToAnother() {
        TestCluster cluster = TestCluster.of(1);
        Server first = cluster.send(0, client(0), VIP, SYN).get(0).server();
        cluster.ilb(0).engine.onServerReport(first, ServerReport.ofCheck(false), cluster.now);

        assertThat(cluster.send(0, client(0), VIP, SYN).get(0).server()).isNotSameAs(first);
        check(cluster);
    }

    @Test
    void allServersDownDropsNewConnections() {
        TestCluster cluster = TestCluster.of(1);
        Engine engine = cluster.ilb(0).engine;
        for (Server server : engine.services().get(0).servers()) {
            engine.onServerReport(server, ServerReport.ofCheck(false), cluster.now);
        }

        assertThat(cluster.send(0, client(0), VIP, SYN)).isEmpty();
        assertThat(engine.counters().dropped(DropReason.NO_SERVER)).isEqualTo(1);
    }

    @Test
    void removedServerKeepsItsConnectionsAndGetsNoNewOnes() {
        TestCluster cluster = TestCluster.of(3);
        Server server = cluster.open(0, client(0), VIP);
        ServiceConfig old = service(VIP, 3);
        ServiceConfig reduced = new ServiceConfig(
                old.name(),
                old.vip(),
                old.forwarding(),
                old.scheduler(),
                old.orphan(),
                old.servers().stream()
                        .filter(config -> !config.endpoint().equals(server.endpoint()))
                        .toList());
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            ilb.engine.reconfigure(List.of(reduced));
        }

        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, client(0), VIP, ACK).get(0).server().endpoint())
                    .isEqualTo(server.endpoint());
        }
        for (int i = 1; i < 30; i++) {
            assertThat(cluster.send(i % 3, client(i), VIP, SYN).get(0).server().endpoint())
                    .isNotEqualTo(server.endpoint());
        }
    }

    @Test
    void crashOfAnyOneIlbKeepsEveryConnectionOnItsServer() {
        for (int dead = 0; dead < 3; dead++) {
            for (CacheFill fill : CacheFill.values()) {
                TestCluster cluster = new TestCluster(new Settings().cacheFill(fill));
                Server[] servers = new Server[50];
                for (int i = 0; i < servers.length; i++) {
                    servers[i] = cluster.open(i % 3, client(i), VIP);
                }
                cluster.kill(dead);
                cluster.advanceMillis(600);
                for (int i = 0; i < servers.length; i++) {
                    for (int ilb = 0; ilb < 3; ilb++) {
                        if (ilb != dead) {
                            assertThat(cluster.send(ilb, client(i), VIP, ACK)
                                            .get(0)
                                            .server()
                                            .endpoint())
                                    .isEqualTo(servers[i].endpoint());
                        }
                    }
                }
                int owned = cluster.ilbs.stream()
                        .filter(ilb -> ilb.alive)
                        .mapToInt(ilb -> ilb.engine.ownedCount())
                        .sum();
                assertThat(owned).as("the backups are the new owners").isEqualTo(50);
            }
        }
    }

    @Test
    void keysChangeWithoutABreakAndAnotherKeyShutsOut() {
        TestCluster cluster = TestCluster.of(3);
        byte[] oldKey = "the old cluster key".getBytes(StandardCharsets.US_ASCII);
        byte[] newKey = "the new cluster key".getBytes(StandardCharsets.US_ASCII);
        cluster.ilbs.forEach(ilb -> ilb.engine.setKeys(List.of(oldKey)));
        for (List<byte[]> keys : List.of(List.of(oldKey, newKey), List.of(newKey, oldKey), List.of(newKey))) {
            for (TestCluster.Ilb ilb : cluster.ilbs) {
                ilb.engine.setKeys(keys);
                cluster.advanceMillis(500);
            }
        }
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.membership().activeIds()).hasSize(3);
            assertThat(ilb.engine.counters().dropped(DropReason.PEER_UNKNOWN_KEY)
                            + ilb.engine.counters().dropped(DropReason.PEER_BAD_MAC))
                    .isZero();
        }

        cluster.ilb(2).engine.setKeys(List.of(oldKey));
        long before = cluster.ilb(2).engine.counters().get(Counter.PEER_MESSAGES);
        cluster.advanceMillis(1_000);
        assertThat(cluster.ilb(0).engine.membership().activeIds()).hasSize(2);
        assertThat(cluster.ilb(2).engine.membership().activeIds()).hasSize(1);
        assertThat(cluster.ilb(2).engine.counters().get(Counter.PEER_MESSAGES)).isEqualTo(before);
    }

    @Test
    void clusterWideConnectionsAreWhatAllIlbsOwn() {
        TestCluster cluster = TestCluster.of(3);
        for (int i = 0; i < 90; i++) {
            cluster.open(i % 3, client(i), VIP);
        }
        cluster.advanceMillis(200);

        for (TestCluster.Ilb ilb : cluster.ilbs) {
            int sum = ilb.engine.services().get(0).servers().stream()
                    .mapToInt(Server::clusterConnections)
                    .sum();
            assertThat(sum).isEqualTo(90);
        }
        cluster.kill(2);
        cluster.advanceMillis(600);
        int sum = cluster.ilb(0).engine.services().get(0).servers().stream()
                .mapToInt(Server::clusterConnections)
                .sum();
        assertThat(sum).as("the dead one's are the backups' now").isEqualTo(90);
    }

    @Test
    void natServersPacketsGoBackToTheClientFromAnyIlb() {
        TestCluster cluster = new TestCluster(new Settings().services(service(VIP, 3, Forwarding.NAT, Orphan.HASH)));
        cluster.open(0, client(0), VIP);

        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, "10.2.0.101:8080", client(0), TestCluster.SYN_ACK))
                    .isEmpty();
        }
        assertThat(cluster.outgoing).hasSize(3);
        assertThat(cluster.outgoing.get(0).service().orElseThrow().vip().toString())
                .isEqualTo(VIP);
    }

    @Test
    void removedNatServerStillAnswersOnTheConnectionsThatItHas() {
        ServiceConfig nat = service(VIP, 2, Forwarding.NAT, Orphan.HASH);
        TestCluster cluster = new TestCluster(new Settings().ilbs(1).services(nat));
        Server server = cluster.open(0, client(0), VIP);
        Engine engine = cluster.ilb(0).engine;
        engine.reconfigure(List.of(service(VIP, 0, Forwarding.NAT, Orphan.HASH)));

        assertThat(cluster.send(0, server.endpoint().toString(), client(0), ACK))
                .isEmpty();
        assertThat(cluster.outgoing).hasSize(1);
        assertThat(engine.hasConnectionsTo(server.endpoint())).isTrue();
        cluster.send(0, client(0), VIP, FIN_ACK);
        assertThat(engine.hasConnectionsTo(server.endpoint())).isFalse();
    }

    @Test
    void natServerThatOnlyAnotherIlbIsConfiguredWithAnswersThroughBoth() {
        ServiceConfig nat = service(VIP, 1, Forwarding.NAT, Orphan.HASH);
        TestCluster cluster = new TestCluster(new Settings().ilbs(2).services(nat));
        Engine unaware = cluster.ilb(1).engine;
        unaware.reconfigure(List.of(service(VIP, 0, Forwarding.NAT, Orphan.HASH)));
        int known = unaware.serverCount();
        cluster.ilb(0).engine.reconfigure(List.of(service(VIP, 2, Forwarding.NAT, Orphan.HASH)));
        for (int i = 0; unaware.serverCount() == known; i++) {
            assertThat(i).isLessThan(100);
            cluster.open(0, client(i), VIP);
        }

        Server server = unaware.server(known);
        cluster.outgoing.clear();
        cluster.send(1, server.endpoint().toString(), client(0), ACK);
        assertThat(cluster.outgoing).hasSize(1);
        assertThat(cluster.outgoing.getFirst().service()).isPresent();
    }

    @Test
    void restartThatIsFasterThanTheFailureTimeoutIsAJoin() {
        TestCluster cluster = TestCluster.of(3);
        Server[] servers = new Server[50];
        for (int i = 0; i < servers.length; i++) {
            servers[i] = cluster.open(i % 3, client(i), VIP);
        }

        cluster.restart(0);
        cluster.advanceMillis(1_000);

        for (TestCluster.Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.membership().selfState()).isEqualTo(IlbState.ACTIVE);
            assertThat(ilb.engine.membership().activeIds()).hasSize(3);
        }
        assertThat(cluster.ilb(0).engine.owned().size()).as("handed over").isPositive();
        for (int i = 0; i < servers.length; i++) {
            assertThat(cluster.send(0, client(i), VIP, ACK).get(0).server().endpoint())
                    .isEqualTo(servers[i].endpoint());
        }
        check(cluster);
    }

    @Test
    void packetsForOtherPortsAndAddressesAreLeftAloneAndCounted() {
        TestCluster cluster = TestCluster.of(1);

        assertThat(cluster.send(0, client(0), "10.9.0.1:81", SYN)).isEmpty();
        assertThat(cluster.send(0, client(0), "10.9.0.2:80", SYN)).isEmpty();
        assertThat(cluster.ilb(0).engine.counters().dropped(DropReason.NO_SERVICE))
                .isEqualTo(2);
        assertThat(cluster.outgoing).isEmpty();
    }

    @Test
    void halfOpenConnectionThatIsNeverAnsweredIsForgotten() {
        TestCluster cluster = TestCluster.of(3);
        cluster.send(0, client(0), VIP, SYN);
        cluster.advanceMillis(11_000);
        assertThat(cluster.ilbs.stream()
                        .mapToInt(ilb -> ilb.engine.ownedCount())
                        .sum())
                .isZero();
        // The backup has asked the owner before it lets go.
        cluster.advanceMillis(10_000);

        assertThat(cluster.ilbs.stream()
                        .mapToInt(ilb -> ilb.engine.owned().size())
                        .sum())
                .isZero();
        assertThat(cluster.ilbs.stream()
                        .flatMap(ilb -> ilb.engine.services().get(0).servers().stream())
                        .mapToInt(Server::connections)
                        .sum())
                .isZero();
    }

    @Test
    void malformedAndForeignDatagramsAreCountedByReason() {
        TestCluster cluster = TestCluster.of(1);
        Engine engine = cluster.ilb(0).engine;
        cluster.put(new byte[64]);
        engine.onDatagram(cluster.buffer(), cluster.packetOffset(), 64, false, 0, 1, 1, cluster.now);
        engine.onDatagram(cluster.buffer(), cluster.packetOffset(), 3, false, 0, 1, 1, cluster.now);

        assertThat(engine.counters().dropped(DropReason.PEER_MALFORMED)).isEqualTo(2);
    }
}
