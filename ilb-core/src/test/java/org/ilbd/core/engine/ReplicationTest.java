package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.List;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.protocol.MessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What owner, backup and caches learn of each other in ordinary life, and what they do when a datagram is lost. */
class ReplicationTest {
    private static final String CLIENT = OpenConnections.client(1);

    private final Roles roles = Roles.among(0, 1, 2);
    private final int owner = roles.owner(CLIENT, VIP);
    private final int backup = roles.backup(CLIENT, VIP);
    private final int neither = 3 - owner - backup;

    private static boolean isAssociations(TestCluster.InFlight datagram) {
        return datagram.isOfType(MessageType.ASSOCIATIONS);
    }

    @Test
    void noServerSeesASynWhoseBackupDoesNotHoldItsAssociation() {
        TestCluster cluster = TestCluster.of(3);
        cluster.loses(datagram -> datagram.from().equals(Settings.endpoint(owner))
                && datagram.to().equals(Settings.endpoint(backup)));
        assertThat(cluster.send(owner, CLIENT, VIP, SYN)).isEmpty();
        cluster.loses(datagram -> false);
        assertThat(cluster.send(owner, CLIENT, VIP, SYN)).hasSize(1);
        assertThat(cluster.holders(CLIENT, VIP)).isEqualTo(roles.holders(CLIENT, VIP));
    }

