package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.List;
import java.util.Set;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.packet.Endpoint;
import org.junit.jupiter.api.Test;

/** ILBs that were away and are back: restarted, stopped for a while, cut off. */
class AbsenceTest {
    private final TestCluster cluster = TestCluster.of(3);
    private final OpenConnections connections = new OpenConnections(cluster);

    private long incarnation(int ilb) {
        return cluster.ilb(ilb).engine.membership().incarnation();
    }

    @Test
    void whoIsRestartedOneSecondAfterItsCrashTakesNothingBackThatItDoesNotHold() {
        connections.open(60);
        cluster.kill(1);
        cluster.advanceMillis(1_000);
        connections.open(20);
        cluster.restart(1);
        cluster.advanceMillis(20);
        for (int tick = 0; tick < 50; tick++) {
            cluster.advanceMillis(10);
            connections.assertAllServed();
        }
        assertThat(cluster.ilb(1).state()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(0, 1, 2);
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void whoIsRestartedBeforeItsCrashWasNoticedTakesNothingBackThatItDoesNotHold() {
        connections.open(60);
        cluster.kill(1);
        cluster.restart(1);
        cluster.advanceMillis(20);
        for (int tick = 0; tick < 50; tick++) {
            cluster.advanceMillis(10);
            connections.assertAllServed();
        }
        assertThat(cluster.ilb(1).state()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(0, 1, 2);
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void eachIsRestartedInTurnAndNothingIsLost() {
        connections.open(60);
        for (int round = 0; round < 6; round++) {
            cluster.kill(round % 3);
            cluster.advanceMillis(600);
            cluster.restart(round % 3);
            cluster.advanceMillis(600);
            connections.assertAllServed();
            connections.assertHeldBy(0, 1, 2);
        }
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void whoWasStoppedForLongerThanTheFailureTimeoutComesBackAsANewcomer() {
        connections.open(60);
        long before = incarnation(1);
        cluster.pause(1);
        cluster.advanceMillis(2_000);
        assertThat(cluster.ilb(0).engine.membership().activeIds()).hasSize(2);
        connections.open(20);
        cluster.resume(1);
        cluster.advanceMillis(10);
        assertThat(cluster.ilb(1).state()).isEqualTo(IlbState.JOINING);
        assertThat(incarnation(1)).isEqualTo(before + 1);
        assertThat(cluster.ilb(1).engine.ownedCount()).isZero();

        cluster.advanceMillis(500);
        assertThat(cluster.ilb(1).state()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(0, 1, 2);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    /** Ports that were used again meanwhile, for connections to other servers. */
    @Test
    void whoWasStoppedServesNothingStale() {
        List<String> clients = connections.open(60);
        cluster.pause(1);
        cluster.advanceMillis(600);
        clients.forEach(client -> cluster.send(0, client, VIP, FIN_ACK));
        cluster.advanceMillis(40_000);
        // One more, so that it is another server's turn for each.
        connections.adopt(
                OpenConnections.client(1_000),
                cluster.open(0, OpenConnections.client(1_000), VIP).endpoint());
        List<Endpoint> stale = clients.stream().map(connections::server).toList();
        clients.forEach(client -> connections.reopen(2, client));
        assertThat(clients.stream().map(connections::server).toList()).isNotEqualTo(stale);
        cluster.resume(1);
        int changed = 0;
        for (int tick = 0; tick < 50; tick++) {
            for (String client : clients) {
                List<TestCluster.Delivery> deliveries = cluster.send(1, client, VIP, ACK);
                assertThat(deliveries)
                        .allMatch(delivery -> delivery.server().endpoint().equals(connections.server(client)));
                changed += deliveries.size();
            }
            cluster.advanceMillis(10);
        }
        assertThat(changed).isPositive();
        assertThat(cluster.ilb(1).state()).isEqualTo(IlbState.ACTIVE);
        connections.assertAllServed();
        connections.assertHeldBy(0, 1, 2);
    }

    @Test
    void whoWasStoppedGoesByNoLoadThatMayHaveWaitedForIt() {
        Server own = cluster.ilb(1).engine.services().getFirst().servers().getFirst();
        Server others = cluster.ilb(0).engine.services().getFirst().servers().getLast();
        Server othersHere =
                cluster.ilb(1).engine.services().getFirst().servers().getLast();
        cluster.pause(1);
        // On its way to the one that is stopped, as everything from then on.
        cluster.ilb(0).engine.onServerReport(others, ServerReport.ofLoad(500), cluster.now);
        cluster.advanceMillis(2_000);
        cluster.resume(1);

        cluster.ilb(1).engine.onServerReport(own, ServerReport.ofLoad(300), cluster.now);
        assertThat(own.load()).isEqualTo(-1);
        assertThat(othersHere.load()).isEqualTo(-1);

        cluster.advanceMillis(300);
        cluster.ilb(1).engine.onServerReport(own, ServerReport.ofLoad(300), cluster.now);
        assertThat(own.load()).isEqualTo(300);
        assertThat(othersHere.load()).isEqualTo(500);
    }

    @Test
    void whoWasStoppedPassesOnNoSynThatMayHaveWaitedForIt() {
        cluster.pause(1);
        cluster.advanceMillis(2_000);
        cluster.resume(1);

        assertThat(cluster.send(1, OpenConnections.client(0), VIP, SYN)).isEmpty();
        assertThat(cluster.ilb(1).engine.counters().dropped(DropReason.VIEWS_DIFFER))
                .isEqualTo(1);
        cluster.advanceMillis(200);
        assertThat(cluster.send(1, OpenConnections.client(0), VIP, SYN)).hasSize(1);
    }

    @Test
    void allThatAreStoppedAtOnceKeepEverything() {
        connections.open(60);
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.pause(ilb);
        }
        cluster.advanceMillis(2_000);
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.resume(ilb);
        }
        cluster.advanceMillis(1_500);
        assertThat(cluster.ilbs).allMatch(ilb -> ilb.state() == IlbState.ACTIVE);
        connections.assertAllServed();
        connections.assertHeldBy(0, 1, 2);
        assertThat(connections.orphans()).isZero();
        assertThat(connections.underReplicated()).isZero();
    }

    @Test
    void twoOfThreeThatAreStoppedAtOnceKeepWhatTheyHold() {
        connections.open(60);
        cluster.pause(0);
        cluster.pause(1);
        cluster.advanceMillis(2_000);
        cluster.resume(0);
        cluster.resume(1);
        cluster.advanceMillis(1_500);
        assertThat(cluster.ilbs).allMatch(ilb -> ilb.state() == IlbState.ACTIVE);
        connections.assertAllServed();
        connections.assertHeldBy(0, 1, 2);
    }

    @Test
    void aPauseShorterThanTheFailureTimeoutChangesNothing() {
        connections.open(60);
        long before = incarnation(1);
        cluster.pause(1);
        cluster.advanceMillis(250);
        cluster.resume(1);
        cluster.advanceMillis(200);
        assertThat(incarnation(1)).isEqualTo(before);
        assertThat(cluster.ilbs)
                .allMatch(ilb -> ilb.engine.membership().activeIds().size() == 3);
        connections.assertAllServed();
        connections.assertHeldBy(0, 1, 2);
    }

    @Test
    void bothSidesOfAPartitionServeWhatTheyHaveAndAreOneAgainWhenItHeals() {
        connections.open(60);
        cluster.cutOff(2);
        cluster.advanceMillis(1_000);
        assertThat(cluster.ilb(0).engine.membership().activeIds()).hasSize(2);
        assertThat(cluster.ilb(2).engine.membership().activeIds()).hasSize(1);
        for (String client : connections.clients()) {
            connections.assertServed(0, client);
        }
        cluster.heal();
        cluster.advanceMillis(1_500);

        assertThat(cluster.ilbs)
                .allMatch(ilb -> ilb.engine.membership().activeIds().size() == 3);
        connections.assertAllServed();
        connections.assertHeldBy(0, 1, 2);
        assertThat(connections.underReplicated()).isZero();
    }

    @Test
    void connectionsOpenedOnEitherSideOfAPartitionHaveOneOwnerAndOneBackupAfterIt() {
        cluster.cutOff(2);
        cluster.advanceMillis(1_000);
        connections.open(60);
        assertThat(cluster.ilb(2).engine.owned().size()).isPositive();
        cluster.heal();
        cluster.advanceMillis(1_500);

        connections.assertAllServed();
        connections.assertHeldBy(0, 1, 2);
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void ofTwoAssociationsForOneConnectionTheOlderWinsWhenThePartitionHeals() {
        cluster.cutOff(2);
        cluster.advanceMillis(1_000);
        // One more on one side, so that it is not the same server's turn on both.
        connections.adopt(
                OpenConnections.client(500),
                cluster.open(2, OpenConnections.client(500), VIP).endpoint());
        // The same 4-tuples on both sides, first there, then here, and not to the same servers.
        int differ = 0;
        for (int i = 0; i < 60; i++) {
            String client = OpenConnections.client(i);
            int first = i % 2 == 0 ? 2 : 0;
            Endpoint older = cluster.open(first, client, VIP).endpoint();
            cluster.advanceMillis(20);
            Endpoint younger = cluster.open(2 - first, client, VIP).endpoint();
            differ += older.equals(younger) ? 0 : 1;
            connections.adopt(client, older);
        }
        assertThat(differ).isGreaterThan(20);
        cluster.heal();
        cluster.advanceMillis(1_500);

        connections.assertHeldBy(0, 1, 2);
        connections.assertAllServed();
    }

    /**
     * The owner and the backup lose sight of each other, and only the third ILB, which sees both, hears from the owner that the client has
     * ended its half. Then the owner leaves.
     */
    @Test
    void anEndThatOneOfTwoHoldersHasMissedReachesItBeforeTheOtherForgets() {
        connections.open(60);
        Roles all = Roles.among(0, 1, 2);
        String client = connections.clients().stream()
                .filter(candidate ->
                        all.holders(candidate, VIP).equals(List.of(0, 1)) && all.owner(candidate, VIP) == 0)
                .findFirst()
                .orElseThrow();
        cluster.loses(datagram -> isBetween(datagram, 0, 1));
        cluster.holdStreams(message -> isBetween(message, 0, 1));
        cluster.advanceMillis(1_000);
        assertThat(cluster.ilb(2).engine.membership().activeIds()).hasSize(3);
        assertThat(cluster.holders(client, VIP)).containsExactly(0, 1, 2);
        cluster.send(0, client, VIP, FIN_ACK);
        cluster.advanceMillis(100);
        cluster.ilb(0).engine.leave(cluster.now);
        cluster.advanceMillis(1_000);
        cluster.kill(0);

        // The server goes on sending, and the client confirms it, for several closing timeouts.
        for (int i = 0; i < 30; i++) {
            assertThat(cluster.send(1, client, VIP, ACK)).hasSize(1);
            cluster.advanceMillis(5_000);
        }

        assertThat(cluster.holders(client, VIP)).containsExactly(1, 2);
    }

    private static boolean isBetween(TestCluster.InFlight message, int one, int other) {
        Set<Endpoint> ends = Set.of(message.from(), message.to());
        return ends.equals(Set.of(Settings.endpoint(one), Settings.endpoint(other)));
    }
}
