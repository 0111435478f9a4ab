package org.ilbd.core.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.DecodeResult;
import org.ilbd.core.protocol.IdMessage;
import org.junit.jupiter.api.Test;

/** States of peers, failure detection, order of messages. Heartbeat 100 ms, failure timeout 400 ms. */
class MembershipTest {
    private static final IlbId SELF = IlbId.parse("10.2.0.11");

    private final FakeClock clock = new FakeClock();
    private final RecordingListener listener = new RecordingListener();
    private final Ilb b = new Ilb("10.2.0.12", "10.2.0.12:7440");
    private final Ilb c = new Ilb("10.2.0.13", "10.2.0.13:7440");
    private Membership membership = withPeers(b, c);

    private Membership withPeers(Ilb... peers) {
        List<Endpoint> endpoints =
                Arrays.stream(peers).map(peer -> peer.endpoint).toList();
        return new Membership(
                SELF,
                500,
                100 * FakeClock.MILLI,
                400 * FakeClock.MILLI,
                endpoints,
                Optional.empty(),
                listener,
                clock.now());
    }

    private Membership withMulticast() {
        return new Membership(
                SELF,
                500,
                100 * FakeClock.MILLI,
                400 * FakeClock.MILLI,
                List.of(),
                Optional.of(Endpoint.parse("239.74.40.1:7440")),
                listener,
                clock.now());
    }

    private Peer peer(IlbId id) {
        return Objects.requireNonNull(membership.peerByTag(id.tag()));
    }

    private void tickFor(long millis) {
        for (long i = 0; i < millis; i += 10) {
            clock.advanceMillis(10);
            membership.onTick(clock.now());
        }
    }

    private void becomeActiveWithBoth() {
        b.sendTo(membership, clock);
        c.sendTo(membership, clock);
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        membership.heartbeatSent(clock.now());
        listener.take();
    }

    @Test
    void aJoiningPeerIsNotInTheView() {
        becomeActiveWithBoth();
        b.restarted().state(IdMessage.JOINING).sendTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, c.id);

