package org.ilbd.core.connection;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.packet.FourTuple;

/**
 * What both tables are made of: a fixed number of entries off the heap, a hash index over them, and least-recently-used lists
 * through them. For one thread; allocates nothing once it is built.
 */
final class AssociationStore {

    /*
     * Implementation notes
     *
     * Layout. An entry is one cache line, aligned, so everything that a packet needs of its connection costs one miss, and the
     * index (see SlotIndex) costs the other: its cells carry 32 bits of the key's hash, so an entry is looked at only when it is
     * almost surely the one. A packet that misses mostly costs the one miss in the index.
     *
     * Expiry. An entry is in one list, by its state, in the order of its `listed` time. To move an entry on every packet would
     * cost two misses more, for its neighbours; so a touch writes `last seen` and moves the entry only when `listed` is behind by
     * the list's granularity, 1/64 of its timeout. Hence an entry's `last seen` is within one granularity of the order of the
     * list, and expiry looks at the head alone: it is removed when its `last seen` is a timeout ago, and if it is not, then
     * nothing behind it is overdue by more than the granularity. So an entry is never removed early, and at most 1/64 of its
     * timeout late; no entry is looked at that is not removed, and the budget bounds the work.
     *
     * Eviction. The oldest of a list is its head, to the same precision; where a list is evicted from, its granularity is 1 s at
     * most, so that a list that turns over within seconds still keeps what is in use. Constant time.
     *
     * Time. Milliseconds in an int wrap after 49 days, so only differences count. They are right while no entry stays for 24 days
     * without a packet, which the limit on timeouts ensures as long as expiry is called.
     *
     * Batches. Memory answers a dozen loads in little more time than one, if they do not wait for each other. A packet's two do,
     * and the next packet's come too late for the processor to see; so packets that come together are fetched together: all
     * cells, then all entries. What is found that way is a guess only, for a packet may change what the next one finds; it is
     * compared with the key, which a free entry never has.
     *
     * Flooding. The index goes by a hash under a secret key (see KeyedHash), so nobody outside can aim at one home; the lists
     * are separate for each state, so that rooms can be. No operation is longer when the table is full.
     */

    static final int NONE = Entries.NONE;

    private final Entries entries;
    private final SlotIndex index;
    private final Recency recency;
    private final int capacity;
    private final KeyedHash hash;
    /** Written only: without it the compiler would leave the loads of {@link #fetch} out. */
    @SuppressWarnings("UnusedVariable")
    private long fetched;

    /**
     * @param memory for all of the store's life
     * @param capacity entries, 1 .. 2^30
     * @param key0 half of the secret key of the index
     * @param key1 the other half
     * @param timeoutsMillis one for each list, 1 .. 2^30
     * @param evicted for each list, whether its oldest is ever removed to make room
     */
    AssociationStore(
            SegmentAllocator memory, int capacity, long key0, long key1, int[] timeoutsMillis, boolean[] evicted) {
        if (capacity < 1 || capacity > SlotIndex.MAXIMUM_CAPACITY) {
            throw new IllegalArgumentException(
                    "capacity is " + capacity + ", not 1 to " + SlotIndex.MAXIMUM_CAPACITY + " associations");
        }
        this.capacity = capacity;
        hash = new KeyedHash(key0, key1);
        entries = new Entries(memory, capacity);
        recency = new Recency(entries, timeoutsMillis, evicted);
        index = new SlotIndex(memory, capacity);
    }

    /** The fields of the entries; the store alone changes which are live and how they are listed. */
    Entries entries() {
        return entries;
    }

    /** The slot of an association, or NONE. */
    int find(int service, FourTuple tuple) {
        return find(service, tuple, tag(service, tuple));
    }

    /** What {@link #find(int, FourTuple, int)} and {@link #fetch} need to know of a key. */
    int tag(int service, FourTuple tuple) {
        return tag(tuple.sourceHigh(), tuple.sourceLow(), Entries.serviceAndPort(service, tuple));
    }

    /** As {@link #find(int, FourTuple)}, with the tag of the same key. */
    int find(int service, FourTuple tuple, int tag) {
        long high = tuple.sourceHigh();
        long low = tuple.sourceLow();
        long serviceAndPort = Entries.serviceAndPort(service, tuple);
        int position = index.home(tag);
        while (true) {
            long cell = index.cell(position);
            if (cell == SlotIndex.EMPTY) {
                return NONE;
            }
            if (SlotIndex.tag(cell) == tag && entries.matches(SlotIndex.slot(cell), high, low, serviceAndPort)) {
                return SlotIndex.slot(cell);
            }
            position = index.next(position);
        }
    }

    /** As {@link #find(int, FourTuple, int)}, beginning with a slot that may be the one, or NONE. */
    int find(int service, FourTuple tuple, int tag, int candidate) {
        boolean is = candidate != NONE
                && entries.matches(
                        candidate, tuple.sourceHigh(), tuple.sourceLow(), Entries.serviceAndPort(service, tuple));
        return is ? candidate : find(service, tuple, tag);
    }

