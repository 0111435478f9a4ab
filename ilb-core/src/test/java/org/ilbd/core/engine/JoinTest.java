package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;

import java.util.List;
import java.util.function.Predicate;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.MessageType;
import org.junit.jupiter.api.Test;

/** A third ILB joins two that have connections: what each of the three is then to each connection. */
class JoinTest {
    private static final int NEWCOMER = 2;

    private final TestCluster cluster = new TestCluster(new Settings().ilbs(3).running(2));
    private final OpenConnections connections = new OpenConnections(cluster);
    private final Roles before = Roles.among(0, 1);
    private final Roles after = Roles.among(0, 1, NEWCOMER);

    /** Those of the connections for which something holds in the view with the newcomer. */
    private List<String> where(Predicate<String> what) {
        List<String> some = connections.clients().stream().filter(what).toList();
        assertThat(some).hasSizeGreaterThan(5);
        return some;
    }

    private void join() {
        connections.open(90);
        cluster.start(NEWCOMER);
        cluster.advanceMillis(500);
        assertThat(cluster.ilb(NEWCOMER).state()).isEqualTo(IlbState.ACTIVE);
    }

    @Test
    void newcomerBecomesTheOwnerAndTheOwnerItsBackup() {
        join();
        for (String client : where(client -> after.owner(client, VIP) == NEWCOMER)) {
            int owner = before.owner(client, VIP);
            assertThat(after.backup(client, VIP)).isEqualTo(owner);
            assertThat(cluster.holders(client, VIP)).containsExactly(owner, NEWCOMER);
            assertThat(cluster.ilb(NEWCOMER).held(client, VIP)).contains(connections.server(client));
        }
        connections.assertHeldBy(0, 1, NEWCOMER);
    }

    @Test
    void ownerStaysTheOwnerAndTheNewcomerBecomesItsBackup() {
        join();
        for (String client : where(client -> after.backup(client, VIP) == NEWCOMER)) {
            int owner = before.owner(client, VIP);
            assertThat(after.owner(client, VIP)).isEqualTo(owner);
            assertThat(cluster.holders(client, VIP)).containsExactly(owner, NEWCOMER);
            assertThat(cluster.ilb(NEWCOMER).held(client, VIP)).contains(connections.server(client));
        }
        connections.assertHeldBy(0, 1, NEWCOMER);
    }

    @Test
    void whoIsNeitherAnyMoreLetsGoAndServesFromItsCache() {
        join();
        for (String client : where(client -> after.holders(client, VIP).contains(NEWCOMER))) {
            int neither = before.backup(client, VIP);
            assertThat(after.holders(client, VIP)).doesNotContain(neither);
            assertThat(cluster.holders(client, VIP)).doesNotContain(neither);
            Counters counters = cluster.ilb(neither).engine.counters();
            long cached = counters.get(Counter.SERVED_CACHED);
            connections.assertServed(neither, client);
            assertThat(counters.get(Counter.SERVED_CACHED)).isEqualTo(cached + 1);
        }
    }

    @Test
    void connectionsThatDoNotConcernTheNewcomerStayWhereTheyAre() {
        join();
        List<String> others = where(client -> !after.holders(client, VIP).contains(NEWCOMER));
        for (String client : others) {
            assertThat(cluster.holders(client, VIP)).containsExactly(0, 1);
            assertThat(cluster.ilb(NEWCOMER).held(client, VIP)).isEmpty();
        }
    }

    @Test
    void everyConnectionIsServedThroughEveryIlbWhileAndAfterOneJoins() {
        connections.open(60);
        cluster.start(NEWCOMER);
        // Until it has heard the others, which takes them a heartbeat at most.
        cluster.advanceMillis(20);
        for (int tick = 0; tick < 20; tick++) {
            cluster.advanceMillis(10);
            connections.assertAllServed();
        }
        assertThat(cluster.ilb(NEWCOMER).state()).isEqualTo(IlbState.ACTIVE);
        assertThat(connections.orphans()).isZero();
        connections.assertHeldBy(0, 1, NEWCOMER);
    }

