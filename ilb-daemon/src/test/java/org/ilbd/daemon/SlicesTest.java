package org.ilbd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import org.ilbd.daemon.admin.DutyCycle;
import org.junit.jupiter.api.Test;

class SlicesTest {
    private final DutyCycle dutyCycle = new DutyCycle(0);
    private long now = 1_000;
    private long worked = 50;
    private int steps;
    private final Slices slices = new Slices(dutyCycle, () -> now, () -> worked);

    private void take(long nanos) {
        now += nanos;
        worked += nanos;
    }

    @Test
    void endsWhenThereIsNothingMoreToDo() {
        slices.run(start -> {}, () -> ++steps < 3);

        assertThat(steps).isEqualTo(3);
    }

    @Test
    void endsWithTheStepInWhichTheTimeIsOver() {
        slices.run(start -> take(Slices.LENGTH_NANOS / 2), () -> {
            steps++;
            take(Slices.LENGTH_NANOS / 3);
            return true;
        });

        assertThat(steps).isEqualTo(2);
    }

    @Test
    void doesNoStepAfterAFirstPieceThatWasLong() {
        slices.run(start -> take(Slices.LENGTH_NANOS), () -> {
            steps++;
            return true;
        });

        assertThat(steps).isZero();
    }

    @Test
    void aThreadThatWaitedForAProcessorLongEndsToo() {
        slices.run(start -> now += Slices.LENGTH_NANOS, () -> {
            steps++;
            return true;
        });

        assertThat(steps).isZero();
    }

    @Test
    void tellsWhatPacketsWaitedForFromWhatWasWork() {
        slices.run(
                start -> {
                    assertThat(start).isEqualTo(1_000);
                    take(40);
                    now += 500;
                },
                () -> {
                    take(7);
                    return false;
                });

        assertThat(dutyCycle.longestSliceNanos()).isEqualTo(547);
        assertThat(dutyCycle.longestSliceWorkNanos()).isEqualTo(47);
    }
}
