package org.ilbd.daemon.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DutyCycleTest {
    /** Just before the clock wraps: only differences may count. */
    private long now = Long.MAX_VALUE - 5;

    private final DutyCycle dutyCycle = new DutyCycle(now);

    @Test
    void keepsTheLongestDistanceAndCountsTheLateTicks() {
        for (long distanceMillis : new long[] {10, 250, 100, 11, 101}) {
            now += TimeUnit.MILLISECONDS.toNanos(distanceMillis);
            dutyCycle.onTick(now);
        }

        assertThat(dutyCycle.longestNanos()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(250));
        assertThat(dutyCycle.lateTicks()).isEqualTo(2);
    }

    @Test
    void whatWasBeforeTheBeginningIsNoPause() {
        now += TimeUnit.SECONDS.toNanos(3);
        dutyCycle.begin(now);
        dutyCycle.onTick(now + 10);

        assertThat(dutyCycle.longestNanos()).isEqualTo(10);
        assertThat(dutyCycle.lateTicks()).isZero();
    }

    @Test
    void silenceIsCountedFromTheLastTick() {
        assertThat(dutyCycle.silentNanos(now + 7)).isEqualTo(7);

        dutyCycle.onTick(now + 10);
        assertThat(dutyCycle.silentNanos(now + 12)).isEqualTo(2);
    }

    @Test
    void loopThatHasNotTickedForASecondDoesNotMove() {
        assertThat(dutyCycle.isMoving(now + 999_999_999)).isTrue();
        assertThat(dutyCycle.isMoving(now + 1_000_000_000)).isFalse();

        dutyCycle.onTick(now + 1_000_000_000);
        assertThat(dutyCycle.isMoving(now + 1_000_000_000)).isTrue();
    }

    @Test
    void countsTheSlicesOfMoreThanAMillisecondOfWork() {
        dutyCycle.onSlice(5_000_000, 1_000_000);
        dutyCycle.onSlice(5_000_000, 1_000_001);
        dutyCycle.onSlice(400, 400);

        assertThat(dutyCycle.slices()).isEqualTo(3);
        assertThat(dutyCycle.longSlices()).isEqualTo(1);
    }

    @Test
    void keepsTheLongestSlice() {
        dutyCycle.onSlice(300, 300);
        dutyCycle.onSlice(700, 100);
        dutyCycle.onSlice(500, 400);
        dutyCycle.onSlice(600, 200);

        assertThat(dutyCycle.longestSliceNanos()).isEqualTo(700);
        assertThat(dutyCycle.longestSliceWorkNanos()).isEqualTo(400);
    }
}
