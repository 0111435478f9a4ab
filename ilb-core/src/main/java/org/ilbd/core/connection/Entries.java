package org.ilbd.core.connection;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import org.ilbd.core.packet.FourTuple;

/**
 * The memory of a table: a fixed number of slots, each free or holding one entry of 64 bytes, in native byte order.
 *
 * <pre>
 *    0        8        16       24     28     32      36     40     44     48      52     56   57    58     59 60     64
 *   +--------+--------+--------+------+------+-------+------+------+------+-------+------+----+-----+------+--+------+
 *   | source | source | family,| tag  |server|created| last |listed| stamp| pre-  | next |list|flags|origin| 0| word |
 *   | high   | low    | service|      |      | ms    | seen | ms   |      | vious |      |    |     |      |  |      |
 *   |        |        | + port |      |      |       | ms   |      |      |       |      |    |     |      |  |      |
 *   +--------+--------+--------+------+------+-------+------+------+------+-------+------+----+-----+------+--+------+
 * </pre>
 *
 * <p>Slots are used in the order of their addresses at first, and last in, first out after that. Nothing is written to a slot
 * before its first use, so memory that is never needed is never touched.
 */
final class Entries {

    static final int NONE = LiveSlots.NONE;

    private static final int ENTRY_BYTES = 64;

    private static final int SOURCE_HIGH_OFFSET = 0;
    private static final int SOURCE_LOW_OFFSET = 8;
    private static final int SERVICE_AND_PORT_OFFSET = 16;
    private static final int TAG_OFFSET = 24;
    private static final int SERVER_OFFSET = 28;
    private static final int CREATED_OFFSET = 32;
    private static final int LAST_SEEN_OFFSET = 36;
    private static final int LISTED_OFFSET = 40;
    private static final int STAMP_OFFSET = 44;
    private static final int PREVIOUS_OFFSET = 48;
    private static final int NEXT_OFFSET = 52;
    private static final int LIST_OFFSET = 56;
    private static final int FLAGS_OFFSET = 57;
    private static final int ORIGIN_OFFSET = 58;
    private static final int WORD_OFFSET = 60;

    /** Entries are aligned; the unaligned layouts spare the checks. */
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private static final long IPV6_BIT = 1L << 32;

    /** Of the third word of a key; the bits above are zero. */
    private static final int SERVICE_AND_PORT_BITS = 33;

    /** In place of a service and port: no key has it, so a free slot matches none. */
    private static final long NO_KEY = -1;

    private final MemorySegment memory;
    private final LiveSlots live;

    /** Slots from here up were never used. */
    private int unused;
    /** The last freed slot, linked to the one freed before it through {@code next}. */
    private int free = NONE;

    private int size;

    Entries(SegmentAllocator allocator, int capacity) {
        memory = allocator.allocate((long) capacity * ENTRY_BYTES, ENTRY_BYTES);
        live = new LiveSlots(allocator, capacity);
    }

    /** The third word of a key; the other two are the source address. The service stands for the destination. */
    static long serviceAndPort(int service, FourTuple tuple) {
        return (tuple.ipv6() ? IPV6_BIT : 0) | (long) service << Short.SIZE | tuple.sourcePort();
    }

    /** Takes a free slot, which there must be, and sets its key and tag; all else is zero, and it is in no list yet. */
    int add(long sourceHigh, long sourceLow, long serviceAndPort, int tag) {
        int slot = free;
        if (slot == NONE) {
            slot = unused++;
        } else {
            free = memory.get(INT, rawAt(slot) + NEXT_OFFSET);
        }
        live.add(slot);
        size++;
        long entry = rawAt(slot);
        memory.set(LONG, entry + SOURCE_HIGH_OFFSET, sourceHigh);
        memory.set(LONG, entry + SOURCE_LOW_OFFSET, sourceLow);
        memory.set(LONG, entry + SERVICE_AND_PORT_OFFSET, serviceAndPort);
        memory.set(INT, entry + TAG_OFFSET, tag);
        memory.set(INT, entry + SERVER_OFFSET, 0);
        memory.set(LONG, entry + CREATED_OFFSET, 0); // and last seen
        memory.set(LONG, entry + LISTED_OFFSET, 0); // and stamp
        memory.set(LONG, entry + LIST_OFFSET, 0); // to the end
        return slot;
    }

    void remove(int slot) {
        long entry = at(slot);
        memory.set(LONG, entry + SERVICE_AND_PORT_OFFSET, NO_KEY);
        memory.set(INT, entry + NEXT_OFFSET, free);
        free = slot;
        live.remove(slot);
        size--;
    }

    /** Whether a slot that was used before holds that key. */
    boolean matches(int slot, long sourceHigh, long sourceLow, long serviceAndPort) {
        long entry = rawAt(slot);
        return memory.get(LONG, entry + SOURCE_LOW_OFFSET) == sourceLow
                && memory.get(LONG, entry + SERVICE_AND_PORT_OFFSET) == serviceAndPort
                && memory.get(LONG, entry + SOURCE_HIGH_OFFSET) == sourceHigh;
    }

    /** Whether a number is that of a live slot; any number will do. */
    boolean isLive(int slot) {
        return slot >= 0 && slot < unused && live.contains(slot);
    }

    /** The next live slot with a larger number, or NONE; before the first is -1. */
    int nextSlot(int after) {
        return live.next(after + 1, unused);
    }

