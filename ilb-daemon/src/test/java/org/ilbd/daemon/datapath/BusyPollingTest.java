package org.ilbd.daemon.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BusyPollingTest {
    private static final long MICROSECOND = 1_000;
    private static final long MILLISECOND = 1_000_000;

    /** Near where the clock overflows. */
    private long now = Long.MAX_VALUE - MILLISECOND;

    private final BusyPolling polling = new BusyPolling(Duration.ofNanos(30 * MICROSECOND), now);

    private boolean looksAfter(long nanos) {
        now += nanos;
        polling.begin(now);
        return polling.looks(now);
    }

    private void away(long nanos) {
        long left = now;
        now += nanos;
        polling.wasAway(left, now);
    }

    @Test
    void looksForAsLongAsConfigured() {
        polling.begin(now);

        assertThat(polling.looks(now + 29 * MICROSECOND)).isTrue();
        assertThat(polling.looks(now + 30 * MICROSECOND)).isFalse();
    }

    @Test
    void zeroIsNever() {
        BusyPolling never = new BusyPolling(Duration.ZERO, now);
        never.begin(now);

        assertThat(never.looks(now)).isFalse();
        assertThat(never.giveWay()).isFalse();
    }

    @Test
    void shortAbsencesDoNotMatter() {
        for (int i = 0; i < 1_000; i++) {
            away(99 * MICROSECOND);
            assertThat(looksAfter(0)).isTrue();
        }
    }

    @Test
    void pausesAfterALongAbsenceAndForTwiceAsLongIfTheNextIsSoon() {
        long pause = 10 * MILLISECOND;
        now += pause;
        for (int i = 0; i < 10; i++) {
            away(100 * MICROSECOND);
            assertThat(looksAfter(pause - 1)).as("pause %d", i).isFalse();
            assertThat(looksAfter(1)).as("pause %d", i).isTrue();
            pause = Math.min(2 * pause, 1_000 * MILLISECOND);
        }
    }

    @Test
    void pausesForAMomentIfTheLastTimeIsLongAgo() {
        now += 10 * MILLISECOND;
        away(MILLISECOND);
        now += 10 * MILLISECOND;
        away(MILLISECOND);
        assertThat(looksAfter(20 * MILLISECOND)).isTrue();

        now += 20 * MILLISECOND;
        away(MILLISECOND);

        assertThat(looksAfter(10 * MILLISECOND - 1)).isFalse();
        assertThat(looksAfter(1)).isTrue();
    }
}
