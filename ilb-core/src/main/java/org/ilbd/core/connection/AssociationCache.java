package org.ilbd.core.connection;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.packet.FourTuple;

/**
 * The associations that this ILB neither owns nor backs up, but heard of from their owners; the least recently used gives way.
 * For one thread; allocates nothing once it is built.
 *
 * <p>Each association remembers its origin, the ILB that told it. When messages of an origin may have been missed, all that it
 * told is void at once: its generation moves on, and what is of an older one is freed when it is next looked for, or grows old and
 * is evicted or expires. Until then it counts in {@link #size()}.
 *
 * <p>Slots and time are as in {@link OwnedConnections}; eviction is in the order of use to 1 s.
 */
public final class AssociationCache {

    /** No slot. */
    public static final int NONE = AssociationStore.NONE;

    private static final int ALL = 0;
    private static final int ORIGINS = 256;
    private static final ExpiryPolicy ALWAYS = slot -> true;

    private final AssociationStore store;
    private final Entries entries;

    /** How often each origin, and how often all at once were void; an entry's generation is the sum, which only grows. */
    private final int[] generations = new int[ORIGINS];

    private int generationOfAll;
    private long evictions;

    /**
     * @param memory gives 64 bytes for each entry and 12 to 24 for its index, all at once, and must outlive the table
     * @param capacity associations, 1 .. 2^30
     * @param timeoutMillis from the last use of an association to its removal, 1 .. 2^30 (12 days)
     * @param key0 half of a secret and random key, so that no client can aim at one place of the index
     * @param key1 the other half
     * @throws IllegalArgumentException when a figure is out of its range
     */
    public AssociationCache(SegmentAllocator memory, int capacity, int timeoutMillis, long key0, long key1) {
        store = new AssociationStore(memory, capacity, key0, key1, new int[] {timeoutMillis}, new boolean[] {true});
        entries = store.entries();
    }

    /**
     * Finds an association that is not void; frees one that is.
     *
     * @param service 0..65535; it stands for the destination, so the tuple's source alone counts
     * @return its slot, or NONE
     */
    public int find(int service, FourTuple tuple) {
        int slot = store.find(service, tuple);
        if (slot == NONE) {
            return NONE;
        }
        if (entries.word(slot) != generation(origin(slot))) {
            store.remove(slot);
            return NONE;
        }
        return slot;
    }

    /**
     * Adds an association, or changes the server and the origin of the one that is there; evicts the least recently used when
     * the cache is full. The stamp of a new one is 0.
     *
     * @param service 0..65535
     * @param server any number
     * @param origin 0..255: which ILB told it
     * @return its slot
     */
    public int put(int service, FourTuple tuple, int server, int origin, int nowMillis) {
        int slot = find(service, tuple);
        if (slot == NONE) {
            if (store.size() == store.capacity()) {
                store.remove(store.oldest(ALL));
                evictions++;
            }
            slot = store.insert(ALL, service, tuple, nowMillis);
        } else {
            store.touch(slot, nowMillis);
        }
        entries.setServer(slot, server);
        entries.setOrigin(slot, (byte) origin);
        entries.setWord(slot, generation(origin));
        return slot;
    }

    /** Notes that an association was used: its timeout begins anew. */
    public void touch(int slot, int nowMillis) {
        store.touch(slot, nowMillis);
    }

    /** Removes an association if it is there. */
    public void remove(int service, FourTuple tuple) {
        int slot = store.find(service, tuple);
        if (slot != NONE) {
            store.remove(slot);
        }
    }

    /** Removes an association; its slot is free from now on. */
    public void remove(int slot) {
        store.remove(slot);
    }

    /** Makes all associations void that an origin, 0..255, has told so far. */
    public void voidOrigin(int origin) {
        generations[origin]++;
    }

    /** Makes all associations void. */
    public void voidAll() {
        generationOfAll++;
    }

    /** Removes at most {@code budget} expired associations, the least recently used first; returns how many. */
    public int expire(int nowMillis, int budget) {
        return store.expire(nowMillis, budget, ALWAYS);
    }

    public int server(int slot) {
        return entries.server(slot);
    }

    public void setServer(int slot, int server) {
        entries.setServer(slot, server);
    }

    /** Which ILB told it, 0..255. */
    public int origin(int slot) {
        return Byte.toUnsignedInt(entries.origin(slot));
    }

    /** Four bytes for the caller. */
    public int stamp(int slot) {
        return entries.stamp(slot);
    }

    public void setStamp(int slot, int stamp) {
        entries.setStamp(slot, stamp);
    }

    /** Associations in the cache, void ones included. */
    public int size() {
        return store.size();
    }

    public int capacity() {
        return store.capacity();
    }

    /** How many associations had to give way to others since the cache was built. */
    public long evictions() {
        return evictions;
    }

    /** Memory of the cache, all of it taken when it was built. */
    public long memoryBytes() {
        return store.memoryBytes();
    }

    /**
     * Walks the whole cache; for tests.
     *
     * @throws IllegalStateException that names the first broken fact
     */
    public void checkConsistency() {
        store.checkConsistency();
    }

    private int generation(int origin) {
        return generations[origin] + generationOfAll;
    }
}
