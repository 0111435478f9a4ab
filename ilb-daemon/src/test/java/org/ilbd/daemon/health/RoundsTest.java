package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RoundsTest {
    @Test
    void intervalsAreOffByUpToATenthAndMakeUseOfAllOfIt() {
        Random random = new Random(1);
        long[] intervals = LongStream.generate(() -> Rounds.jittered(1_000_000, random))
                .limit(10_000)
                .sorted()
                .toArray();

        assertThat(intervals[0]).isBetween(900_000L, 901_000L);
        assertThat(intervals[intervals.length / 2]).isBetween(995_000L, 1_005_000L);
        assertThat(intervals[intervals.length - 1]).isBetween(1_099_000L, 1_100_000L);
    }

    @Test
    void shortestIntervalIsNotOffAtAll() {
        assertThat(Rounds.jittered(1, new Random(1))).isEqualTo(1);
    }
}