    @Test
    void theBackupAsksBeforeItForgetsAConnectionWhoseEstablishingWasLost() {
        TestCluster cluster = TestCluster.of(3);
        OpenConnections connections = new OpenConnections(cluster);
        List<TestCluster.Delivery> syn = cluster.send(owner, CLIENT, VIP, SYN);
        connections.adopt(CLIENT, syn.getFirst().server().endpoint());
        cluster.advanceMillis(10);
        cluster.loses(datagram -> datagram.to().equals(Settings.endpoint(backup)));
        // Nothing repeats it, for there is no packet after it.
        assertThat(cluster.send(owner, CLIENT, VIP, ACK)).isEmpty();
        cluster.loses(datagram -> false);
        assertThat(cluster.ilb(backup).engine.owned().size(ConnectionState.HALF_OPEN))
                .isEqualTo(1);
        cluster.advanceMillis(20_000);

        assertThat(cluster.ilb(backup).engine.owned().size(ConnectionState.ESTABLISHED))
                .isEqualTo(1);
        cluster.kill(owner);
        cluster.advanceMillis(600);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void theBackupServesTheNextConnectionOfAPortItselfOnceItIsEstablished() {
        TestCluster cluster = TestCluster.of(3);
        cluster.send(backup, CLIENT, VIP, SYN);
        cluster.send(backup, CLIENT, VIP, ACK);
        cluster.send(backup, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(50);
        cluster.send(backup, CLIENT, VIP, SYN);
        cluster.send(backup, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        Counters counters = cluster.ilb(backup).engine.counters();
        long forwarded = counters.get(Counter.FORWARDED);
        for (int i = 0; i < 5; i++) {
            assertThat(cluster.send(backup, CLIENT, VIP, ACK)).hasSize(1);
            cluster.advanceMillis(10);
        }
        assertThat(counters.get(Counter.FORWARDED)).isEqualTo(forwarded);
    }

    @Test
    void whoKnowsAConnectionAsHalfOpenForwardsItsFirstPacketOnly() {
        TestCluster cluster = TestCluster.of(3);
        cluster.send(owner, CLIENT, VIP, SYN);
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        Counters counters = cluster.ilb(neither).engine.counters();
        long forwarded = counters.get(Counter.FORWARDED);
        for (int i = 0; i < 5; i++) {
            assertThat(cluster.send(neither, CLIENT, VIP, ACK)).hasSize(1);
            cluster.advanceMillis(10);
        }
        assertThat(counters.get(Counter.FORWARDED)).isEqualTo(forwarded + 1);
        assertThat(counters.get(Counter.SERVED_CACHED)).isEqualTo(4);
    }

    @Test
    void anAnnouncementThatWasLostIsRepeatedWithALaterPacket() {
        TestCluster cluster = TestCluster.of(3);
        cluster.send(owner, CLIENT, VIP, SYN);
        cluster.loses(ReplicationTest::isAssociations);
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.advanceMillis(1_000);
        cluster.loses(datagram -> false);
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.advanceMillis(10);
        assertThat(cluster.ilb(backup).engine.owned().size(ConnectionState.ESTABLISHED))
                .isEqualTo(1);
    }

    @Test
    void whereCachesAreFilledOnDemandOnlyTheOwnerAndTheBackupLearnOfANewConnection() {
        TestCluster cluster = new TestCluster(new Settings().cacheFill(CacheFill.ON_DEMAND));
        cluster.open(owner, CLIENT, VIP);
        assertThat(cluster.ilb(neither).engine.cache().size()).isZero();
        assertThat(cluster.ilb(neither).engine.counters().get(Counter.ASSOCIATIONS_RECEIVED))
                .isZero();
    }

    @Test
    void whereCachesAreFilledOnDemandTheFirstPacketIsForwardedAndTheSecondIsNot() {
        TestCluster cluster = new TestCluster(new Settings().cacheFill(CacheFill.ON_DEMAND));
        OpenConnections connections = new OpenConnections(cluster);
        connections.adopt(CLIENT, cluster.open(owner, CLIENT, VIP).endpoint());
        Counters counters = cluster.ilb(neither).engine.counters();
        connections.assertServed(neither, CLIENT);
        assertThat(counters.get(Counter.FORWARDED)).isEqualTo(1);
        cluster.advanceMillis(10);
        connections.assertServed(neither, CLIENT);
        assertThat(counters.get(Counter.FORWARDED)).isEqualTo(1);
        assertThat(counters.get(Counter.SERVED_CACHED)).isEqualTo(1);
    }

    @Test
    void whereCachesAreFilledOnDemandTheyLearnOfEveryEnd() {
        TestCluster cluster = new TestCluster(new Settings().cacheFill(CacheFill.ON_DEMAND));
        cluster.open(owner, CLIENT, VIP);
        cluster.send(neither, CLIENT, VIP, ACK);
        cluster.advanceMillis(10);
        assertThat(cluster.ilb(neither).engine.cache().size()).isEqualTo(1);
        cluster.send(owner, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(10);
        assertThat(cluster.ilb(neither).engine.cache().size()).isZero();
    }

    @Test
    void whereThereAreNoCachesEveryPacketIsForwarded() {
        TestCluster cluster = new TestCluster(new Settings().cacheFill(CacheFill.OFF));
        OpenConnections connections = new OpenConnections(cluster);
        connections.adopt(CLIENT, cluster.open(owner, CLIENT, VIP).endpoint());
        for (int i = 1; i <= 5; i++) {
            connections.assertServed(neither, CLIENT);
            cluster.advanceMillis(10);
            assertThat(cluster.ilb(neither).engine.counters().get(Counter.FORWARDED))
                    .isEqualTo(i);
            assertThat(cluster.ilb(neither).engine.cache().size()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void joinCrashAndRejoinLoseNothingWhateverFillsTheCaches(CacheFill fill) {
        TestCluster cluster = new TestCluster(new Settings().cacheFill(fill).running(2));
        OpenConnections connections = new OpenConnections(cluster);
        connections.open(60);
        cluster.start(2);
        cluster.advanceMillis(600);
        connections.assertHeldBy(0, 1, 2);
        connections.assertAllServed();
        cluster.kill(0);
        cluster.advanceMillis(600);
        connections.assertHeldBy(1, 2);
        cluster.restart(0);
        cluster.advanceMillis(600);
        assertThat(cluster.ilb(0).state()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(0, 1, 2);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void whatHadToDoWithAnIlbThatLeftIsNoMoreInAnyCache() {
        TestCluster cluster = TestCluster.of(3);
        OpenConnections connections = new OpenConnections(cluster);
        List<String> clients = connections.open(60);
        cluster.advanceMillis(10);
        assertThat(cluster.ilb(0).engine.cache().size()).isPositive();
        cluster.ilb(1).engine.leave(cluster.now);
        cluster.advanceMillis(10);
        long cached = cluster.ilb(0).engine.counters().get(Counter.SERVED_CACHED);
        clients.forEach(client -> connections.assertServed(0, client));
        assertThat(cluster.ilb(0).engine.counters().get(Counter.SERVED_CACHED)).isEqualTo(cached);
    }
}
