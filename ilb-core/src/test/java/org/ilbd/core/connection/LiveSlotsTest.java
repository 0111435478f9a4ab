package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.BitSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class LiveSlotsTest {

    @Test
    void agreesWithBitSet() {
        RandomGenerator random = Seed.random("LiveSlotsTest");
        try (Arena arena = Arena.ofConfined()) {
            for (int capacity : new int[] {1, 63, 64, 65, 1000}) {
                LiveSlots live = new LiveSlots(arena, capacity);
                BitSet model = new BitSet();
                for (int i = 0; i < 20_000; i++) {
                    int slot = random.nextInt(capacity);
                    if (random.nextInt(8) != 0) {
                        live.remove(slot);
                        model.clear(slot);
                    } else {
                        live.add(slot);
                        model.set(slot);
                    }
                    int from = random.nextInt(capacity + 1);
                    assertThat(live.next(from, capacity)).isEqualTo(model.nextSetBit(from));
                    assertThat(live.contains(slot)).isEqualTo(model.get(slot));
                }
            }
        }
    }
}
