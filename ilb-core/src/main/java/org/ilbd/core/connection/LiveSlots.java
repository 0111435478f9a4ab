package org.ilbd.core.connection;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/**
 * One bit for each slot: is it live? A walk over all associations reads these instead of the entries, 1.25 MB for ten million,
 * so a step over a large hole is short too.
 */
final class LiveSlots {

    static final int NONE = -1;

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemorySegment words;

    LiveSlots(SegmentAllocator memory, int capacity) {
        words = memory.allocate((capacity + 63L) / Long.SIZE * Long.BYTES, Long.BYTES);
        words.fill((byte) 0);
    }

    void add(int slot) {
        words.set(WORD, offset(slot), words.get(WORD, offset(slot)) | 1L << slot);
    }

    void remove(int slot) {
        words.set(WORD, offset(slot), words.get(WORD, offset(slot)) & ~(1L << slot));
    }

    boolean contains(int slot) {
        return (words.get(WORD, offset(slot)) & 1L << slot) != 0;
    }

    /** The first live slot in {@code from .. limit - 1}, or NONE. */
    int next(int from, int limit) {
        if (from >= limit) {
            return NONE;
        }
        long end = offset(limit - 1);
        long offset = offset(from);
        long word = words.get(WORD, offset) & -1L << from;
        while (word == 0 && offset < end) {
            offset += Long.BYTES;
            word = words.get(WORD, offset);
        }
        // No slot at or past the limit is live, so what is found lies below it.
        return word == 0 ? NONE : (int) (offset / Long.BYTES) * Long.SIZE + Long.numberOfTrailingZeros(word);
    }

    long memoryBytes() {
        return words.byteSize();
    }

    private static long offset(int slot) {
        return (slot >>> 6) * (long) Long.BYTES;
    }
}
