package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HealthStateTest {
    @Test
    void uncheckedServerIsUpAndOneFailureTakesItDown() {
        HealthState state = HealthState.unchecked(2, 3);

        assertThat(state.up()).isTrue();
        assertThat(state.onCheck(false)).isTrue();
        assertThat(state.up()).isFalse();
    }

    @Test
    void firstSuccessGivesTheFullFall() {
        HealthState state = HealthState.unchecked(2, 3);

        assertThat(state.onCheck(true)).isFalse();
        assertThat(state.onCheck(false)).isFalse();
        assertThat(state.onCheck(false)).isFalse();
        assertThat(state.up()).isTrue();
        assertThat(state.onCheck(false)).isTrue();
        assertThat(state.up()).isFalse();
    }

    @Test
    void downServerComesUpAfterRiseSuccessesInARow() {
        HealthState state = HealthState.unchecked(3, 1);
        state.onCheck(false);

        assertThat(state.onCheck(true)).isFalse();
        assertThat(state.onCheck(true)).isFalse();
        assertThat(state.onCheck(false)).isFalse();
        assertThat(state.onCheck(true)).isFalse();
        assertThat(state.onCheck(true)).isFalse();
        assertThat(state.up()).isFalse();
        assertThat(state.onCheck(true)).isTrue();
        assertThat(state.up()).isTrue();
    }

    @Test
    void flappingWithinTheLimitsChangesNothing() {
        HealthState state = HealthState.unchecked(2, 2);
        state.onCheck(true);

        for (int i = 0; i < 100; i++) {
            assertThat(state.onCheck(i % 2 == 0)).isFalse();
            assertThat(state.up()).isTrue();
        }
    }

    @Test
    void otherLimitsKeepTheStateAndBeginTheCountingAnew() {
        HealthState state = HealthState.unchecked(2, 2);
        state.onCheck(false);
        state.onCheck(true);

        HealthState changed = state.withLimits(2, 5);

        assertThat(changed.up()).isFalse();
        assertThat(changed.onCheck(true)).isFalse();
        assertThat(changed.onCheck(true)).isTrue();
    }

    @Test
    void limitsBelowOneAreRefused() {
        assertThatThrownBy(() -> HealthState.unchecked(0, 2)).hasMessageContaining("rise 0");
        assertThatThrownBy(() -> HealthState.unchecked(1, 0)).hasMessageContaining("fall 0");
    }

    /** The definition, computed the slow way: the state turns when the last rise (or fall) results since its last turn all say so. */
    @Test
    void followsItsDefinitionOverRandomResults() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int run = 0; run < 200; run++) {
            int rise = 1 + random.nextInt(4);
            int fall = 1 + random.nextInt(4);
            HealthState state = HealthState.unchecked(rise, fall);
            state.onCheck(true);
            StringBuilder sinceTurn = new StringBuilder();
            boolean up = true;
            for (int i = 0; i < 100; i++) {
                boolean passed = random.nextBoolean();
                sinceTurn.append(passed ? '+' : '-');
                boolean turns = sinceTurn.toString().endsWith(up ? "-".repeat(fall) : "+".repeat(rise));
                if (turns) {
                    up = !up;
                    sinceTurn.setLength(0);
                }
                assertThat(state.onCheck(passed)).as("seed %d", seed).isEqualTo(turns);
                assertThat(state.up()).as("seed %d", seed).isEqualTo(up);
            }
        }
    }
}
