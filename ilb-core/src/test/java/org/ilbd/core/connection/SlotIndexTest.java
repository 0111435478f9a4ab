package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlotIndexTest {

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void atLeastAThirdOfTheCellsStaysEmpty() {
        for (int capacity : new int[] {1, 2, 3, 4, 5, 1000, 1365, 1366, 4096, 65_536, 1_100_000}) {
            long size = new SlotIndex(arena, capacity).size();
            assertThat(Long.bitCount(size)).isEqualTo(1);
            assertThat(size).isGreaterThan(capacity).isBetween((capacity * 3L + 1) / 2, capacity * 3L + 1);
        }
    }

    /** Few tags, many of them equal or with the same home, so that runs wrap around the end and are cut in all ways. */
    @Test
    void removalsKeepEveryOtherCellWithinReach() {
        RandomGenerator random = Seed.random("SlotIndexTest");
        for (int capacity : new int[] {1, 5, 21, 170}) {
            SlotIndex index = new SlotIndex(arena, capacity);
            Map<Integer, Integer> tags = new HashMap<>();
            for (int i = 0; i < 50_000; i++) {
                int slot = random.nextInt(capacity);
                Integer tag = tags.remove(slot);
                if (tag != null) {
                    index.remove(tag, slot);
                } else {
                    int newTag = random.nextInt(-3, 4) + (random.nextInt(2) << 20);
                    index.insert(newTag, slot);
                    tags.put(slot, newTag);
                }
                if (i % 16 == 0) {
                    tags.forEach(
                            (held, its) -> assertThat(reaches(index, its, held)).isTrue());
                    assertThat(cells(index)).isEqualTo(tags.size());
                }
            }
        }
    }

    /** A full index over sequential clients: with a hash that clusters, this fails. */
    @Test
    void searchesAreShortWhenFull() {
        int capacity = (1 << 17) * 2 / 3;
        SlotIndex index = new SlotIndex(arena, capacity);
        KeyedHash hash = new KeyedHash(1, 2);
        for (int slot = 0; slot < capacity; slot++) {
            index.insert(hash.of(0, 0x0a000000L + (slot >> 4), slot & 15), slot);
        }
        long steps = 0;
        int longest = 0;
        for (int position = 0; position < index.size(); position++) {
            long cell = index.cell(position);
            if (cell != SlotIndex.EMPTY) {
                int distance = (position - index.home(SlotIndex.tag(cell))) & (int) (index.size() - 1);
                steps += distance + 1;
                longest = Math.max(longest, distance);
            }
        }
        // Linear probing (Knuth, volume 3, 6.4): (1 + 1 / (1 - 2/3)) / 2 = 2 on average.
        assertThat((double) steps / capacity).isBetween(1.9, 2.1);
        assertThat(longest).isLessThan(200);
    }

    private static boolean reaches(SlotIndex index, int tag, int slot) {
        for (int position = index.home(tag); ; position = index.next(position)) {
            long cell = index.cell(position);
            if (cell == SlotIndex.EMPTY) {
                return false;
            }
            if (SlotIndex.tag(cell) == tag && SlotIndex.slot(cell) == slot) {
                return true;
            }
        }
    }

    private static int cells(SlotIndex index) {
        int count = 0;
        for (int position = 0; position < index.size(); position++) {
            if (index.cell(position) != SlotIndex.EMPTY) {
                count++;
            }
        }
        return count;
    }
}
