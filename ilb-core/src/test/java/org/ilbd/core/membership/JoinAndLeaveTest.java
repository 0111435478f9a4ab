package org.ilbd.core.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.IdMessage;
import org.junit.jupiter.api.Test;

/** When this ILB itself becomes ACTIVE, and when it may go. Heartbeat 100 ms, failure timeout 400 ms. */
class JoinAndLeaveTest {
    private static final IlbId SELF = IlbId.parse("10.2.0.11");

    private final FakeClock clock = new FakeClock();
    private final RecordingListener listener = new RecordingListener();
    private final Ilb b = new Ilb("10.2.0.12", "10.2.0.12:7440");
    private final Ilb c = new Ilb("10.2.0.13", "10.2.0.13:7440");
    private Membership membership = withPeers(b, c);

    private Membership withPeers(Ilb... peers) {
        List<Endpoint> endpoints =
                Arrays.stream(peers).map(peer -> peer.endpoint).toList();
        return membership(endpoints, Optional.empty());
    }

    private Membership membership(List<Endpoint> peers, Optional<Endpoint> group) {
        return new Membership(
                SELF, 500, 100 * FakeClock.MILLI, 400 * FakeClock.MILLI, peers, group, listener, clock.now());
    }

    private void tick() {
        membership.onTick(clock.now());
    }

    private void tickFor(long millis) {
        for (long i = 0; i < millis; i += 10) {
            clock.advanceMillis(10);
            tick();
        }
    }

    private void hear(Ilb... ilbs) {
        for (Ilb ilb : ilbs) {
            assertThat(ilb.sendTo(membership, clock)).isEqualTo(Reception.ACCEPTED);
        }
        tick();
    }

    /** Time in which some are heard at each heartbeat. */
    private void pass(long millis, Ilb... heard) {
        for (long i = 0; i < millis; i += 100) {
            tickFor(100);
            hear(heard);
        }
    }

    private void becomeActiveWithBoth() {
        hear(b, c);
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        listener.take();
    }

    @Test
    void waitsForEveryActivePeerToHandOver() {
        hear(b, c);
        pass(5_000, b, c);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        assertThat(membership.awaitedHandOvers()).isEqualTo(2);
        b.handOverTo(membership, clock);
        assertThat(membership.awaitedHandOvers()).isEqualTo(1);
        pass(5_000, b, c);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        listener.take();

        c.handOverTo(membership, clock);

        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        assertThat(listener.take()).containsExactly("self JOINING->ACTIVE", "view [10.2.0.11, 10.2.0.12, 10.2.0.13]");
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
    }

    @Test
    void whatWasHandedOverForAnotherViewDoesNotCount() {
        hear(b, c);
        b.handOverTo(membership, clock, membership.viewDigest() + 1);
        c.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        b.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
    }

    @Test
    void anActivePeerThatDiesMeanwhileIsNotWaitedForButTheOthersHandOverAnew() {
        hear(b, c);
        b.handOverTo(membership, clock);
        pass(400, b);
        assertThat(membership.activeIds()).containsExactly(b.id);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);

