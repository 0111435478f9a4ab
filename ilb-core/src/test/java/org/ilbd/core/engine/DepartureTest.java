package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.IlbState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One of four ILBs leaves or crashes: what the others are then to each of its connections, and what the next one costs. */
class DepartureTest {
    private static final int GONE = 1;
    private static final int[] OTHERS = {0, 2, 3};

    private final TestCluster cluster = TestCluster.of(4);
    private final OpenConnections connections = new OpenConnections(cluster);
    private final Roles before = Roles.among(0, 1, 2, 3);
    private final Roles after = Roles.among(OTHERS);

    private List<String> where(Predicate<String> what) {
        List<String> some = connections.clients().stream().filter(what).toList();
        assertThat(some).hasSizeGreaterThan(5);
        return some;
    }

    private void crash() {
        cluster.kill(GONE);
        cluster.advanceMillis(600);
    }

    /** Leaves, and ends when it is told that it may. */
    private void leave() {
        Engine leaving = cluster.ilb(GONE).engine;
        leaving.leave(cluster.now);
        for (int tick = 0; !leaving.isReleased(); tick++) {
            assertThat(tick).isLessThan(100);
            cluster.advanceMillis(10);
            connections.assertAllServed();
        }
        cluster.kill(GONE);
        cluster.advanceMillis(10);
    }

    private void assertBackupTakesOverAndChoosesANewBackup() {
        for (String client : where(client -> before.owner(client, VIP) == GONE)) {
            int newOwner = before.backup(client, VIP);
            assertThat(after.owner(client, VIP)).isEqualTo(newOwner);
            assertThat(cluster.holders(client, VIP)).contains(newOwner, after.backup(client, VIP));
        }
    }

    private void assertOwnerStaysAndChoosesANewBackup() {
        for (String client : where(client -> before.backup(client, VIP) == GONE)) {
            int owner = before.owner(client, VIP);
            assertThat(after.owner(client, VIP)).isEqualTo(owner);
            assertThat(cluster.holders(client, VIP)).contains(owner, after.backup(client, VIP));
        }
    }

    @Test
    void whenTheOwnerHasCrashedItsBackupTakesOverAndChoosesANewBackup() {
        connections.open(120);
        crash();
        assertBackupTakesOverAndChoosesANewBackup();
        connections.assertHeldBy(OTHERS);
    }

    @Test
    void whenTheBackupHasCrashedTheOwnerChoosesANewBackup() {
        connections.open(120);
        crash();
        assertOwnerStaysAndChoosesANewBackup();
        connections.assertHeldBy(OTHERS);
    }

    @Test
    void whenTheOwnerHasLeftItsBackupTakesOverAndChoosesANewBackup() {
        connections.open(120);
        leave();
        assertBackupTakesOverAndChoosesANewBackup();
        connections.assertHeldBy(OTHERS);
    }

    @Test
    void whenTheBackupHasLeftTheOwnerChoosesANewBackup() {
        connections.open(120);
        leave();
        assertOwnerStaysAndChoosesANewBackup();
        connections.assertHeldBy(OTHERS);
    }

    @Test
    void connectionsOfTheOthersStayWhereTheyAre() {
        connections.open(120);
        crash();
        for (String client : where(client -> !before.holders(client, VIP).contains(GONE))) {
            assertThat(cluster.holders(client, VIP)).isEqualTo(before.holders(client, VIP));
        }
        long sent = cluster.ilbs.stream()
                .filter(TestCluster.Ilb::isRunning)
                .mapToLong(ilb -> ilb.engine.counters().get(Counter.ASSOCIATIONS_TRANSFERRED))
                .sum();
        assertThat(sent)
                .isEqualTo(where(client -> before.holders(client, VIP).contains(GONE))
                        .size());
    }

