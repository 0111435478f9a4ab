package org.ilbd.core.connection;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;

/**
 * Hash index from a 32-bit tag to slots: open addressing with linear probing over eight-byte cells.
 *
 * <pre>
 *   63                             32 31                              0
 *  +---------------------------------+---------------------------------+
 *  | tag: 32 bits of the key's hash  | slot + 1; an empty cell is 0    |
 *  +---------------------------------+---------------------------------+
 * </pre>
 *
 * <p>The low bits of the tag name the cell where a search begins (its home), so a removal needs no key to close the gap: it
 * moves cells back instead of leaving tombstones, and a table that has churned for years probes as a fresh one. The bits above
 * those tell apart what has the same home; with 2^24 cells that is one false match in 256, each costing one look at an entry.
 *
 * <p>At least a third of the cells is empty (the size is the power of two from 1.5 times the capacity up), so a search that
 * misses looks at 5 cells on average and one that hits at 2: mostly one cache line, since eight cells share one.
 */
final class SlotIndex {

    static final long EMPTY = 0;

    /** 2^31 cells have the largest mask that fits an int, and 1.5 x 2^30 needs them. */
    static final int MAXIMUM_CAPACITY = 1 << 30;

    private static final int CELL_BYTES = Long.BYTES;
    private static final int CACHE_LINE_BYTES = 64;
    /** Cells are aligned; the unaligned layout spares the check. */
    private static final ValueLayout.OfLong CELL = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemorySegment cells;
    private final int mask;

    SlotIndex(SegmentAllocator memory, int capacity) {
        long wanted = capacity + (capacity + 1L) / 2;
        long size = Math.max(2, Long.highestOneBit(wanted - 1) << 1);
        mask = (int) (size - 1);
        cells = memory.allocate(size * CELL_BYTES, CACHE_LINE_BYTES);
        cells.fill((byte) 0);
    }

    /** Where the search for a tag begins. */
    int home(int tag) {
        return tag & mask;
    }

    /** Where a search goes on. */
    int next(int position) {
        return (position + 1) & mask;
    }

    /** The cell at a position, {@link #EMPTY} where a search ends. */
    long cell(int position) {
        return cells.get(CELL, (long) position * CELL_BYTES);
    }

    static int tag(long cell) {
        return (int) (cell >>> Integer.SIZE);
    }

    static int slot(long cell) {
        return (int) cell - 1;
    }

    /** Number of positions; for walks of the whole index. */
    long size() {
        return mask + 1L;
    }

    long memoryBytes() {
        return cells.byteSize();
    }

    void insert(int tag, int slot) {
        int position = home(tag);
        while (cell(position) != EMPTY) {
            position = next(position);
        }
        setCell(position, cellOf(tag, slot));
    }

    /** The slot must be there under that tag. */
    void remove(int tag, int slot) {
        long wanted = cellOf(tag, slot);
        int hole = home(tag);
        while (cell(hole) != wanted) {
            hole = next(hole);
        }
        int position = hole;
        while (true) {
            position = next(position);
            long cell = cell(position);
            if (cell == EMPTY) {
                break;
            }
            // A cell may move back to the hole unless its home lies behind the hole.
            int distanceFromHome = (position - home(tag(cell))) & mask;
            int distanceFromHole = (position - hole) & mask;
            if (distanceFromHome >= distanceFromHole) {
                setCell(hole, cell);
                hole = position;
            }
        }
        setCell(hole, EMPTY);
    }

    private static long cellOf(int tag, int slot) {
        return ((long) tag << Integer.SIZE) | (slot + 1);
    }

    private void setCell(int position, long cell) {
        cells.set(CELL, (long) position * CELL_BYTES, cell);
    }
}
