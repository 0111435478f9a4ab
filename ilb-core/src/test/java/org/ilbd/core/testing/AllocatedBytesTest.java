package org.ilbd.core.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AllocatedBytesTest {
    private byte[] kept = {};

    @Test
    void seesAnArrayAndNothingElse() {
        assertThat(AllocatedBytes.of(() -> kept = new byte[1000])).isBetween(1000L, 1100L);
        assertThat(AllocatedBytes.of(() -> kept[0]++)).isZero();
    }
}
