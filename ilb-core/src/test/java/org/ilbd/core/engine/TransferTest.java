package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.engine.TestCluster.InFlight;
import org.ilbd.core.membership.IlbState;
import org.junit.jupiter.api.Test;

/** What may go wrong and what goes on while two ILBs hand over to a third. */
class TransferTest {
    private static final int NEWCOMER = 2;

    private final TestCluster cluster = new TestCluster(
            new Settings().ilbs(3).running(2).established(80_000).halfOpen(80_000));
    private final OpenConnections connections = new OpenConnections(cluster);

    private IlbState newcomer() {
        return cluster.ilb(NEWCOMER).state();
    }

    private static Predicate<InFlight> stream(int from, int to) {
        return message ->
                message.from().equals(Settings.endpoint(from)) && message.to().equals(Settings.endpoint(to));
    }

    /** The newcomer holds each connection that it is to hold, established. */
    private void assertJoined() {
        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        // Nobody lets go of anything before it has heard that all see the same view: with their next heartbeats.
        cluster.advanceMillis(120);
        connections.assertHeldBy(0, 1, NEWCOMER);
        assertThat(cluster.ilb(NEWCOMER).engine.owned().size(ConnectionState.HALF_OPEN))
                .isZero();
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
        assertThat(connections.underReplicated()).isZero();
        assertThat(cluster.ilbs).noneMatch(ilb -> ilb.engine.isHandingOver());
    }

    @Test
    void newcomerOwnsNothingUntilItWasHandedEverything() {
        connections.open(60);
        cluster.holdStreams(stream(1, NEWCOMER));
        cluster.start(NEWCOMER);
        for (int second = 0; second < 3; second++) {
            cluster.advanceMillis(1_000);
            connections.open(6);
            connections.assertAllServed();
        }
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        assertThat(cluster.ilb(NEWCOMER).engine.ownedCount()).isZero();
        assertThat(cluster.ilb(0).engine.membership().activeIds()).hasSize(2);
        assertThat(cluster.ilb(NEWCOMER).engine.membership().awaitedHandOvers()).isEqualTo(1);

        cluster.releaseStreams();
        cluster.advanceMillis(50);
        assertJoined();
    }

    @Test
    void aCallerLetsAWalkGoOnInStepsAndIsToldWhenItCannot() {
        connections.open(400);
        cluster.start(NEWCOMER);
        cluster.ilb(0).streamsOpen = false;
        cluster.advanceMillis(200);
        Engine sender = cluster.ilb(0).engine;
        int before = sender.handoverWalked();
        assertThat(sender.handOver(10)).isFalse();
        assertThat(sender.handoverWalked()).isEqualTo(before);

        cluster.ilb(0).streamsOpen = true;
        assertThat(sender.handOver(10)).isTrue();
        assertThat(sender.handoverWalked()).isEqualTo(before + 10);
        int steps = 1;
        while (sender.handOver(10)) {
            steps++;
        }
        assertThat(steps).isEqualTo((sender.owned().size() - before) / 10);
        assertThat(sender.handoverWalked()).isEqualTo(sender.owned().size());

        cluster.advanceMillis(300);
        assertJoined();
    }

    @Test
    void changesWhileTheStreamsTakeNothingAreNotLost() {
        List<String> old = connections.open(400);
        cluster.start(NEWCOMER);
        cluster.ilb(0).streamsOpen = false;
        cluster.ilb(1).streamsOpen = false;
        cluster.advanceMillis(200);
        // More than one frame of them, so that some cannot even wait in it.
        connections.open(2_000);
        for (String client : old.subList(0, 200)) {
            connections.end(0, client);
        }
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.ilb(0).streamsOpen = true;
        cluster.ilb(1).streamsOpen = true;
        cluster.advanceMillis(300);

        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        connections
                .clients()
                .forEach(client -> assertThat(cluster.holders(client, VIP))
                        .isEqualTo(Roles.among(0, 1, NEWCOMER).holders(client, VIP)));
        assertThat(cluster.ilb(NEWCOMER).engine.owned().size(ConnectionState.HALF_OPEN))
                .isZero();
        // Who knows of an end that the other holder may have missed keeps the connection for twice the closing timeout.
        cluster.advanceMillis(65_000);
        assertJoined();
    }