    @Test
    void whoHasHeardNobodyYetLetsTheClientTryAgain() {
        connections.open(60);
        cluster.start(NEWCOMER);
        for (String client : connections.clients()) {
            assertThat(cluster.send(NEWCOMER, client, VIP, TestCluster.ACK)).isEmpty();
        }
        Counters counters = cluster.ilb(NEWCOMER).engine.counters();
        assertThat(counters.dropped(DropReason.NO_OWNER)).isEqualTo(60);
        assertThat(counters.get(Counter.ORPHANS)).isZero();
    }

    @Test
    void eachAssociationIsSentOnce() {
        join();
        long sent = cluster.ilbs.stream()
                .mapToLong(ilb -> ilb.engine.counters().get(Counter.ASSOCIATIONS_TRANSFERRED))
                .sum();
        int moved =
                where(client -> after.holders(client, VIP).contains(NEWCOMER)).size();
        assertThat(sent).isEqualTo(moved);
    }

    @Test
    void newcomersAtTheSameInstantNextToAnActiveOneShareWhatItHas() {
        TestCluster three = new TestCluster(new Settings().ilbs(3).running(1));
        OpenConnections alone = new OpenConnections(three);
        alone.open(60);
        three.start(1);
        three.start(2);
        three.advanceMillis(20);
        for (int tick = 0; tick < 100; tick++) {
            three.advanceMillis(10);
            alone.assertAllServed();
        }
        assertThat(three.ilbs).allMatch(ilb -> ilb.state() == IlbState.ACTIVE);
        assertThat(alone.orphans()).isZero();
        alone.assertHeldBy(0, 1, 2);
    }

    @Test
    void whoWasTakenForTheBackupByAnOlderViewLetsGoOnceTheViewIsThatOfAll() {
        TestCluster four = new TestCluster(new Settings().ilbs(4).running(3));
        Roles three = Roles.among(0, 1, 2);
        Roles all = Roles.among(0, 1, 2, 3);
        int number = 0;
        while (three.owner(OpenConnections.client(number), VIP) != 0
                || all.holders(OpenConnections.client(number), VIP)
                        .contains(three.backup(OpenConnections.client(number), VIP))) {
            number++;
        }
        String client = OpenConnections.client(number);
        int backup = three.backup(client, VIP);
        four.loses(datagram -> datagram.from().equals(Settings.endpoint(3))
                && datagram.to().equals(Settings.endpoint(0))
                && datagram.isOfType(MessageType.ID)
                && datagram.payload()[IdMessage.STATE_OFFSET] == IlbState.ACTIVE.code());
        four.start(3);
        four.advanceMillis(200);
        assertThat(four.ilb(backup).engine.membership().activeIds()).hasSize(4);
        assertThat(four.ilb(0).engine.membership().activeIds()).hasSize(3);
        OpenConnections opened = new OpenConnections(four);
        opened.adopt(client, four.open(0, client, VIP).endpoint());
        assertThat(four.holders(client, VIP)).contains(0, backup);
        four.loses(datagram -> false);
        four.advanceMillis(2_000);

        opened.assertHeldBy(0, 1, 2, 3);
        opened.assertAllServed();
    }

    @Test
    void allThatStartAtTheSameInstantAreActiveAtOnce() {
        TestCluster cold = new TestCluster(new Settings().ilbs(4).running(0));
        for (int i = 0; i < 4; i++) {
            cold.start(i);
        }
        // Not the failure timeout, for which one waits that hears nobody.
        cold.advanceMillis(200);
        assertThat(cold.ilbs).allMatch(ilb -> ilb.state() == IlbState.ACTIVE);
        OpenConnections opened = new OpenConnections(cold);
        opened.open(40);
        opened.assertHeldBy(0, 1, 2, 3);
    }

    @Test
    void whoWasAloneHandsOverToTheSecond() {
        TestCluster two = new TestCluster(new Settings().ilbs(2).running(1));
        OpenConnections alone = new OpenConnections(two);
        alone.open(30);
        assertThat(alone.underReplicated()).isEqualTo(30);
        two.start(1);
        two.advanceMillis(500);

        alone.assertHeldBy(0, 1);
        assertThat(alone.underReplicated()).isZero();
        two.kill(0);
        two.advanceMillis(600);
        alone.assertAllServed();
        assertThat(alone.orphans()).isZero();
    }
}