    /**
     * Looks for several tags at once, and brings the entries that they lead to into the processor's caches.
     *
     * @param candidates set to the first slot with each tag, or to NONE
     */
    void fetch(int[] tags, int[] candidates, int count) {
        // Three short loops, so that the loads of all tags are under way at once: of cells, then of entries.
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += index.cell(index.home(tags[i]));
        }
        for (int i = 0; i < count; i++) {
            int position = index.home(tags[i]);
            long cell = index.cell(position);
            while (cell != SlotIndex.EMPTY && SlotIndex.tag(cell) != tags[i]) {
                position = index.next(position);
                cell = index.cell(position);
            }
            candidates[i] = SlotIndex.slot(cell);
        }
        for (int i = 0; i < count; i++) {
            if (candidates[i] != NONE) {
                sum += entries.tag(candidates[i]);
            }
        }
        fetched = sum;
    }

    /** Adds what is not there yet, where there is room, as the newest of a list; its other fields are zero. */
    int insert(int list, int service, FourTuple tuple, int nowMillis) {
        assert find(service, tuple) == NONE : tuple + " is there already";
        assert entries.size() < capacity : "no room for " + tuple;
        long serviceAndPort = Entries.serviceAndPort(service, tuple);
        int tag = tag(service, tuple);
        int slot = entries.add(tuple.sourceHigh(), tuple.sourceLow(), serviceAndPort, tag);
        index.insert(tag, slot);
        recency.append(slot, list, nowMillis);
        return slot;
    }

    void remove(int slot) {
        recency.remove(slot);
        index.remove(entries.tag(slot), slot);
        entries.remove(slot);
    }

    /** Notes that an association was used. */
    void touch(int slot, int nowMillis) {
        recency.touch(slot, nowMillis);
    }

    /** Makes an entry the newest of a list. */
    void move(int slot, int list, int nowMillis) {
        recency.remove(slot);
        recency.append(slot, list, nowMillis);
    }

    /** Changes when the entries of a list expire. */
    void setTimeoutMillis(int list, int timeoutMillis) {
        recency.setTimeoutMillis(list, timeoutMillis);
    }

    /** The oldest entry of a list, or NONE. */
    int oldest(int list) {
        return recency.oldest(list);
    }

    /** Removes at most {@code budget} expired entries, the most overdue first; returns how many. Looks at no more than that. */
    int expire(int nowMillis, int budget, ExpiryPolicy policy) {
        int removed = 0;
        for (int i = 0; i < budget; i++) {
            int slot = recency.mostOverdue(nowMillis);
            if (slot == NONE) {
                break;
            }
            if (policy.mayExpire(slot)) {
                remove(slot);
                removed++;
            } else {
                recency.touch(slot, nowMillis);
            }
        }
        return removed;
    }

    int size() {
        return entries.size();
    }

    /** Length of a list. */
    int size(int list) {
        return recency.size(list);
    }

    int capacity() {
        return capacity;
    }

    /** All memory that the store has taken, in bytes. */
    long memoryBytes() {
        return entries.memoryBytes() + index.memoryBytes();
    }

    /**
     * Walks everything.
     *
     * @throws IllegalStateException that names the first broken fact
     */
    void checkConsistency() {
        Consistency.require(size() <= capacity, "%d entries, room for %d", size(), capacity);
        entries.checkConsistency();
        recency.checkConsistency();
        int cells = 0;
        for (long position = 0; position < index.size(); position++) {
            long cell = index.cell((int) position);
            if (cell != SlotIndex.EMPTY) {
                checkCell((int) position, SlotIndex.tag(cell), SlotIndex.slot(cell));
                cells++;
            }
        }
        Consistency.require(cells == size(), "%d cells in the index, %d entries", cells, size());
    }

    private void checkCell(int position, int tag, int slot) {
        Consistency.require(entries.isLive(slot), "cell %d leads to slot %d, which is free", position, slot);
        Consistency.require(entries.tag(slot) == tag, "cell %d and slot %d have different tags", position, slot);
        int hashed = tag(entries.sourceHigh(slot), entries.sourceLow(slot), entries.serviceAndPort(slot));
        Consistency.require(hashed == tag, "slot %d is not where its key belongs", slot);
        for (int before = index.home(tag); before != position; before = index.next(before)) {
            long cell = index.cell(before);
            Consistency.require(cell != SlotIndex.EMPTY, "cell %d is cut off by an empty one", position);
            Consistency.require(
                    SlotIndex.tag(cell) != tag || !sameKey(SlotIndex.slot(cell), slot),
                    "slots %d and %d have the same key",
                    SlotIndex.slot(cell),
                    slot);
        }
    }

    private boolean sameKey(int slot, int other) {
        return entries.matches(
                slot, entries.sourceHigh(other), entries.sourceLow(other), entries.serviceAndPort(other));
    }

    private int tag(long sourceHigh, long sourceLow, long serviceAndPort) {
        return hash.of(sourceHigh, sourceLow, serviceAndPort);
    }
}