    @Test
    void theBackupIsTheOwnerAtOnceWithoutAMessage() {
        connections.open(120);
        cluster.holdStreams(message -> true);
        cluster.loses(datagram -> datagram.payload()[1] != 1);
        crash();
        for (String client : where(client -> before.owner(client, VIP) == GONE)) {
            connections.assertServed(before.backup(client, VIP), client);
        }
        assertThat(connections.orphans()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3})
    void afterALeaveAnotherMayCrashAtOnceAndNothingIsLost(int second) {
        connections.open(60);
        leave();
        cluster.kill(second);
        cluster.advanceMillis(600);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3})
    void onceNothingIsUnderReplicatedAnotherMayCrashAndNothingIsLost(int second) {
        connections.open(60);
        cluster.kill(GONE);
        // It takes the others the failure timeout, less a heartbeat at most, to find out.
        cluster.advanceMillis(500);
        for (int tick = 0; connections.underReplicated() > 0; tick++) {
            assertThat(tick).isLessThan(100);
            cluster.advanceMillis(10);
        }
        cluster.kill(second);
        cluster.advanceMillis(600);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void underReplicatedRisesWithACrashAndComesBackToZero() {
        connections.open(120);
        assertThat(connections.underReplicated()).isZero();
        cluster.holdStreams(message -> true);
        crash();
        int affected =
                where(client -> before.holders(client, VIP).contains(GONE)).size();
        assertThat(connections.underReplicated()).isEqualTo(affected);
        assertThat(cluster.ilbs).filteredOn(TestCluster.Ilb::isRunning).allMatch(ilb -> ilb.engine.isHandingOver());

        cluster.releaseStreams();
        cluster.advanceMillis(50);
        assertThat(connections.underReplicated()).isZero();
        assertThat(cluster.ilbs).filteredOn(TestCluster.Ilb::isRunning).noneMatch(ilb -> ilb.engine.isHandingOver());
    }

    @Test
    void aPlannedLeaveLeavesNothingUnderReplicated() {
        connections.open(60);
        cluster.ilb(GONE).engine.leave(cluster.now);
        for (int tick = 0; tick < 100; tick++) {
            cluster.advanceMillis(10);
            long alone = connections.clients().stream()
                    .filter(client -> cluster.holders(client, VIP).size() < 2)
                    .count();
            assertThat(alone).isZero();
        }
    }

    @Test
    void whoLeavesForwardsNewConnectionsAndOwnsNoneOfThem() {
        connections.open(60);
        Engine leaving = cluster.ilb(GONE).engine;
        leaving.leave(cluster.now);
        cluster.advanceMillis(50);
        assertThat(cluster.ilb(GONE).state()).isEqualTo(IlbState.LEAVING);
        int heldBefore = leaving.owned().size();
        connections.open(40);
        assertThat(leaving.ownedCount()).isZero();
        assertThat(leaving.owned().size()).isEqualTo(heldBefore);
        cluster.kill(GONE);
        cluster.advanceMillis(10);
        connections.assertHeldBy(OTHERS);
    }

    @Test
    void whoLeavesIsNotReleasedWhileTheOthersCannotHandOver() {
        connections.open(60);
        cluster.ilb(0).streamsOpen = false;
        Engine leaving = cluster.ilb(GONE).engine;
        leaving.leave(cluster.now);
        cluster.advanceMillis(2_000);
        assertThat(leaving.isReleased()).isFalse();
        connections.assertAllServed();
        cluster.ilb(0).streamsOpen = true;
        cluster.advanceMillis(50);
        assertThat(leaving.isReleased()).isTrue();
    }

    @Test
    void aCrashWhileAnotherLeavesLosesNothing() {
        connections.open(60);
        cluster.holdStreams(message -> true);
        cluster.ilb(GONE).engine.leave(cluster.now);
        cluster.advanceMillis(50);
        cluster.kill(2);
        cluster.releaseStreams();
        cluster.advanceMillis(600);
        assertThat(cluster.ilb(GONE).engine.isReleased()).isTrue();
        connections.assertAllServed();
        cluster.kill(GONE);
        cluster.advanceMillis(10);
        connections.assertHeldBy(0, 3);
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void aCrashWhileAnotherJoinsLosesNothing() {
        TestCluster five = new TestCluster(new Settings().ilbs(4).running(3));
        OpenConnections opened = new OpenConnections(five);
        opened.open(90);
        five.holdStreams(message -> true);
        five.start(3);
        five.advanceMillis(100);
        five.kill(0);
        five.releaseStreams();
        five.advanceMillis(700);
        assertThat(five.ilb(3).state()).isEqualTo(IlbState.ACTIVE);
        opened.assertHeldBy(1, 2, 3);
        opened.assertAllServed();
        assertThat(opened.orphans()).isZero();
    }

    @Test
    void whoSeesTheCrashLaterHoldsWhatItIsHandedBeforeThat() {
        connections.open(120);
        // The one whose last word all but one have missed for a while is dead for them first.
        cluster.loses(datagram -> datagram.from().equals(Settings.endpoint(GONE))
                && !datagram.to().equals(Settings.endpoint(3)));
        cluster.advanceMillis(300);
        cluster.kill(GONE);
        cluster.advanceMillis(150);
        assertThat(cluster.ilb(0).engine.membership().activeIds()).hasSize(3);
        assertThat(cluster.ilb(3).engine.membership().activeIds()).hasSize(4);
        cluster.advanceMillis(600);
        connections.assertHeldBy(OTHERS);
    }

    /** It has not heard of what became of them since the other holder has gone too. */
    @Test
    void whatWhoLeavesHandsOnIsOlderThanNothing() {
        connections.open(60);
        int crashed = 0;
        Roles left = Roles.among(2, 3);
        List<String> ofBoth = where(client -> before.holders(client, VIP).contains(GONE)
                && before.holders(client, VIP).contains(crashed));
        cluster.ilb(GONE).engine.leave(cluster.now);
        cluster.kill(crashed);
        cluster.holdStreams(message -> message.from().equals(Settings.endpoint(GONE)));
        cluster.advanceMillis(600);
        // Their clients have started anew, and use the same ports again.
        ofBoth.forEach(client -> connections.reopen(left.owner(client, VIP), client));
        cluster.releaseStreams();
        cluster.advanceMillis(1_000);

        connections.assertAllServed();
        for (String client : ofBoth) {
            assertThat(cluster.holders(client, VIP)).containsAll(left.holders(client, VIP));
        }
    }

    @Test
    void whoLeavesEndsNothingThatHasBegunMeanwhile() {
        connections.open(60);
        List<String> ofBoth = where(client -> before.holders(client, VIP).equals(List.of(0, GONE)));
        ofBoth.forEach(client -> connections.end(2, client));
        cluster.ilb(GONE).engine.leave(cluster.now);
        cluster.kill(0);
        cluster.holdStreams(message -> message.from().equals(Settings.endpoint(GONE)));
        cluster.advanceMillis(600);
        // Some get the server that they had before.
        ofBoth.forEach(client -> connections.reopen(2, client));
        cluster.releaseStreams();
        cluster.advanceMillis(1_000);

        for (int ilb : new int[] {2, 3}) {
            assertThat(cluster.ilb(ilb).engine.owned().size(ConnectionState.CLOSING))
                    .isZero();
        }
    }

    @Test
    void whoLeavesOpensNothingAgainThatHasEndedMeanwhile() {
        List<String> clients =
                IntStream.range(0, 60).mapToObj(OpenConnections::client).toList();
        clients.forEach(client -> cluster.send(2, client, VIP, TestCluster.SYN));
        cluster.ilb(GONE).engine.leave(cluster.now);
        cluster.kill(0);
        cluster.holdStreams(message -> message.from().equals(Settings.endpoint(GONE)));
        cluster.advanceMillis(600);
        for (String client : clients) {
            cluster.open(2, client, VIP);
            cluster.send(3, client, VIP, TestCluster.FIN_ACK);
        }
        cluster.releaseStreams();
        cluster.advanceMillis(1_000);

        for (int ilb : new int[] {2, 3}) {
            assertThat(cluster.ilb(ilb).engine.owned().size(ConnectionState.HALF_OPEN))
                    .isZero();
        }
    }
}
