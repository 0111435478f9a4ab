package org.ilbd.core.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.protocol.IdMessage;
import org.junit.jupiter.api.Test;

/** A gap in the broadcasts of a peer is always told, and nothing that an overtaken one says is applied. */
class BroadcastSequenceTest {
    private final FakeClock clock = new FakeClock();
    private final RecordingListener listener = new RecordingListener();
    private final Ilb b = new Ilb("2", "10.2.0.12:7440");
    private final Membership membership = new Membership(
            IlbId.parse("1"),
            1,
            100 * FakeClock.MILLI,
            400 * FakeClock.MILLI,
            List.of(b.endpoint),
            Optional.empty(),
            listener,
            clock.now());

    private void heardWith(int sequence) {
        b.broadcast(sequence).sendTo(membership, clock);
        membership.onTick(clock.now());
        listener.take();
    }

    private boolean broadcast(int sequence) {
        return membership.onBroadcast(b.id.tag(), b.incarnation, sequence);
    }

    @Test
    void inOrderNothingIsMissing() {
        heardWith(0);
        for (int sequence = 1; sequence <= 10; sequence++) {
            assertThat(broadcast(sequence)).isTrue();
            b.broadcast(sequence).sendTo(membership, clock);
        }
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void aMissingOneIsToldBeforeTheNextIsApplied() {
        heardWith(5);
        assertThat(broadcast(6)).isTrue();
        assertThat(listener.take()).isEmpty();
        assertThat(broadcast(8)).isTrue();
        assertThat(listener.take()).containsExactly("gap 2");
        assertThat(broadcast(9)).isTrue();
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void anOvertakenOneCountsAsMissingAndIsNotApplied() {
        heardWith(5);
        assertThat(broadcast(7)).isTrue();
        assertThat(listener.take()).containsExactly("gap 2");
        assertThat(broadcast(6)).isFalse();
        assertThat(broadcast(8)).isTrue();
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void aDuplicateIsNotAppliedAndIsNoGap() {
        heardWith(5);
        assertThat(broadcast(6)).isTrue();
        assertThat(broadcast(6)).isFalse();
        assertThat(broadcast(5)).isFalse();
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void theLossOfTheLastOneShowsInTheNextIdMessage() {
        heardWith(5);
        b.broadcast(6).sendTo(membership, clock);
        assertThat(listener.take()).containsExactly("gap 2");
        b.sendTo(membership, clock);
        assertThat(listener.take()).isEmpty();
        assertThat(broadcast(7)).isTrue();
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void anIdMessageThatABroadcastOvertookIsNoGap() {
        heardWith(5);
        broadcast(6);
        broadcast(7);
        b.broadcast(6).sendTo(membership, clock);

        assertThat(listener.take()).isEmpty();
        assertThat(broadcast(8)).isTrue();
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void whatWasSentBeforeThePeerWasHeardIsNotMissed() {
        assertThat(broadcast(3)).isFalse();
        b.broadcast(1_000_000).sendTo(membership, clock);

        assertThat(listener.take()).noneMatch(event -> event.startsWith("gap"));
        assertThat(broadcast(1_000_001)).isTrue();
    }

    @Test
    void theNumbersMayWrap() {
        heardWith(-2);
        for (int sequence = -1; sequence < 3; sequence++) {
            assertThat(broadcast(sequence)).isTrue();
        }
        assertThat(listener.take()).isEmpty();
        assertThat(broadcast(-1)).isFalse();
        assertThat(broadcast(5)).isTrue();
        assertThat(listener.take()).containsExactly("gap 2");
    }

    @Test
    void aRestartCountsAnewAndMakesVoidWhatWasBefore() {
        heardWith(500);
        b.restarted().broadcast(2).sendTo(membership, clock);
        assertThat(listener.take())
                .containsSubsequence("gap 2", "restarted 2 1000->1001")
                .containsOnlyOnce("gap 2");
        assertThat(membership.onBroadcast(b.id.tag(), 1_000, 501)).isFalse();
        assertThat(broadcast(3)).isTrue();
        assertThat(listener.take()).isEmpty();
    }

    @Test
    void aBroadcastOfAnIncarnationNotYetKnownWaitsForNobody() {
        heardWith(500);
        assertThat(membership.onBroadcast(b.id.tag(), 1_001, 1)).isFalse();
        assertThat(listener.take()).isEmpty();
        b.restarted().broadcast(1).sendTo(membership, clock);
        assertThat(broadcast(2)).isTrue();
    }

    @Test
    void nothingIsTakenFromTheDeadAndWhatWasMissedMeanwhileShowsAtTheirReturn() {
        heardWith(5);
        for (int i = 0; i < 40; i++) {
            clock.advanceMillis(10);
            membership.onTick(clock.now());
        }
        assertThat(listener.take()).contains("peer 2 ACTIVE->DEAD", "gap 2");
        assertThat(broadcast(6)).isFalse();
        b.broadcast(6).sendTo(membership, clock);
        assertThat(listener.take()).contains("gap 2", "peer 2 DEAD->ACTIVE");
    }

    @Test
    void strangersDoNotBroadcast() {
        heardWith(5);
        assertThat(membership.onBroadcast(12_345, 1_000, 6)).isFalse();
        assertThat(b.state).isEqualTo(IdMessage.ACTIVE);
        assertThat(listener.take()).isEmpty();
    }
}
