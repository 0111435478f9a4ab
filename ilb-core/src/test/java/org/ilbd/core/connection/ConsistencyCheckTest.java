package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The check itself finds damage: one bit is turned at a time, in a table that is otherwise in order. */
class ConsistencyCheckTest {

    private final Arena arena = Arena.ofConfined();
    private final List<MemorySegment> segments = new ArrayList<>();
    private final OwnedConnections table = new OwnedConnections(
            (size, alignment) -> {
                MemorySegment segment = arena.allocate(size, alignment);
                segments.add(segment);
                return segment;
            },
            4,
            4,
            1000,
            1000,
            1000,
            1,
            2);

    @BeforeEach
    void fill() {
        for (int client = 0; client < 5; client++) {
            ConnectionState state = client < 2 ? ConnectionState.HALF_OPEN : ConnectionState.ESTABLISHED;
            table.insert(1, Clients.tuple(client), 0, state, 0, 100_000 * client);
        }
        table.remove(table.find(1, Clients.tuple(2)));
        table.checkConsistency();
    }

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void everyBitOfKeyTagListAndTimesMatters() {
        MemorySegment entries = segments.getFirst();
        assertThat(entries.byteSize()).isEqualTo(8 * 64);
        for (int slot = table.nextSlot(-1); slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
            for (int range : new int[] {0, 8, 16, 48}) {
                for (int bit = 0; bit < 64; bit++) {
                    assertDamageFound(entries, slot * 64L + range + bit / 8, bit % 8);
                }
            }
            for (int bit = 0; bit < 32; bit++) {
                assertDamageFound(entries, slot * 64L + 24 + bit / 8, bit % 8);
            }
            // From 16 ms up a difference of the two times is more than the list's precision.
            for (int bit = 4; bit < 32; bit++) {
                assertDamageFound(entries, slot * 64L + 36 + bit / 8, bit % 8);
            }
            for (int bit = 0; bit < 8; bit++) {
                assertDamageFound(entries, slot * 64L + 56, bit);
            }
        }
        assertThatCode(table::checkConsistency).doesNotThrowAnyException();
    }

    @Test
    void everyBitOfTheIndexMatters() {
        for (MemorySegment segment : segments.subList(1, segments.size())) {
            boolean index = segment.byteSize() > 8;
            for (int bit = 0; bit < (index ? segment.byteSize() * 8 : 5); bit++) {
                assertDamageFound(segment, bit / 8, bit % 8);
            }
        }
    }

    private void assertDamageFound(MemorySegment segment, long offset, int bit) {
        byte whole = segment.get(ValueLayout.JAVA_BYTE, offset);
        segment.set(ValueLayout.JAVA_BYTE, offset, (byte) (whole ^ 1 << bit));
        try {
            assertThatIllegalStateException()
                    .as("bit %d of byte %d of %d turned", bit, offset, segment.byteSize())
                    .isThrownBy(table::checkConsistency);
        } finally {
            segment.set(ValueLayout.JAVA_BYTE, offset, whole);
        }
    }
}
