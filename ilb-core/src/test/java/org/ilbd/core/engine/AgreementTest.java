package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.RST;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.List;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.engine.TestCluster.Ilb;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.MessageType;
import org.junit.jupiter.api.Test;

/** Owner and backup know the same of a connection, whatever gets lost, and whoever its packets come to. */
class AgreementTest {
    private static final String CLIENT = OpenConnections.client(1);

    private final Roles roles = Roles.among(0, 1, 2);
    private final int owner = roles.owner(CLIENT, VIP);
    private final int backup = roles.backup(CLIENT, VIP);
    private final int neither = 3 - owner - backup;
    private final TestCluster cluster = new TestCluster(new Settings().ilbs(3).halfOpen(20));

    private static boolean isAssociations(TestCluster.InFlight datagram) {
        return datagram.isOfType(MessageType.ASSOCIATIONS);
    }

    private Endpoint open() {
        Endpoint server = cluster.open(owner, CLIENT, VIP).endpoint();
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        return server;
    }

    private int established(int ilb) {
        return cluster.ilb(ilb).engine.owned().size(ConnectionState.ESTABLISHED);
    }

    private void serverIsDown(Endpoint server) {
        serverIsDown(server, cluster.ilbs);
    }

    private void serverIsDown(Endpoint server, List<Ilb> known) {
        for (Ilb ilb : known) {
            for (Server candidate : ilb.engine.services().get(0).servers()) {
                if (candidate.endpoint().equals(server)) {
                    ilb.engine.onServerReport(candidate, ServerReport.ofCheck(false), cluster.now);
                }
            }
        }
    }

    private void assertAllDeliverTo(Endpoint server) {
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, CLIENT, VIP, ACK))
                    .as("through %d", ilb)
                    .extracting(delivery -> delivery.server().endpoint())
                    .containsExactly(server);
        }
        for (int holder : new int[] {owner, backup}) {
            assertThat(cluster.ilb(holder).held(CLIENT, VIP))
                    .as("at %d", holder)
                    .contains(server);
        }
    }

    @Test
    void theFirstPacketAfterTheSynEstablishesBothAlthoughAllAnnouncementsAreLost() {
        cluster.send(owner, CLIENT, VIP, SYN);
        cluster.loses(AgreementTest::isAssociations);

        assertThat(cluster.send(owner, CLIENT, VIP, ACK)).hasSize(1);

        assertThat(established(owner)).isEqualTo(1);
        assertThat(established(backup)).isEqualTo(1);
    }

    @Test
    void theFirstPacketThroughTheThirdEstablishesBothToo() {
        cluster.send(neither, CLIENT, VIP, SYN);
        cluster.advanceMillis(10);
        cluster.loses(AgreementTest::isAssociations);

        assertThat(cluster.send(neither, CLIENT, VIP, ACK)).hasSize(1);

        assertThat(established(owner)).isEqualTo(1);
        assertThat(established(backup)).isEqualTo(1);
    }

    @Test
    void theFirstPacketAfterAStraysRstEstablishesBothAlthoughAllAnnouncementsAreLost() {
        open();
        cluster.send(owner, CLIENT, VIP, RST);
        cluster.advanceMillis(10);
        assertThat(established(backup)).isZero();
        cluster.loses(AgreementTest::isAssociations);

        assertThat(cluster.send(owner, CLIENT, VIP, ACK)).hasSize(1);

        assertThat(established(owner)).isEqualTo(1);
        assertThat(established(backup)).isEqualTo(1);
    }

    @Test
    void aSynForAnEstablishedConnectionWhoseServerWentDownGoesToAnotherForAll() {
        Endpoint first = open();
        serverIsDown(first);

        List<Delivery> syn = cluster.send(owner, CLIENT, VIP, SYN);
        assertThat(syn).hasSize(1);
        Endpoint second = syn.get(0).server().endpoint();
        assertThat(second).isNotEqualTo(first);
        cluster.advanceMillis(50);

        assertAllDeliverTo(second);
    }

    @Test
    void aBackupThatHasMissedTheEndTakesOverTheOwnersNewServer() {
        Endpoint first = open();
        cluster.loses(datagram -> datagram.to().equals(Settings.endpoint(backup)));
        cluster.send(owner, CLIENT, VIP, FIN_ACK);
        cluster.loses(datagram -> false);
        serverIsDown(first, List.of(cluster.ilb(owner)));

        Endpoint second = cluster.open(owner, CLIENT, VIP).endpoint();
        assertThat(second).isNotEqualTo(first);
        cluster.advanceMillis(50);

        assertAllDeliverTo(second);
    }

    @Test
    void aHalfClosedConnectionThatIsUsedThroughOneHolderStaysAtTheOther() {
        Endpoint server = open();
        cluster.send(owner, CLIENT, VIP, FIN_ACK);
        for (int second = 0; second < 90; second++) {
            cluster.advanceMillis(1_000);
            cluster.send(owner, CLIENT, VIP, ACK);
        }
        assertThat(cluster.holders(CLIENT, VIP)).isEqualTo(roles.holders(CLIENT, VIP));
        cluster.kill(owner);
        cluster.advanceMillis(600);
        assertThat(cluster.send(backup, CLIENT, VIP, ACK))
                .extracting(delivery -> delivery.server().endpoint())
                .containsExactly(server);
    }

    @Test
    void aSynThatReplacesAnAssociationWhenThereIsNoRoomLeavesTheTablesInOrder() {
        Endpoint first = open();
        serverIsDown(first);
        for (int i = 100; i < 300; i++) {
            cluster.send(i % 3, OpenConnections.client(i), VIP, SYN);
        }

        assertThat(cluster.send(owner, CLIENT, VIP, SYN))
                .extracting(delivery -> delivery.server().endpoint())
                .isNotEmpty()
                .doesNotContain(first);
        for (Ilb ilb : cluster.ilbs) {
            ilb.engine.owned().checkConsistency();
            ilb.engine.cache().checkConsistency();
        }
    }

    @Test
    void whoStandsStillWhileItJoinsBeginsAgainAsANewcomer() {
        TestCluster joining = new TestCluster(new Settings().ilbs(3).running(2));
        OpenConnections connections = new OpenConnections(joining);
        connections.open(60);
        joining.holdStreams(message -> message.from().equals(Settings.endpoint(0)));
        joining.start(2);
        joining.advanceMillis(100);
        assertThat(joining.ilb(2).state()).isEqualTo(IlbState.JOINING);
        long before = joining.ilb(2).engine.membership().incarnation();
        joining.pause(2);
        joining.advanceMillis(1_000);
        connections.open(20);
        joining.resume(2);
        joining.releaseStreams();
        joining.advanceMillis(1_500);

        assertThat(joining.ilb(2).engine.membership().incarnation()).isEqualTo(before + 1);
        assertThat(joining.ilb(2).state()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(0, 1, 2);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void whoLeavesAsksTheOthersFirst() {
        Endpoint server = open();
        cluster.ilb(owner).engine.leave(cluster.now);
        cluster.settle();
        serverIsDown(server);
        Endpoint second = cluster.open(neither, CLIENT, VIP).endpoint();
        assertThat(second).isNotEqualTo(server);

        assertThat(cluster.send(owner, CLIENT, VIP, ACK))
                .extracting(delivery -> delivery.server().endpoint())
                .containsExactly(second);
    }
}
