package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.RST;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.MessageType;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client uses a port again for its next connection: what is known and said of the last one does not concern that. */
class PortReuseTest {
    private static final String CLIENT = OpenConnections.client(1);

    private final Roles roles = Roles.among(0, 1, 2);
    private final int owner = roles.owner(CLIENT, VIP);
    private final int backup = roles.backup(CLIENT, VIP);
    private final int neither = 3 - owner - backup;
    private final TestCluster cluster = TestCluster.of(3);

    private static boolean isFromTo(TestCluster.InFlight datagram, int from, int to) {
        return datagram.from().equals(Settings.endpoint(from)) && datagram.to().equals(Settings.endpoint(to));
    }

    private static void serverIsDown(TestCluster cluster, int ilb, Endpoint server) {
        for (Server candidate : cluster.ilb(ilb).engine.services().get(0).servers()) {
            if (candidate.endpoint().equals(server)) {
                cluster.ilb(ilb).engine.onServerReport(candidate, ServerReport.ofCheck(false), cluster.now);
            }
        }
    }

    private void configureWithout(Endpoint server) {
        List<ServerConfig> others = Settings.service(VIP, 3).servers().stream()
                .filter(config -> !config.endpoint().equals(server))
                .toList();
        ServiceConfig without = new ServiceConfig(
                "web", Endpoint.parse(VIP), Forwarding.DIRECT, SchedulerKind.ROUND_ROBIN, Orphan.HASH, others);
        cluster.ilbs.forEach(ilb -> ilb.engine.reconfigure(List.of(without)));
    }

    private static Endpoint only(List<Delivery> deliveries) {
        assertThat(deliveries).hasSize(1);
        return deliveries.get(0).server().endpoint();
    }

    /** FIN, SYN and ACK through one ILB, so fast that what it says of the end waits in a datagram. */
    private void assertTheNextConnectionLives(int through, int millis) {
        cluster.send(through, CLIENT, VIP, SYN);
        cluster.send(through, CLIENT, VIP, ACK);
        cluster.advanceMillis(10);
        cluster.send(through, CLIENT, VIP, ACK);
        cluster.advanceMillis(millis);
        cluster.send(through, CLIENT, VIP, FIN_ACK);
        Endpoint server = only(cluster.send(through, CLIENT, VIP, SYN));
        assertThat(only(cluster.send(through, CLIENT, VIP, ACK))).isEqualTo(server);
        // Longer than a connection that closes is remembered.
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
        cluster.kill(owner);
        cluster.advanceMillis(600);
        assertThat(only(cluster.send(neither, CLIENT, VIP, ACK))).isEqualTo(server);
    }

    /** The first server's answer to the SYN may be on its way. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSynThatComesAgainGoesToTheSameServerAlsoAfterTheLastPacketsOfTheConnectionBefore(boolean ack) {
        Endpoint server = only(cluster.send(neither, CLIENT, VIP, SYN));
        if (ack) {
            cluster.send(neither, CLIENT, VIP, ACK);
        } else {
            // As long as it takes a server that has the old one still to answer the SYN with an ACK, and the client
            // that with a RST.
            cluster.advanceMillis(100);
        }
        cluster.send(neither, CLIENT, VIP, RST);
        configureWithout(server);
        cluster.advanceMillis(1_000);

        assertThat(only(cluster.send(neither, CLIENT, VIP, SYN))).isEqualTo(server);
        assertThat(only(cluster.send(neither, CLIENT, VIP, ACK))).isEqualTo(server);

        // One that is established and then reset has ended.
        cluster.send(neither, CLIENT, VIP, RST);
        cluster.advanceMillis(1_000);
        assertThat(only(cluster.send(neither, CLIENT, VIP, SYN))).isNotEqualTo(server);
    }

    /** As often as clients send it: at last to another server, if the first one is configured no more and does not answer. */
    @Test
    void aSynThatComesTheThirdTimeAfterARstGoesToAnotherServer() {
        Endpoint server = only(cluster.send(neither, CLIENT, VIP, SYN));
        cluster.send(neither, CLIENT, VIP, RST);
        configureWithout(server);
        cluster.advanceMillis(1_000);
        assertThat(only(cluster.send(neither, CLIENT, VIP, SYN))).isEqualTo(server);
        cluster.advanceMillis(2_000);

        assertThat(only(cluster.send(neither, CLIENT, VIP, SYN))).isNotEqualTo(server);
    }

