package org.ilbd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.membership.IlbState;
import org.junit.jupiter.api.Test;

class RehearsalTest {
    private static final byte[] KEY = new byte[16];

    private int ticks;
    private int held;

    @Test
    void aNewcomerIsHandedEverythingHandsOnAfterACrashAndOwnsAllAfterAnother() {
        Rehearsal.run(List.of(), () -> true, RehearsalTest::assertHoldsAll);
    }

    @Test
    void messagesAreSignedWithAKey() {
        Rehearsal.run(List.of(KEY), () -> true, RehearsalTest::assertHoldsAll);
    }

    private static void assertHoldsAll(Engine newcomer) {
        assertThat(newcomer.membership().selfState()).isEqualTo(IlbState.ACTIVE);
        assertThat(newcomer.owned().size()).isEqualTo(2 * Rehearsal.CONNECTIONS);
        assertThat(newcomer.membership().activeIds()).hasSize(1);
        assertThat(newcomer.ownedCount()).isEqualTo(2 * Rehearsal.CONNECTIONS);
        assertThat(newcomer.counters().get(Counter.ASSOCIATIONS_TRANSFERRED)).isPositive();
        assertThat(newcomer.counters().get(Counter.RECEIVED_FORWARDED)).isPositive();
        for (DropReason reason : DropReason.values()) {
            assertThat(newcomer.counters().dropped(reason)).as(reason.name()).isZero();
        }
    }

    @Test
    void endsWhenItsTimeIsUp() {
        Rehearsal.run(
                List.of(),
                () -> ++ticks < 100,
                newcomer -> held = newcomer.owned().size());

        assertThat(held).isZero();
    }
}
