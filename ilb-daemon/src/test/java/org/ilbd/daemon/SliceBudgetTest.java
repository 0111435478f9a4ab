package org.ilbd.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import org.ilbd.core.engine.Engine;
import org.junit.jupiter.api.Test;

class SliceBudgetTest {
    private final SliceBudget budget = new SliceBudget();

    @Test
    void growsToTheMostWhileSlicesAreShort() {
        assertThat(budget.associations()).isEqualTo(SliceBudget.MIN);
        int before = 0;
        for (int slices = 0; budget.associations() > before; slices++) {
            before = budget.associations();
            budget.took(499_999);
            assertThat(slices).isLessThan(100);
        }
        assertThat(budget.associations()).isEqualTo(Engine.MAX_SLICE);
    }

    @Test
    void halvesWithEachLongSliceDownToTheLeast() {
        for (int i = 0; i < 100; i++) {
            budget.took(0);
        }
        budget.took(1_000_001);
        assertThat(budget.associations()).isEqualTo(Engine.MAX_SLICE / 2);
        for (int i = 0; i < 100; i++) {
            budget.took(1_000_001);
        }
        assertThat(budget.associations()).isEqualTo(SliceBudget.MIN);
    }

    @Test
    void staysAsItIsWhileSlicesAreRight() {
        budget.took(0);
        int before = budget.associations();
        budget.took(500_000);
        budget.took(1_000_000);
        assertThat(budget.associations()).isEqualTo(before);
    }

    @Test
    void beginsAnew() {
        budget.took(0);
        assertThat(budget.associations()).isGreaterThan(SliceBudget.MIN);

        budget.reset();
        assertThat(budget.associations()).isEqualTo(SliceBudget.MIN);
    }
}