    @Test
    void changesWhileTheWindowIsFullAreNotLost() {
        List<String> old = connections.open(64_000);
        cluster.start(NEWCOMER);
        // Nothing is acknowledged: the walk stands still, some of it done and some to do.
        cluster.holdStreams(message -> message.from().equals(Settings.endpoint(NEWCOMER)));
        cluster.advanceMillis(200);
        Engine slow = cluster.ilb(0).engine;
        assertThat(slow.isHandingOver()).isTrue();
        assertThat(slow.handoverWalked()).isPositive().isLessThan(slow.owned().size());
        for (int i = 0; i < 64_000; i += 16) {
            connections.end(1, old.get(i));
        }
        connections.open(3_500);
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.releaseStreams();
        cluster.advanceMillis(1_500);

        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        // Two thirds of the connections and of the changes concern the newcomer; what it missed did not cost another
        // walk.
        assertThat(transferred(0) + transferred(1)).isBetween(42_000L, 64_000L);
        // Who knows of an end that the other holder may have missed keeps the connection for twice the closing timeout.
        cluster.advanceMillis(65_000);
        assertJoined();
    }

    private long transferred(int ilb) {
        return cluster.ilb(ilb).engine.counters().get(Counter.ASSOCIATIONS_TRANSFERRED);
    }

    @Test
    void aFewChangesWaitForOneFrame() {
        connections.open(60);
        cluster.start(NEWCOMER);
        AtomicInteger messages = new AtomicInteger();
        cluster.holdStreams(message -> {
            messages.addAndGet(message.to().equals(Settings.endpoint(NEWCOMER)) ? 1 : 0);
            return message.from().equals(Settings.endpoint(NEWCOMER));
        });
        cluster.advanceMillis(50);
        for (int tick = 0; tick < 40; tick++) {
            connections.open(4);
        }
        assertThat(messages.get())
                .as("the two wait for the word that their first frames have come")
                .isBetween(4, 10);
        cluster.releaseStreams();
        cluster.advanceMillis(100);
        assertJoined();
    }

    @Test
    void aPortThatIsUsedAgainWhileTheStreamTakesNothingIsNotLost() {
        List<String> old = connections.open(60);
        cluster.start(NEWCOMER);
        cluster.holdStreams(message -> message.from().equals(Settings.endpoint(NEWCOMER)));
        cluster.advanceMillis(200);
        old.forEach(client -> connections.end(0, client));
        cluster.advanceMillis(50);
        // The newcomer has been told of the ends; of what comes now it is told the last only.
        cluster.ilb(0).streamsOpen = false;
        cluster.ilb(1).streamsOpen = false;
        connections.open(2_000);
        cluster.loses(datagram -> datagram.to().equals(Settings.endpoint(NEWCOMER)) && datagram.payload().length > 200);
        old.forEach(client -> connections.reopen(1, client));
        cluster.loses(datagram -> false);
        cluster.ilb(0).streamsOpen = true;
        cluster.ilb(1).streamsOpen = true;
        cluster.releaseStreams();
        cluster.advanceMillis(300);
        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        // Who knows of an end that the other holder may have missed keeps the connection for twice the closing timeout.
        cluster.advanceMillis(65_000);
        assertJoined();
    }

    @Test
    void anEndCountsAlsoOfAConnectionThatWaitedForItsFrame() {
        List<String> old = connections.open(60);
        cluster.holdStreams(message -> !message.from().equals(Settings.endpoint(NEWCOMER)));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(300);
        cluster.releaseStreams();
        cluster.advanceMillis(1_500);
        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        for (String client : old) {
            int other = Roles.among(0, 1, NEWCOMER).holders(client, VIP).get(0);
            cluster.send(other, client, VIP, TestCluster.FIN_ACK);
        }
        cluster.advanceMillis(50);

        assertThat(cluster.ilb(NEWCOMER).engine.owned().size(ConnectionState.ESTABLISHED))
                .isZero();
        assertThat(cluster.ilb(NEWCOMER).engine.owned().size(ConnectionState.CLOSING))
                .isPositive();
    }

    @Test
    void aHalfClosedConnectionIsHandedOverToo() {
        List<String> old = connections.open(60);
        old.forEach(client -> cluster.send(0, client, VIP, TestCluster.FIN_ACK));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(200);
        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(0, 1, NEWCOMER);
        assertThat(cluster.ilb(NEWCOMER).engine.owned().size(ConnectionState.CLOSING))
                .isPositive()
                .isEqualTo(cluster.ilb(NEWCOMER).engine.owned().size());
        connections.assertAllServed();
    }

