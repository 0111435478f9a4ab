package org.ilbd.core.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ChiSquareTest {
    @Test
    void knowsTheCriticalValuesOfThePrintedTables() {
        assertThat(ChiSquare.pValue(3.841, 1)).isCloseTo(0.05, within(1e-4));
        assertThat(ChiSquare.pValue(10.828, 1)).isCloseTo(0.001, within(1e-6));
        assertThat(ChiSquare.pValue(37.697, 15)).isCloseTo(0.001, within(1e-6));
        assertThat(ChiSquare.pValue(149.449, 100)).isCloseTo(0.001, within(1e-6));
        assertThat(ChiSquare.pValue(5.348, 6)).isCloseTo(0.5, within(1e-4));
    }

    @Test
    void acceptsAFairDieAndRejectsALoadedOne() {
        double[] fair = {1, 1, 1, 1, 1, 1};
        assertThat(ChiSquare.pValue(ChiSquare.statistic(new long[] {98, 103, 105, 95, 99, 100}, fair), 5))
                .isGreaterThan(0.9);
        assertThat(ChiSquare.pValue(ChiSquare.statistic(new long[] {80, 90, 90, 90, 90, 160}, fair), 5))
                .isLessThan(0.001);
    }
}
