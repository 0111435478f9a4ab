package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.TestCluster.ACK;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.engine.TestCluster.InFlight;
import org.ilbd.core.membership.IlbState;
import org.junit.jupiter.api.Test;

/** Who has the cluster's key belongs to the cluster, and nobody else does. */
class ClusterKeyTest {
    private static final byte[] OLD = "the old key of the cluster".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEW = "the new key of the cluster".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FOREIGN = "some other cluster's key".getBytes(StandardCharsets.US_ASCII);

    private static long dropped(TestCluster cluster, int ilb, DropReason reason) {
        return cluster.ilb(ilb).engine.counters().dropped(reason);
    }

    @Test
    void ilbsWithTheSameKeyAreOneCluster() {
        TestCluster cluster =
                new TestCluster(new Settings().keys(0, OLD).keys(1, OLD).keys(2, OLD));
        OpenConnections connections = new OpenConnections(cluster);
        connections.open(30);
        connections.assertHeldBy(0, 1, 2);
        cluster.kill(1);
        cluster.advanceMillis(600);
        connections.assertHeldBy(0, 2);
        connections.assertAllServed();
    }

    @Test
    void anIlbWithAnotherKeyIsNoMemberAndIsCounted() {
        TestCluster cluster =
                new TestCluster(new Settings().keys(0, OLD).keys(1, OLD).keys(2, FOREIGN));
        assertThat(cluster.ilb(0).engine.membership().activeIds()).containsExactly(Settings.id(0), Settings.id(1));
        assertThat(cluster.ilb(2).engine.membership().activeIds()).containsExactly(Settings.id(2));
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(dropped(cluster, ilb, DropReason.PEER_UNKNOWN_KEY)
                            + dropped(cluster, ilb, DropReason.PEER_BAD_MAC))
                    .isPositive();
            assertThat(cluster.ilb(ilb).engine.membership().peers()).hasSize(ilb == 2 ? 0 : 1);
        }
    }

    @Test
    void anIlbWithoutAKeyIsNoMemberOfAClusterWithOne() {
        TestCluster cluster = new TestCluster(new Settings().keys(0, OLD).keys(1, OLD));
        assertThat(cluster.ilb(0).engine.membership().activeIds()).containsExactly(Settings.id(0), Settings.id(1));
        assertThat(cluster.ilb(2).engine.membership().activeIds()).containsExactly(Settings.id(2));
    }

    @Test
    void aKeyIsChangedWithTwoKeysWhileConnectionsGoOn() {
        Settings settings = new Settings().keys(0, OLD).keys(1, OLD).keys(2, OLD);
        TestCluster cluster = new TestCluster(settings);
        OpenConnections connections = new OpenConnections(cluster);
        connections.open(30);
        // First all accept the new one besides, then all sign with it, then nobody has the old one any more.
        for (byte[][] keys : new byte[][][] {{OLD, NEW}, {NEW, OLD}, {NEW}}) {
            for (int ilb = 0; ilb < 3; ilb++) {
                settings.keys(ilb, keys);
                cluster.kill(ilb);
                cluster.advanceMillis(600);
                cluster.restart(ilb);
                cluster.advanceMillis(600);
                assertThat(cluster.ilbs).allMatch(member -> member.state() == IlbState.ACTIVE);
                assertThat(cluster.ilbs)
                        .allMatch(
                                member -> member.engine.membership().activeIds().size() == 3);
                connections.assertHeldBy(0, 1, 2);
                connections.assertAllServed();
            }
        }
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void aDatagramThatComesAgainIsRefused() {
        TestCluster cluster =
                new TestCluster(new Settings().keys(0, OLD).keys(1, OLD).keys(2, OLD));
        OpenConnections connections = new OpenConnections(cluster);
        List<InFlight> heard = new ArrayList<>();
        cluster.loses(datagram -> {
            heard.add(datagram);
            return false;
        });
        connections.open(10);
        cluster.send(0, OpenConnections.client(0), VIP, ACK);
        cluster.loses(datagram -> false);
        int deliveries = cluster.deliveries.size();
        assertThat(heard).hasSizeGreaterThan(10);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(dropped(cluster, ilb, DropReason.PEER_REPLAY)).isZero();
        }
        heard.forEach(cluster::inject);

        assertThat(cluster.deliveries).hasSize(deliveries);
        long refused = 0;
        for (int ilb = 0; ilb < 3; ilb++) {
            refused += dropped(cluster, ilb, DropReason.PEER_REPLAY) + dropped(cluster, ilb, DropReason.PEER_STALE);
        }
        assertThat(refused).isEqualTo(heard.size());
    }

    @Test
    void aFrameOfATransferThatComesAgainIsRefused() {
        TestCluster cluster = new TestCluster(
                new Settings().keys(0, OLD).keys(1, OLD).keys(2, OLD).running(2));
        OpenConnections connections = new OpenConnections(cluster);
        connections.open(30);
        List<InFlight> heard = new ArrayList<>();
        cluster.holdStreams(message -> {
            heard.add(message);
            return false;
        });
        cluster.start(2);
        cluster.advanceMillis(300);
        assertThat(cluster.ilb(2).state()).isEqualTo(IlbState.ACTIVE);
        assertThat(heard).isNotEmpty();
        cluster.releaseStreams();
        long received = cluster.ilb(2).engine.counters().get(Counter.ASSOCIATIONS_RECEIVED);
        heard.forEach(cluster::inject);
        assertThat(cluster.ilb(2).engine.counters().get(Counter.ASSOCIATIONS_RECEIVED))
                .isEqualTo(received);
        assertThat(dropped(cluster, 2, DropReason.PEER_REPLAY)).isPositive();
    }
}