    @Test
    void aStreamThatBreaksInTheMiddleBeginsAgain() {
        connections.open(3_000);
        cluster.holdStreams(stream(0, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(50);
        for (int times = 0; times < 3; times++) {
            assertThat(newcomer()).isEqualTo(IlbState.JOINING);
            cluster.breakStream(0, NEWCOMER);
            cluster.advanceMillis(50);
        }
        cluster.releaseStreams();
        cluster.advanceMillis(100);
        assertJoined();
    }

    @Test
    void theLastChangesBeforeTheNewcomerBecameActiveAreNotLostWithTheirStream() {
        connections.open(60);
        cluster.holdStreams(stream(1, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(200);
        cluster.holdStreams(message -> message.to().equals(Settings.endpoint(NEWCOMER)));
        cluster.loses(datagram -> datagram.to().equals(Settings.endpoint(NEWCOMER)) && datagram.payload()[1] != 1);
        connections.open(60);
        cluster.holdStreams(stream(0, NEWCOMER));
        cluster.advanceMillis(20);
        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        assertThat(cluster.ilb(0).engine.membership().activeIds()).hasSize(3);
        // The newcomer has yet to say that it has got them.
        assertThat(cluster.ilb(0).engine.underReplicated()).isPositive();
        cluster.breakStream(0, NEWCOMER);
        cluster.advanceMillis(20);
        assertThat(cluster.ilb(0).engine.underReplicated()).isPositive();
        cluster.releaseStreams();
        cluster.loses(datagram -> false);
        cluster.advanceMillis(100);
        connections.assertHeldBy(0, 1, NEWCOMER);
        assertThat(cluster.ilb(0).engine.underReplicated()).isZero();
    }

    @Test
    void aStreamThatLosesItsAcknowledgementsBeginsAgain() {
        connections.open(300);
        cluster.holdStreams(stream(NEWCOMER, 0));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(100);
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.breakStream(NEWCOMER, 0);
        cluster.releaseStreams();
        cluster.advanceMillis(100);
        assertJoined();
    }

    @Test
    void theLastWordIsSaidAgainIfItWasLost() {
        cluster.start(NEWCOMER);
        cluster.holdStreams(message -> message.from().equals(Settings.endpoint(0)) && message.payload().length == 48);
        cluster.advanceMillis(100);
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.breakStream(0, NEWCOMER);
        cluster.releaseStreams();
        cluster.advanceMillis(100);
        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
    }

    @Test
    void nobodySendsBeforeTheNewcomerHasSeenItAndIsTakenForAStranger() {
        connections.open(3_000);
        cluster.loses(stream(0, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(150);
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.loses(datagram -> false);
        cluster.advanceMillis(300);
        assertJoined();
        assertThat(cluster.ilb(NEWCOMER).engine.counters().dropped(DropReason.PEER_STRANGER))
                .isZero();
    }

    @Test
    void aFrameThatIsLostOnItsWayIsSentAgainWithAllThatCameAfterIt() {
        connections.open(8_000);
        cluster.holdStreams(stream(0, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(100);
        // BEGIN, and then the first frame.
        cluster.loseHeld(1);
        cluster.releaseStreams();
        cluster.advanceMillis(500);
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.advanceMillis(1_500);
        assertJoined();
    }

    @Test
    void whenASenderCrashesInTheMiddleTheOthersHandOverWhatItHad() {
        connections.open(300);
        cluster.holdStreams(stream(0, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(100);
        cluster.kill(0);
        cluster.releaseStreams();
        cluster.advanceMillis(300);
        assertThat(newcomer()).isEqualTo(IlbState.JOINING);
        cluster.advanceMillis(300);

        assertThat(newcomer()).isEqualTo(IlbState.ACTIVE);
        connections.assertHeldBy(1, NEWCOMER);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }

    @Test
    void aNewcomerThatIsKilledCostsNothing() {
        connections.open(60);
        cluster.holdStreams(stream(0, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(200);
        cluster.kill(NEWCOMER);
        cluster.releaseStreams();
        cluster.advanceMillis(10);
        connections.open(20);
        connections.assertAllServed();
        cluster.advanceMillis(600);

        connections.open(20);
        connections.assertHeldBy(0, 1);
        connections.assertAllServed();
        assertThat(cluster.ilb(0).engine.isHandingOver()).isFalse();
        assertThat(cluster.ilb(1).engine.isHandingOver()).isFalse();
        assertThat(connections.underReplicated()).isZero();
    }

    @Test
    void aNewcomerThatIsRestartedInTheMiddleIsHandedEverythingFromTheBeginning() {
        connections.open(300);
        cluster.holdStreams(stream(1, NEWCOMER));
        cluster.start(NEWCOMER);
        cluster.advanceMillis(100);
        cluster.kill(NEWCOMER);
        cluster.releaseStreams();
        cluster.restart(NEWCOMER);
        cluster.advanceMillis(200);
        assertJoined();
    }

    @Test
    void aWalkGoesInSlicesAndPacketsPassBetweenThem() {
        connections.open(16_000);
        cluster.start(NEWCOMER);
        cluster.advanceMillis(20);
        int ticks = 0;
        while (newcomer() == IlbState.JOINING) {
            cluster.advanceMillis(10);
            connections.assertServed(NEWCOMER, OpenConnections.client(ticks));
            ticks++;
            assertThat(ticks).isLessThan(100);
        }
        assertThat(ticks).isPositive();
        cluster.advanceMillis(200);
        assertJoined();
    }
}