    @Test
    void theOwnersWordOfTheEndDoesNotComeBehindTheNextConnection() {
        // So young that an end of it could be that of the next one.
        assertTheNextConnectionLives(owner, 0);
    }

    @Test
    void theBackupsWordOfTheEndDoesNotComeBehindTheNextConnection() {
        assertTheNextConnectionLives(backup, 0);
    }

    /** Lets what is said of connections come late, so far as the predicate says; how it arrives after all. */
    private Runnable delay(Predicate<TestCluster.InFlight> predicate) {
        List<TestCluster.InFlight> late = new ArrayList<>();
        cluster.loses(datagram ->
                datagram.isOfType(MessageType.ASSOCIATIONS) && predicate.test(datagram) && late.add(datagram));
        return () -> {
            cluster.loses(datagram -> false);
            assertThat(late).isNotEmpty();
            late.forEach(cluster::inject);
        };
    }

    @Test
    void aConnectionThatEndsBeforeTheOwnersWordOfItsSynComesIsNotOpenedAgainByThat() {
        Runnable arrives = delay(datagram -> isFromTo(datagram, owner, backup));
        cluster.send(backup, CLIENT, VIP, SYN);
        cluster.send(backup, CLIENT, VIP, ACK);
        cluster.send(backup, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(1);
        arrives.run();
        cluster.send(backup, CLIENT, VIP, ACK);
        cluster.advanceMillis(1_000);

        for (int holder : new int[] {owner, backup}) {
            assertThat(cluster.ilb(holder).engine.owned().size(ConnectionState.CLOSING))
                    .as("at %d", holder)
                    .isEqualTo(1);
        }
    }

    private void assertEstablishedAtBothHolders() {
        for (int holder : new int[] {owner, backup}) {
            assertThat(cluster.ilb(holder).engine.owned().size(ConnectionState.ESTABLISHED))
                    .as("at %d", holder)
                    .isEqualTo(1);
        }
    }

    /** The SYN overtakes what is said of the end, which comes to these after it. */
    private void assertTheNextConnectionOutlivesALateEnd(Predicate<TestCluster.InFlight> toWhom) {
        cluster.open(neither, CLIENT, VIP);
        cluster.send(neither, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        Runnable arrives =
                delay(datagram -> datagram.from().equals(Settings.endpoint(neither)) && toWhom.test(datagram));
        cluster.send(neither, CLIENT, VIP, FIN_ACK);
        Endpoint server = only(cluster.send(neither, CLIENT, VIP, SYN));
        assertThat(only(cluster.send(neither, CLIENT, VIP, ACK))).isEqualTo(server);
        arrives.run();
        // Longer than a connection that closes is remembered.
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
    }

    @Test
    void theNextConnectionOutlivesAnEndThatComesLateToTheOwner() {
        assertTheNextConnectionOutlivesALateEnd(datagram -> datagram.to().equals(Settings.endpoint(owner)));
    }

    @Test
    void theNextConnectionOutlivesAnEndThatComesLateToTheBackup() {
        assertTheNextConnectionOutlivesALateEnd(datagram -> datagram.to().equals(Settings.endpoint(backup)));
    }

    @Test
    void theNextConnectionOutlivesAnEndThatComesLateToBoth() {
        assertTheNextConnectionOutlivesALateEnd(datagram -> true);
    }

    @Test
    void theEndOfTheNextConnectionCountsAgainSoonAfterItsSyn() {
        cluster.open(neither, CLIENT, VIP);
        cluster.send(neither, CLIENT, VIP, SYN);
        cluster.send(neither, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        cluster.send(neither, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(70_000);

        assertThat(cluster.holders(CLIENT, VIP)).isEmpty();
    }

    @Test
    void aRstBehindTheSynIsOfTheConnectionBefore() {
        cluster.open(neither, CLIENT, VIP);
        cluster.advanceMillis(50);
        cluster.send(owner, CLIENT, VIP, SYN);
        // The client's answer to what the server still sends of the old connection.
        assertThat(cluster.send(owner, CLIENT, VIP, RST)).hasSize(1);
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
    }

    @Test
    void aCachesLateWordOfAnEndIsNotOfAConnectionThatHasJustBegun() {
        cluster.open(neither, CLIENT, VIP);
        cluster.send(neither, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        Runnable arrives = delay(datagram -> isFromTo(datagram, neither, owner));
        cluster.send(neither, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(1);
        cluster.send(owner, CLIENT, VIP, RST);
        cluster.send(owner, CLIENT, VIP, SYN);
        arrives.run();
        assertThat(cluster.send(owner, CLIENT, VIP, ACK)).hasSize(1);
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
    }

    @Test
    void aHolderDoesNotTakeTheFirstPacketAfterASynForOneOfTheConnectionThatHasClosed() {
        cluster.open(neither, CLIENT, VIP);
        cluster.send(backup, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(50);
        // The SYN comes to the server another way, by a view that this backup was not in yet.
        cluster.loses(datagram -> isFromTo(datagram, owner, backup) && datagram.isOfType(MessageType.FORWARD));
        assertThat(cluster.send(backup, CLIENT, VIP, SYN)).isEmpty();
        cluster.loses(datagram -> false);
        assertThat(cluster.send(backup, CLIENT, VIP, ACK)).hasSize(1);
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
    }

    @Test
    void aConnectionOutlivesARstThatCrossesTheWordThatItIsEstablished() {
        cluster.send(owner, CLIENT, VIP, SYN);
        cluster.send(owner, CLIENT, VIP, ACK);
        // A stranger's, while the backup's answer to the ACK waits in a datagram.
        cluster.send(owner, CLIENT, VIP, RST);
        cluster.advanceMillis(10);
        assertThat(cluster.send(owner, CLIENT, VIP, ACK)).hasSize(1);
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
    }

    @Test
    void theWordOfARstThatComesBehindThePacketThatUndoesItEndsNothing() {
        cluster.send(owner, CLIENT, VIP, SYN);
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.advanceMillis(10);
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.send(owner, CLIENT, VIP, RST);
        assertThat(cluster.send(owner, CLIENT, VIP, ACK)).hasSize(1);
        cluster.advanceMillis(70_000);

        assertEstablishedAtBothHolders();
    }

    @Test
    void aHalfClosedConnectionLivesOnThroughWhoIsNeither() {
        Endpoint server = cluster.open(neither, CLIENT, VIP).endpoint();
        cluster.send(owner, CLIENT, VIP, FIN_ACK);
        for (int i = 0; i < 10; i++) {
            cluster.advanceMillis(5_000);
            assertThat(only(cluster.send(neither, CLIENT, VIP, ACK))).isEqualTo(server);
        }
        assertThat(cluster.holders(CLIENT, VIP)).containsExactlyInAnyOrder(owner, backup);
    }

    @Test
    void theWordOfTheEndOfWhoIsNeitherDoesNotComeBehindTheNextConnection() {
        assertTheNextConnectionLives(neither, 50);
    }

    @Test
    void whoPassesASynOnDoesNotServeWhatItKnewBefore() {
        Endpoint first = cluster.open(neither, CLIENT, VIP).endpoint();
        cluster.send(neither, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        assertThat(only(cluster.send(neither, CLIENT, VIP, ACK))).isEqualTo(first);
        serverIsDown(cluster, owner, first);

        Endpoint second = only(cluster.send(neither, CLIENT, VIP, SYN));
        assertThat(second).isNotEqualTo(first);
        // Before it has heard of the other server.
        assertThat(only(cluster.send(neither, CLIENT, VIP, ACK))).isEqualTo(second);
    }

    @Test
    void aBackupThatPassesASynOnDoesNotServeWithAServerThatIsDown() {
        Endpoint first = cluster.open(neither, CLIENT, VIP).endpoint();
        serverIsDown(cluster, owner, first);
        serverIsDown(cluster, backup, first);
        // The owner takes another ILB for the backup by now.
        cluster.loses(datagram -> isFromTo(datagram, owner, backup));
        cluster.send(backup, CLIENT, VIP, SYN);

        assertThat(cluster.send(backup, CLIENT, VIP, ACK))
                .noneMatch(delivery -> delivery.server().endpoint().equals(first));
    }

    @Test
    void aSynWaitsForANewcomerThatKnowsAnotherServerAndMayBeActive() {
        TestCluster joining = new TestCluster(new Settings().ilbs(3).running(2));
        int oldOwner = Roles.among(0, 1).owner(CLIENT, VIP);
        String client = CLIENT;
        for (int i = 1; roles.owner(client, VIP) != 2; i++) {
            client = OpenConnections.client(i);
            oldOwner = Roles.among(0, 1).owner(client, VIP);
        }
        int told = oldOwner;
        Endpoint first = joining.open(told, client, VIP).endpoint();
        joining.loses(datagram -> isFromTo(datagram, 2, told)
                && datagram.isOfType(MessageType.ID)
                && datagram.payload()[IdMessage.STATE_OFFSET] == IlbState.ACTIVE.code());
        joining.start(2);
        joining.advanceMillis(200);
        assertThat(joining.ilb(2).state()).isEqualTo(IlbState.ACTIVE);
        assertThat(joining.ilb(told).engine.membership().activeIds()).hasSize(2);
        joining.holdStreams(message -> isFromTo(message, told, 2));
        serverIsDown(joining, told, first);

        assertThat(joining.send(told, client, VIP, SYN)).isEmpty();

        joining.loses(datagram -> false);
        joining.releaseStreams();
        joining.advanceMillis(1_000);
        Endpoint second = only(joining.send(told, client, VIP, SYN));
        assertThat(second).isNotEqualTo(first);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(only(joining.send(ilb, client, VIP, ACK))).isEqualTo(second);
        }
    }

    @Test
    void whoLeavesDoesNotInsistOnAConnectionWhoseEndItHasMissed() {
        Endpoint first = cluster.open(owner, CLIENT, VIP).endpoint();
        cluster.send(owner, CLIENT, VIP, ACK);
        cluster.advanceMillis(50);
        cluster.ilb(owner).engine.leave(cluster.now);
        cluster.advanceMillis(50);
        cluster.loses(datagram ->
                datagram.to().equals(Settings.endpoint(owner)) && datagram.isOfType(MessageType.ASSOCIATIONS));
        cluster.send(backup, CLIENT, VIP, FIN_ACK);
        cluster.advanceMillis(70_000);
        cluster.loses(datagram -> false);
        assertThat(cluster.ilb(owner).held(CLIENT, VIP)).contains(first);
        assertThat(cluster.ilb(backup).held(CLIENT, VIP)).isEmpty();
        serverIsDown(cluster, backup, first);

        Endpoint second = cluster.open(neither, CLIENT, VIP).endpoint();
        assertThat(second).isNotEqualTo(first);
        cluster.advanceMillis(50);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(only(cluster.send(ilb, CLIENT, VIP, ACK))).isEqualTo(second);
        }
    }
}
