package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class KeyedHashTest {

    private static final int HOMES = 1 << 10;

    private final RandomGenerator random = Seed.random("KeyedHashTest");

    /** As clients come that are alike but for a few bits, wherever in the key these are, under any secret. */
    @Test
    void keysThatDifferInAFewBitsSpreadEvenly() {
        for (int shift = 0; shift <= 48; shift++) {
            KeyedHash hash = new KeyedHash(random.nextLong(), random.nextLong());
            int[] low = new int[HOMES];
            int[] high = new int[HOMES];
            int[] rest = new int[HOMES];
            int keys = HOMES * 16;
            for (long i = 0; i < keys; i++) {
                low[hash.of(0, i << shift, 80) & (HOMES - 1)]++;
                high[hash.of(i << shift, 1, 80) & (HOMES - 1)]++;
                rest[hash.of(0, 1, i << Math.min(shift, 19)) & (HOMES - 1)]++;
            }
            assertEven(low, keys);
            assertEven(high, keys);
            assertEven(rest, keys);
        }
    }

    /** What shares a home under one secret does not under the next. */
    @Test
    void aFloodThatMeetsInOneHomeSpreadsUnderAnotherSecret() {
        KeyedHash known = new KeyedHash(1, 2);
        KeyedHash other = new KeyedHash(1, 3);
        int[] homes = new int[HOMES];
        int keys = 0;
        for (long address = 0; keys < HOMES * 16; address++) {
            if ((known.of(0, address, 80) & (HOMES - 1)) == 7) {
                homes[other.of(0, address, 80) & (HOMES - 1)]++;
                keys++;
            }
        }
        assertEven(homes, keys);
    }

    /** By a sum of products alone, equal steps from two keys that share a home go on next to it, one run of cells for all. */
    @Test
    void twoKeysThatShareAHomeLeadToNoOthersNearIt() {
        KeyedHash hash = new KeyedHash(random.nextLong(), random.nextLong());
        long first = random.nextInt() & 0xff_ffffL;
        int home = hash.of(0, first, 80) & (HOMES - 1);
        long step = 1;
        while ((hash.of(0, first + step, 80) & (HOMES - 1)) != home) {
            step++;
        }
        int near = 0;
        for (int i = 2; i < 32; i++) {
            int distance = ((hash.of(0, first + i * step, 80) & (HOMES - 1)) - home) & (HOMES - 1);
            near += Math.min(distance, HOMES - distance) <= 32 ? 1 : 0;
        }
        // Two of the thirty on average; twelve or more by chance about once in ten million runs.
        assertThat(near).isLessThan(12);
    }

    @Test
    void eachPartOfTheKeyAndOfTheSecretCounts() {
        Set<Integer> seen = new HashSet<>();
        seen.add(new KeyedHash(1, 2).of(3, 4, 5));
        seen.add(new KeyedHash(1, 3).of(3, 4, 5));
        seen.add(new KeyedHash(2, 2).of(3, 4, 5));
        seen.add(new KeyedHash(1, 2).of(3L << 32, 4, 5));
        seen.add(new KeyedHash(1, 2).of(3, 4L << 32, 5));
        seen.add(new KeyedHash(1, 2).of(4, 4, 5));
        seen.add(new KeyedHash(1, 2).of(3, 5, 5));
        seen.add(new KeyedHash(1, 2).of(3, 4, 5 | 1L << 32));
        assertThat(seen).hasSize(8);
    }

    /** Chi-square over the homes: within six standard deviations of its mean, HOMES - 1, both ways. */
    private static void assertEven(int[] homes, int keys) {
        double expected = (double) keys / homes.length;
        double sum = 0;
        for (int counted : homes) {
            sum += (counted - expected) * (counted - expected) / expected;
        }
        double deviation = Math.sqrt(2.0 * (homes.length - 1));
        assertThat(sum).isBetween(homes.length - 1 - 6 * deviation, homes.length - 1 + 6 * deviation);
    }
}