        b.state(IdMessage.ACTIVE).sendTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id, c.id);
    }

    @Test
    void aLeavingPeerIsNotInTheViewAndItsEndChangesNoView() {
        becomeActiveWithBoth();
        b.state(IdMessage.LEAVING).sendTo(membership, clock);
        assertThat(listener.take()).containsExactly("peer 10.2.0.12 ACTIVE->LEAVING", "view [10.2.0.11, 10.2.0.13]");

        for (int i = 0; i < 5; i++) {
            tickFor(100);
            c.sendTo(membership, clock);
        }
        assertThat(listener.take())
                .startsWith("peer 10.2.0.12 LEAVING->DEAD", "gap 10.2.0.12")
                .noneMatch(e -> e.startsWith("view ["));
    }

    @Test
    void aSilentPeerIsDeadAfterTheFailureTimeoutAndNotBefore() {
        becomeActiveWithBoth();
        tickFor(390);
        assertThat(listener.take()).isEmpty();
        c.sendTo(membership, clock);
        tickFor(10);

        assertThat(listener.take())
                .containsExactly("peer 10.2.0.12 ACTIVE->DEAD", "gap 10.2.0.12", "view [10.2.0.11, 10.2.0.13]");
    }

    @Test
    void twoThatDieInTheSameTickMakeOneChangeOfView() {
        becomeActiveWithBoth();
        tickFor(400);

        assertThat(listener.take())
                .containsExactly(
                        "peer 10.2.0.12 ACTIVE->DEAD",
                        "gap 10.2.0.12",
                        "peer 10.2.0.13 ACTIVE->DEAD",
                        "gap 10.2.0.13",
                        "view [10.2.0.11]");
    }

    @Test
    void aDeadPeerThatIsHeardAgainIsBackInTheStateThatItSays() {
        becomeActiveWithBoth();
        tickFor(400);
        listener.take();

        assertThat(b.sendTo(membership, clock)).isEqualTo(Reception.ACCEPTED);

        assertThat(listener.take()).containsExactly("peer 10.2.0.12 DEAD->ACTIVE", "view [10.2.0.11, 10.2.0.12]");
    }

    @Test
    void aDuplicateIsNoSignOfLife() {
        becomeActiveWithBoth();
        tickFor(200);
        assertThat(b.sendAgain(membership, clock, b.counter)).isEqualTo(Reception.OUTDATED);
        tickFor(200);
        assertThat(peer(b.id).state()).isEqualTo(IlbState.DEAD);
        assertThat(b.sendAgain(membership, clock, b.counter)).isEqualTo(Reception.OUTDATED);

        assertThat(peer(b.id).state()).isEqualTo(IlbState.DEAD);
        assertThat(membership.receptions(Reception.OUTDATED)).isEqualTo(2);
    }

    @Test
    void anOvertakenMessageDoesNotTurnBackTheState() {
        becomeActiveWithBoth();
        b.state(IdMessage.LEAVING).sendAgain(membership, clock, 10);

        assertThat(b.state(IdMessage.ACTIVE).sendAgain(membership, clock, 9)).isEqualTo(Reception.OUTDATED);
        assertThat(membership.activeIds()).containsExactly(SELF, c.id);
    }

    @Test
    void aNewIncarnationIsANewcomerWhateverTheOldOneWas() {
        becomeActiveWithBoth();
        b.restarted().state(IdMessage.JOINING).sendTo(membership, clock);

        assertThat(listener.take())
                .containsExactly(
                        "peer 10.2.0.12 ACTIVE->DEAD",
                        "gap 10.2.0.12",
                        "restarted 10.2.0.12 1000->1001",
                        "peer 10.2.0.12 DEAD->JOINING",
                        "view [10.2.0.11, 10.2.0.13]");
        assertThat(membership.peers()).hasSize(2);
    }

    @Test
    void aRestartIsAChangeOfViewAlsoWhenNoStateBetweenWasHeard() {
        becomeActiveWithBoth();
        long digest = membership.viewDigest();
        b.restarted().sendTo(membership, clock);

        assertThat(listener.take())
                .containsExactly(
                        "peer 10.2.0.12 ACTIVE->DEAD",
                        "gap 10.2.0.12",
                        "restarted 10.2.0.12 1000->1001",
                        "peer 10.2.0.12 DEAD->ACTIVE",
                        "view [10.2.0.11, 10.2.0.12, 10.2.0.13]");
        assertThat(membership.viewDigest()).isNotEqualTo(digest);
    }

    @Test
    void aPastIncarnationIsIgnoredAfterARestart() {
        becomeActiveWithBoth();
        b.restarted().state(IdMessage.JOINING).sendTo(membership, clock);
        b.incarnation--;
        listener.take();

        assertThat(b.state(IdMessage.ACTIVE).sendAgain(membership, clock, 1_000))
                .isEqualTo(Reception.OLD_INCARNATION);
        assertThat(listener.take()).isEmpty();
        assertThat(peer(b.id).state()).isEqualTo(IlbState.JOINING);
    }

    @Test
    void aPeerMayComeBackAtAnotherConfiguredAddress() {
        becomeActiveWithBoth();
        Endpoint moved = c.endpoint;
        b.endpoint = moved;
        b.sendTo(membership, clock);
        assertThat(peer(b.id).endpoint()).isNotEqualTo(moved);

        b.restarted().sendTo(membership, clock);
        assertThat(peer(b.id).endpoint()).isEqualTo(moved);
    }

    @Test
    void strangersAreIgnoredAndCounted() {
        becomeActiveWithBoth();
        Ilb stranger = new Ilb("10.2.0.99", "10.2.0.99:7440");
        Ilb rightAddressWrongPort = new Ilb("10.2.0.98", "10.2.0.12:7441");
        Ilb otherFamily = new Ilb("10.2.0.97", "[::a02:c]:7440");

        for (Ilb ilb : List.of(stranger, rightAddressWrongPort, otherFamily)) {
            assertThat(ilb.sendTo(membership, clock)).isEqualTo(Reception.STRANGER);
        }
        assertThat(membership.receptions(Reception.STRANGER)).isEqualTo(3);
        assertThat(membership.peers()).hasSize(2);
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void multicastTakesWhoeverSpeaks() {
        membership = withMulticast();
        b.sendTo(membership, clock);
        c.sendTo(membership, clock);
        membership.onTick(clock.now());

        assertThat(membership.activeIds()).containsExactly(b.id, c.id);
        assertThat(membership.heartbeatDestinations()).containsExactly(Endpoint.parse("239.74.40.1:7440"));
    }

    @Test
    void theOwnMessageOutOfTheMulticastGroupIsNothing() {
        membership = withMulticast();
        Ilb echo = new Ilb(SELF.toString(), "10.2.0.11:7440");
        echo.incarnation = 500;

        assertThat(echo.sendTo(membership, clock)).isEqualTo(Reception.OWN_ECHO);
        assertThat(listener.take()).isEmpty();
        assertThat(membership.peers()).isEmpty();
    }

    @Test
    void anotherWithTheOwnIdIsReportedOnceAndIgnored() {
        becomeActiveWithBoth();
        Ilb twin = new Ilb(SELF.toString(), "10.2.0.66:7440");
        for (int i = 0; i < 3; i++) {
            assertThat(twin.sendTo(membership, clock)).isEqualTo(Reception.DUPLICATE_ID);
        }
        assertThat(listener.take()).containsExactly("duplicate 10.2.0.66:7440 1000");
        twin.restarted().sendTo(membership, clock);
        assertThat(listener.take()).containsExactly("duplicate 10.2.0.66:7440 1001");
        assertThat(membership.activeIds()).containsExactly(SELF, b.id, c.id);
    }

    @Test
    void whatTheFormerLifeSentIsNoDuplicateUntilItCanNoMoreBeOnItsWay() {
        Ilb former = new Ilb(SELF.toString(), "10.2.0.11:7440");
        former.incarnation = 499;
        assertThat(former.sendTo(membership, clock)).isEqualTo(Reception.OLD_INCARNATION);
        tickFor(400);
        listener.take();
        assertThat(former.sendTo(membership, clock)).isEqualTo(Reception.DUPLICATE_ID);

        assertThat(listener.take()).containsExactly("duplicate 10.2.0.11:7440 499");
    }

    @Test
    void anIdThatDoesNotBelongToItsTagIsIgnored() {
        assertThat(b.sendWithTag(membership, clock, 12345)).isEqualTo(Reception.BAD_ID);
        assertThat(membership.peers()).isEmpty();
        becomeActiveWithBoth();

        assertThat(b.sendWithTag(membership, clock, c.id.tag())).isEqualTo(Reception.DUPLICATE_ID);
        assertThat(listener.take()).containsExactly("duplicate 10.2.0.12:7440 1000");
    }

    @Test
    void anIlbThatWasStoppedSaysSoAndGivesThePeersTheirWholeTimeoutAgain() {
        becomeActiveWithBoth();
        clock.advanceMillis(2_000);
        membership.onTick(clock.now());
        assertThat(listener.take()).containsExactly("away 2000");
        assertThat(membership.heartbeatDue(clock.now())).isTrue();

        tickFor(390);
        assertThat(listener.take()).isEmpty();
        tickFor(10);
        assertThat(listener.take()).contains("peer 10.2.0.12 ACTIVE->DEAD", "peer 10.2.0.13 ACTIVE->DEAD");
    }

    @Test
    void anAbsenceIsNoticedByTheFirstMessageAfterItAndToldOnce() {
        becomeActiveWithBoth();
        clock.advanceMillis(2_000);
        b.sendTo(membership, clock);
        assertThat(listener.take()).containsExactly("away 2000");
        membership.onTick(clock.now());
        assertThat(membership.noticeAbsence(clock.now())).isFalse();

        assertThat(listener.take()).isEmpty();
    }

    @Test
    void anAbsenceBeginsToCountOneHeartbeatBeforeTheFailureTimeout() {
        becomeActiveWithBoth();
        clock.advanceMillis(299);
        assertThat(membership.noticeAbsence(clock.now())).isFalse();
        clock.advanceMillis(1);
        assertThat(membership.noticeAbsence(clock.now())).isTrue();
        assertThat(listener.take()).containsExactly("away 300");
    }

    /** What the peers have sent meanwhile waits in a socket, perhaps behind much else. */
    @Test
    void ofATimeInWhichThisIlbWasLateOnlyAHeartbeatCountsAgainstThePeers() {
        becomeActiveWithBoth();
        clock.advanceMillis(250);
        membership.onTick(clock.now());
        clock.advanceMillis(250);
        membership.onTick(clock.now());
        assertThat(listener.take()).isEmpty();

        tickFor(190);
        assertThat(listener.take()).isEmpty();
        tickFor(10);
        assertThat(listener.take()).contains("peer 10.2.0.12 ACTIVE->DEAD", "peer 10.2.0.13 ACTIVE->DEAD");
    }

    @Test
    void aPeerThatIsHeardAfterThisIlbWasLateHasTheWholeTimeoutAndNoMore() {
        becomeActiveWithBoth();
        clock.advanceMillis(250);
        b.sendTo(membership, clock);
        c.sendTo(membership, clock);
        membership.onTick(clock.now());
        tickFor(390);
        assertThat(listener.take()).isEmpty();

        tickFor(10);
        assertThat(listener.take()).contains("peer 10.2.0.12 ACTIVE->DEAD", "peer 10.2.0.13 ACTIVE->DEAD");
    }

    @Test
    void aPeerThatWasDeadBeforeTheAbsenceStaysDead() {
        becomeActiveWithBoth();
        tickFor(400);
        clock.advanceMillis(2_000);
        membership.onTick(clock.now());

        assertThat(membership.peers()).allMatch(peer -> peer.state() == IlbState.DEAD);
    }

    @Test
    void aHeartbeatIsDueOnceInAnInterval() {
        becomeActiveWithBoth();
        clock.advanceMillis(99);
        assertThat(membership.heartbeatDue(clock.now())).isFalse();
        clock.advanceMillis(1);
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
        membership.heartbeatSent(clock.now());
        assertThat(membership.heartbeatDue(clock.now())).isFalse();
    }

    @Test
    void everyChangeOfTheOwnStateIsAnnouncedAtOnce() {
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
        membership.heartbeatSent(clock.now());
        membership.onTick(clock.now());
        tickFor(400);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
        membership.heartbeatSent(clock.now());
        assertThat(membership.heartbeatDue(clock.now())).isFalse();
        membership.leave(clock.now());
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
    }

    @Test
    void aNewcomerIsAnsweredAtOnce() {
        becomeActiveWithBoth();
        assertThat(membership.heartbeatDue(clock.now())).isFalse();
        b.restarted().sendTo(membership, clock);
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
        membership.heartbeatSent(clock.now());
        b.sendTo(membership, clock);
        assertThat(membership.heartbeatDue(clock.now())).isFalse();
    }

    @Test
    void theIdMessageSaysWhatTheMembershipKnows() {
        becomeActiveWithBoth();
        MemorySegment buffer = MemorySegment.ofArray(new byte[100]);
        IdMessage message = new IdMessage();
        membership.encodeIdMessage(buffer, 0, 77, 88);
        int length = IdMessage.finish(buffer, 0, IdMessage.UNKNOWN_LOAD);

        assertThat(message.decode(buffer, 0, length)).isEqualTo(DecodeResult.OK);
        assertThat(message.id()).isEqualTo(SELF);
        assertThat(message.incarnation()).isEqualTo(500);
        assertThat(message.state()).isEqualTo(IdMessage.ACTIVE);
        assertThat(message.broadcastSequence()).isEqualTo(77);
        assertThat(message.viewDigest()).isEqualTo(membership.viewDigest()).isNotZero();
        assertThat(message.configurationDigest()).isEqualTo(88);
    }

    @Test
    void aPeerWithAnotherViewIsToldWhenItLastsAndWhenItEnds() {
        becomeActiveWithBoth();
        b.viewDigest = membership.viewDigest();
        c.viewDigest = membership.viewDigest();
        b.sendTo(membership, clock);
        c.sendTo(membership, clock);
        tickFor(10);
        b.viewDigest++;
        for (int i = 0; i < 8; i++) {
            b.sendTo(membership, clock);
            c.sendTo(membership, clock);
            tickFor(100);
        }
        assertThat(listener.take()).isEmpty();
        tickFor(10);
        assertThat(listener.take()).containsExactly("view of 10.2.0.12 differs");
        assertThat(peer(b.id).viewDiffers()).isTrue();
        b.viewDigest = membership.viewDigest();
        b.sendTo(membership, clock);
        tickFor(10);
        assertThat(listener.take()).containsExactly("view of 10.2.0.12 agrees");
    }

    @Test
    void positionsStayAndAreGivenAwayOnlyWhenAllAreTaken() {
        membership = withMulticast();
        Ilb last = b;
        for (int i = 0; i < Membership.MAX_PEERS; i++) {
            last = new Ilb(Integer.toString(i), "10.3.0.1:" + (1_000 + i));
            assertThat(last.sendTo(membership, clock)).isEqualTo(Reception.ACCEPTED);
            clock.advanceMillis(1);
            membership.onTick(clock.now());
        }
        for (int i = 0; i < Membership.MAX_PEERS; i++) {
            assertThat(peer(IlbId.ofIndex(i)).position()).isEqualTo(i);
        }
        assertThat(c.sendTo(membership, clock)).isEqualTo(Reception.TOO_MANY);
        tickFor(150);
        last.sendTo(membership, clock);
        assertThat(c.sendTo(membership, clock)).isEqualTo(Reception.ACCEPTED);

        assertThat(peer(c.id).position()).isZero();
        assertThat(membership.peerByTag(IlbId.ofIndex(0).tag())).isNull();
        assertThat(membership.peers()).hasSize(Membership.MAX_PEERS);
    }

    @Test
    void aPeerIsFoundByTagAndIncarnation() {
        becomeActiveWithBoth();
        Peer peer = peer(b.id);

        assertThat(membership.peer(b.id.tag(), 1_000)).isSameAs(peer).isNotNull();
        assertThat(membership.peer(b.id.tag(), 999)).isNull();
        assertThat(membership.peer(b.id.tag(), 1_001)).isNull();
        assertThat(membership.peerByTag(SELF.tag())).isNull();
        assertThat(peer.toString())
                .startsWith("id=10.2.0.12 position=0 tag=0x" + Integer.toHexString(b.id.tag())
                        + " endpoint=10.2.0.12:7440 state=ACTIVE incarnation=1000 counter=1 broadcastSequence=0");
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        assertThatThrownBy(() -> new Membership(SELF, 1, 100, 100, List.of(), Optional.empty(), listener, 0))
                .hasMessage("the failure timeout (100 ns) must be more than the heartbeat interval (100 ns)");
        assertThatThrownBy(
                        () -> new Membership(SELF, 1, 1, 2, List.of(b.endpoint), Optional.of(c.endpoint), listener, 0))
                .hasMessage("either a list of peers or a multicast group, not both");
    }
}