    /** Number of live slots. */
    int size() {
        return size;
    }

    long memoryBytes() {
        return memory.byteSize() + live.memoryBytes();
    }

    /** The whole third word of the key. */
    long serviceAndPort(int slot) {
        return memory.get(LONG, at(slot) + SERVICE_AND_PORT_OFFSET);
    }

    boolean ipv6(int slot) {
        return (serviceAndPort(slot) & IPV6_BIT) != 0;
    }

    long sourceHigh(int slot) {
        return memory.get(LONG, at(slot) + SOURCE_HIGH_OFFSET);
    }

    long sourceLow(int slot) {
        return memory.get(LONG, at(slot) + SOURCE_LOW_OFFSET);
    }

    int sourcePort(int slot) {
        return (int) serviceAndPort(slot) & 0xffff;
    }

    int service(int slot) {
        return (int) serviceAndPort(slot) >>> Short.SIZE;
    }

    int tag(int slot) {
        return memory.get(INT, at(slot) + TAG_OFFSET);
    }

    int server(int slot) {
        return memory.get(INT, at(slot) + SERVER_OFFSET);
    }

    void setServer(int slot, int server) {
        memory.set(INT, at(slot) + SERVER_OFFSET, server);
    }

    int createdMillis(int slot) {
        return memory.get(INT, at(slot) + CREATED_OFFSET);
    }

    void setCreatedMillis(int slot, int createdMillis) {
        memory.set(INT, at(slot) + CREATED_OFFSET, createdMillis);
    }

    int lastSeenMillis(int slot) {
        return memory.get(INT, at(slot) + LAST_SEEN_OFFSET);
    }

    void setLastSeenMillis(int slot, int lastSeenMillis) {
        memory.set(INT, at(slot) + LAST_SEEN_OFFSET, lastSeenMillis);
    }

    /** When the entry was last made the newest of its list. */
    int listedMillis(int slot) {
        return memory.get(INT, at(slot) + LISTED_OFFSET);
    }

    void setListedMillis(int slot, int listedMillis) {
        memory.set(INT, at(slot) + LISTED_OFFSET, listedMillis);
    }

    int stamp(int slot) {
        return memory.get(INT, at(slot) + STAMP_OFFSET);
    }

    void setStamp(int slot, int stamp) {
        memory.set(INT, at(slot) + STAMP_OFFSET, stamp);
    }

    /** The entry before this one, which is older, in its list, or NONE. */
    int previous(int slot) {
        return memory.get(INT, at(slot) + PREVIOUS_OFFSET);
    }

    void setPrevious(int slot, int previous) {
        memory.set(INT, at(slot) + PREVIOUS_OFFSET, previous);
    }

    /** The entry after this one, which is newer, in its list, or NONE. */
    int next(int slot) {
        return memory.get(INT, at(slot) + NEXT_OFFSET);
    }

    void setNext(int slot, int next) {
        memory.set(INT, at(slot) + NEXT_OFFSET, next);
    }

    byte list(int slot) {
        return memory.get(BYTE, at(slot) + LIST_OFFSET);
    }

    void setList(int slot, byte list) {
        memory.set(BYTE, at(slot) + LIST_OFFSET, list);
    }

    byte flags(int slot) {
        return memory.get(BYTE, at(slot) + FLAGS_OFFSET);
    }

    void setFlags(int slot, byte flags) {
        memory.set(BYTE, at(slot) + FLAGS_OFFSET, flags);
    }

    byte origin(int slot) {
        return memory.get(BYTE, at(slot) + ORIGIN_OFFSET);
    }

    void setOrigin(int slot, byte origin) {
        memory.set(BYTE, at(slot) + ORIGIN_OFFSET, origin);
    }

    /** The cache's: the generation that an entry is of. The LTOC's: the tag of the ILB that is to own a connection. */
    int word(int slot) {
        return memory.get(INT, at(slot) + WORD_OFFSET);
    }

    void setWord(int slot, int word) {
        memory.set(INT, at(slot) + WORD_OFFSET, word);
    }

    /** Throws unless every slot is either live or free, and none is both. */
    void checkConsistency() {
        int counted = 0;
        for (int slot = nextSlot(NONE); slot != NONE; slot = nextSlot(slot)) {
            counted++;
            // The hash of a key, which names its place in the index, need not tell these bits apart.
            Consistency.require(
                    serviceAndPort(slot) >>> SERVICE_AND_PORT_BITS == 0,
                    "slot %d has bits above those of a service and a port",
                    slot);
        }
        Consistency.require(counted == size, "%d slots are marked live, not %d", counted, size);
        int freed = 0;
        for (int slot = free; slot != NONE; slot = memory.get(INT, rawAt(slot) + NEXT_OFFSET)) {
            Consistency.require(slot >= 0 && slot < unused, "free list leads to slot %d of %d", slot, unused);
            Consistency.require(!live.contains(slot), "slot %d is free and live", slot);
            freed++;
            Consistency.require(freed <= unused, "free list is a circle");
        }
        Consistency.require(size + freed == unused, "%d live and %d free slots of %d used ones", size, freed, unused);
    }

    /** Where a live entry begins. */
    private long at(int slot) {
        assert isLive(slot) : "slot " + slot + " is free";
        return rawAt(slot);
    }

    private static long rawAt(int slot) {
        return (long) slot * ENTRY_BYTES;
    }
}