        b.handOverTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id);
    }

    @Test
    void thePeerThatSeesTheDeathFirstMayHandOverBeforeThisIlbSeesIt() {
        hear(b);
        long withoutC = membership.viewDigest();
        hear(c);
        b.handOverTo(membership, clock, withoutC);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);

        pass(400, b);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id);
    }

    @Test
    void anotherThatBecomesActiveMeanwhileHandsOverTooAndTheFirstAnew() {
        c.state(IdMessage.JOINING);
        hear(b, c);
        assertThat(membership.activeIds()).containsExactly(b.id);
        hear(c.state(IdMessage.ACTIVE));
        b.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        c.handOverTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id, c.id);
    }

    @Test
    void ofTwoNewcomersNextToAnActiveOneTheSecondWaitsForTheFirstToo() {
        c.state(IdMessage.JOINING);
        hear(b, c);
        long alone = membership.viewDigest();
        // The other is told first, and is ACTIVE when this one is told.
        hear(c.state(IdMessage.ACTIVE));
        b.handOverTo(membership, clock, alone);
        pass(1_000, b, c);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);

        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id, c.id);
    }

    @Test
    void aPeerThatRestartsMeanwhileHasHandedOverNothing() {
        hear(b, c);
        b.handOverTo(membership, clock);
        hear(b.restarted());
        c.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        b.handOverTo(membership, clock);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
    }

    @Test
    void nobodyWaitsForAJoiningOrALeavingPeerNextToAnActiveOne() {
        c.state(IdMessage.LEAVING);
        hear(b, c);
        b.handOverTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id);
    }

    @Test
    void allThatStartAtTheSameInstantBecomeActiveOnceEveryConfiguredOneWasHeard() {
        b.state(IdMessage.JOINING);
        c.state(IdMessage.JOINING);
        hear(b);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        listener.take();
        hear(c);

        assertThat(listener.take())
                .containsExactly("peer 10.2.0.13 DEAD->JOINING", "self JOINING->ACTIVE", "view [10.2.0.11]");
    }

    @Test
    void whoStartsAtTheSameInstantButIsSecondIsHandedOverWhatTheFirstHas() {
        b.state(IdMessage.JOINING);
        hear(b);
        hear(b.state(IdMessage.ACTIVE));
        c.state(IdMessage.JOINING);
        hear(c);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);

        b.handOverTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id);
    }

    @Test
    void joinsWithoutAPeerThatIsSilentForTheFailureTimeout() {
        tick();
        tickFor(390);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        tickFor(10);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        assertThat(membership.activeIds()).containsExactly(SELF);
    }

    @Test
    void aNewcomerWhoseOnlyActivePeerDiesIsActiveByItself() {
        hear(b);
        tickFor(390);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        tickFor(10);
        tick();
        assertThat(membership.activeIds()).containsExactly(SELF);
    }

    @Test
    void aSingleIlbJoinsAtItsFirstTick() {
        membership = withPeers();
        tick();

        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        assertThat(membership.heartbeatDestinations()).isEmpty();
    }

    @Test
    void theOwnAddressInTheListOfPeersDelaysNothing() {
        Ilb echo = new Ilb(SELF.toString(), "10.2.0.11:7440");
        echo.incarnation = 500;
        membership = withPeers(echo, b);
        hear(b.state(IdMessage.JOINING));
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        assertThat(echo.sendTo(membership, clock)).isEqualTo(Reception.OWN_ECHO);
        tick();

        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
        assertThat(membership.peers()).hasSize(1);
    }

    @Test
    void inAMulticastGroupNewcomersListenForTheFailureTimeout() {
        membership = membership(List.of(), Optional.of(Endpoint.parse("239.74.40.1:7440")));
        b.state(IdMessage.JOINING);
        hear(b);
        pass(300, b);
        tickFor(90);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        tickFor(10);
        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
    }

    @Test
    void anIlbThatWasStoppedWhileJoiningListensAnew() {
        hear(b.state(IdMessage.JOINING));
        clock.advanceMillis(2_000);
        tick();
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        tickFor(390);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        tickFor(10);

        assertThat(membership.selfState()).isEqualTo(IlbState.ACTIVE);
    }

    @Test
    void whoRejoinsIsANewcomerInANewIncarnationAndWaitsAnew() {
        becomeActiveWithBoth();
        clock.advanceMillis(2_000);
        assertThat(membership.noticeAbsence(clock.now())).isTrue();
        membership.rejoin(501, clock.now());

        assertThat(listener.take()).containsExactly("away 2000", "self ACTIVE->JOINING", "view [10.2.0.12, 10.2.0.13]");
        assertThat(membership.incarnation()).isEqualTo(501);
        assertThat(membership.heartbeatDue(clock.now())).isTrue();
        // What was said in the former life counts no more, although it was for this very view.
        pass(1_000, b, c);
        assertThat(membership.selfState()).isEqualTo(IlbState.JOINING);
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        assertThat(membership.activeIds()).containsExactly(SELF, b.id, c.id);
    }

    @Test
    void theRejoinedOneHasAnotherDigestThanInItsFormerLife() {
        becomeActiveWithBoth();
        long digest = membership.viewDigest();
        membership.rejoin(501, clock.now());
        hear(b, c);
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);

        assertThat(membership.viewDigest()).isNotEqualTo(digest);
    }

    @Test
    void afterARejoinTheEchoOfTheFormerLifeIsNoDuplicateUntilItCanNoMoreBeOnItsWay() {
        becomeActiveWithBoth();
        tickFor(200);
        membership.rejoin(501, clock.now());
        Ilb former = new Ilb(SELF.toString(), "10.2.0.11:7440");
        former.incarnation = 500;
        assertThat(former.sendTo(membership, clock)).isEqualTo(Reception.OLD_INCARNATION);
    }

    @Test
    void leavingIsFinal() {
        becomeActiveWithBoth();
        membership.leave(clock.now());
        assertThat(listener.take()).containsExactly("self ACTIVE->LEAVING", "view [10.2.0.12, 10.2.0.13]");
        membership.leave(clock.now());
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        tickFor(400);

        assertThat(membership.selfState()).isEqualTo(IlbState.LEAVING);
        assertThat(listener.take()).noneMatch(event -> event.startsWith("self"));
    }

    @Test
    void anIlbThatLeavesBeforeItHasJoinedNeverBecomesActive() {
        membership.leave(clock.now());
        tickFor(1_000);
        assertThat(membership.selfState()).isEqualTo(IlbState.LEAVING);
        assertThat(membership.activeIds()).isEmpty();
        assertThat(membership.viewDigest()).isZero();
    }

    @Test
    void whoLeavesIsReleasedWhenAllActiveOnesHaveHandedOverWithoutIt() {
        becomeActiveWithBoth();
        assertThat(membership.isReleased()).isFalse();
        membership.leave(clock.now());
        assertThat(membership.isReleased()).isFalse();
        assertThat(membership.awaitedHandOvers()).isEqualTo(2);
        b.handOverTo(membership, clock);
        assertThat(membership.isReleased()).isFalse();
        c.handOverTo(membership, clock);
        assertThat(membership.isReleased()).isTrue();
        assertThat(membership.awaitedHandOvers()).isZero();
    }

    @Test
    void whatWasHandedOverWithItInTheViewReleasesNobody() {
        becomeActiveWithBoth();
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        membership.leave(clock.now());

        assertThat(membership.isReleased()).isFalse();
    }

    @Test
    void whoLeavesDoesNotWaitForTheDead() {
        becomeActiveWithBoth();
        membership.leave(clock.now());
        pass(400, c);
        assertThat(membership.isReleased()).isFalse();
        c.handOverTo(membership, clock);
        assertThat(membership.isReleased()).isTrue();
    }

    @Test
    void theLastOneIsReleasedAtOnce() {
        membership = withPeers();
        tick();
        membership.leave(clock.now());

        assertThat(membership.isReleased()).isTrue();
    }
}
