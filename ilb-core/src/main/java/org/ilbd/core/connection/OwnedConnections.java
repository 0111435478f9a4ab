package org.ilbd.core.connection;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.packet.FourTuple;

/**
 * LTOC: the associations that this ILB owns or backs up. For one thread; allocates nothing once it is built.
 *
 * <p>Rooms of fixed size, so that a SYN flood never costs an established connection: one for half-open connections, one
 * for established and closing ones together. When the second is full, the oldest closing connection gives way; an established one
 * never does. A third one is for clients, each with the server of its connections and named as a connection from port 0; when it is
 * full, the oldest gives way of which no connection was established, and the oldest of all if there is none.
 *
 * <p>A connection is named by its slot from {@link #insert} to its removal; after that the slot is another connection's. Time is
 * an int of milliseconds on any monotone scale; it may wrap, and differences alone count. An entry expires when its state's
 * timeout has passed since it was last seen, never earlier, and at most 1/64 of the timeout later.
 */
public final class OwnedConnections {

    /** No slot. */
    public static final int NONE = AssociationStore.NONE;

    /** The store's lists: one for each state. */
    private static final int HALF_OPEN = 0;

    private static final int ESTABLISHED = 1;
    private static final int CLOSING = 2;
    private static final int CLIENT_HALF_OPEN = 3;
    private static final int CLIENT = 4;

    private final AssociationStore store;
    private final Entries entries;
    private final int establishedCapacity;
    private final int halfOpenCapacity;
    private final int clientCapacity;
    private SlotVisitor evictionVisitor = slot -> {};
    private long evictions;

    /** A table without room for clients; see the other constructor. */
    public OwnedConnections(
            SegmentAllocator memory,
            int establishedCapacity,
            int halfOpenCapacity,
            int halfOpenTimeoutMillis,
            int establishedTimeoutMillis,
            int closingTimeoutMillis,
            long key0,
            long key1) {
        this(
                memory,
                establishedCapacity,
                halfOpenCapacity,
                0,
                halfOpenTimeoutMillis,
                establishedTimeoutMillis,
                closingTimeoutMillis,
                key0,
                key1);
    }

    /**
     * @param memory gives 64 bytes for each entry and 12 to 24 for its index, all at once, and must outlive the table
     * @param establishedCapacity room for established and closing connections, 1 or more
     * @param halfOpenCapacity room for half-open connections, 0 or more
     * @param clientCapacity room for clients, 0 or more; 2^30 at most with the others
     * @param halfOpenTimeoutMillis 1 .. 2^30 (12 days), as the other timeouts
     * @param key0 half of a secret and random key, so that no client can aim at one place of the index
     * @param key1 the other half
     * @throws IllegalArgumentException when a figure is out of its range
     */
    public OwnedConnections(
            SegmentAllocator memory,
            int establishedCapacity,
            int halfOpenCapacity,
            int clientCapacity,
            int halfOpenTimeoutMillis,
            int establishedTimeoutMillis,
            int closingTimeoutMillis,
            long key0,
            long key1) {
        long capacity = (long) establishedCapacity + halfOpenCapacity + clientCapacity;
        if (establishedCapacity < 1
                || halfOpenCapacity < 0
                || clientCapacity < 0
                || capacity > SlotIndex.MAXIMUM_CAPACITY) {
            throw new IllegalArgumentException("room for " + establishedCapacity + " established and "
                    + halfOpenCapacity + " half-open connections and " + clientCapacity + " clients, not 1 to "
                    + SlotIndex.MAXIMUM_CAPACITY + " together");
        }
        this.establishedCapacity = establishedCapacity;
        this.halfOpenCapacity = halfOpenCapacity;
        this.clientCapacity = clientCapacity;
        int[] timeoutsMillis = {
            halfOpenTimeoutMillis,
            establishedTimeoutMillis,
            closingTimeoutMillis,
            halfOpenTimeoutMillis,
            Recency.MAXIMUM_TIMEOUT_MILLIS
        };
        boolean[] evicted = {false, false, true, true, true};
        store = new AssociationStore(memory, (int) capacity, key0, key1, timeoutsMillis, evicted);
        entries = store.entries();
    }

    /** Changes how long a client stays after its last new connection, one of which was established: 1 .. 2^30. */
    public void setClientTimeoutMillis(int timeoutMillis) {
        store.setTimeoutMillis(CLIENT, timeoutMillis);
    }

    /** From now on this one sees each entry that has to give way, just before its removal. */
    public void onEviction(SlotVisitor visitor) {
        evictionVisitor = visitor;
    }

    /**
     * Finds a connection.
     *
     * @param service 0..65535; it stands for the destination, so the tuple's source alone counts
     * @return its slot, or NONE
     */
    public int find(int service, FourTuple tuple) {
        return store.find(service, tuple);
    }

    /** The tag of a connection in this table, by which {@link #fetch} looks for it. */
    public int tag(int service, FourTuple tuple) {
        return store.tag(service, tuple);
    }

    /**
     * Prepares to find several connections: memory answers for all of them in little more time than for one. Changes nothing.
     *
     * @param tags see {@link #tag}
     * @param candidates what to give to {@link #find(int, FourTuple, int, int)} with each tag
     * @param count how many of them, from the first
     */
    public void fetch(int[] tags, int[] candidates, int count) {
        store.fetch(tags, candidates, count);
    }

    /**
     * As {@link #find(int, FourTuple)}, after {@link #fetch}. The table may have changed since.
     *
     * @param tag the connection's
     * @param candidate what fetch gave for it, or NONE
     */
    public int find(int service, FourTuple tuple, int tag, int candidate) {
        return store.find(service, tuple, tag, candidate);
    }

    /**
     * Adds a connection that is not in the table yet. Its flags and stamp are 0, and so is its assigned owner.
     *
     * @param service 0..65535
     * @param server any number
     * @param createdMillis when the association was made, here or elsewhere
     * @return its slot, or NONE when its state's room is full
     */
    public int insert(
            int service, FourTuple tuple, int server, ConnectionState state, int createdMillis, int nowMillis) {
        int list = list(state);
        if (!makeRoom(list)) {
            return NONE;
        }
        int slot = store.insert(list, service, tuple, nowMillis);
        entries.setServer(slot, server);
        entries.setCreatedMillis(slot, createdMillis);
        return slot;
    }

    /** Notes that a connection was used: its timeout begins anew. */
    public void touch(int slot, int nowMillis) {
        store.touch(slot, nowMillis);
    }

    /**
     * Changes the state of a connection, and touches it.
     *
     * @return false when there is no room for it in that state, so that it stays in its own
     */
    public boolean transition(int slot, ConnectionState to, int nowMillis) {
        int from = entries.list(slot);
        int list = list(to);
        boolean otherRoom = (from == HALF_OPEN) != (list == HALF_OPEN);
        assert (from >= CLIENT_HALF_OPEN) == (list >= CLIENT_HALF_OPEN) : "a client is no connection";
        if (from == list || (otherRoom && !makeRoom(list))) {
            store.touch(slot, nowMillis);
            return from == list;
        }
        store.move(slot, list, nowMillis);
        return true;
    }

    /** Removes a connection; its slot is free from now on. */
    public void remove(int slot) {
        store.remove(slot);
    }

    private boolean makeRoom(int list) {
        if (list == HALF_OPEN) {
            return store.size(HALF_OPEN) < halfOpenCapacity;
        }
        boolean client = list >= CLIENT_HALF_OPEN;
        if (client ? clients() < clientCapacity : store.size(ESTABLISHED) + store.size(CLOSING) < establishedCapacity) {
            return true;
        }
        int oldest = store.oldest(client ? CLIENT_HALF_OPEN : CLOSING);
        if (client && oldest == NONE) {
            oldest = store.oldest(CLIENT);
        }
        if (oldest == NONE) {
            return false;
        }
        evictionVisitor.visit(oldest);
        store.remove(oldest);
        evictions++;
        return true;
    }

    /**
     * Removes expired connections, the most overdue first.
     *
     * @param budget how many at most; no more are looked at either
     * @param policy asked about each before its removal
     * @return how many were removed
     */
    public int expire(int nowMillis, int budget, ExpiryPolicy policy) {
        return store.expire(nowMillis, budget, policy);
    }

    /**
     * Walks the table in slices: a connection that is there from the first call to the last is seen once, whatever is inserted,
     * moved or removed in between.
     *
     * @param after a slot number, live or not; -1 begins
     * @return the next slot that is live, or NONE
     */
    public int nextSlot(int after) {
        return entries.nextSlot(after);
    }

    public ConnectionState state(int slot) {
        return switch (entries.list(slot)) {
            case HALF_OPEN -> ConnectionState.HALF_OPEN;
            case ESTABLISHED -> ConnectionState.ESTABLISHED;
            case CLOSING -> ConnectionState.CLOSING;
            case CLIENT_HALF_OPEN -> ConnectionState.CLIENT_HALF_OPEN;
            default -> ConnectionState.CLIENT;
        };
    }

    public int server(int slot) {
        return entries.server(slot);
    }

    public void setServer(int slot, int server) {
        entries.setServer(slot, server);
    }

    public int createdMillis(int slot) {
        return entries.createdMillis(slot);
    }

    public void setCreatedMillis(int slot, int createdMillis) {
        entries.setCreatedMillis(slot, createdMillis);
    }

    public int lastSeenMillis(int slot) {
        return entries.lastSeenMillis(slot);
    }

    /** One byte for the caller. */
    public byte flags(int slot) {
        return entries.flags(slot);
    }

    public void setFlags(int slot, byte flags) {
        entries.setFlags(slot, flags);
    }

    /** Four bytes for the caller. */
    public int stamp(int slot) {
        return entries.stamp(slot);
    }

    public void setStamp(int slot, int stamp) {
        entries.setStamp(slot, stamp);
    }

    /** The tag of the ILB that is to own the connection instead of its owner by score; 0 for none. */
    public int assignedOwner(int slot) {
        return entries.word(slot);
    }

    public void setAssignedOwner(int slot, int tag) {
        entries.setWord(slot, tag);
    }

    /** 0..65535. */
    public int service(int slot) {
        return entries.service(slot);
    }

    /** Whether the source is an IPv6 address. */
    public boolean ipv6(int slot) {
        return entries.ipv6(slot);
    }

    public long sourceHigh(int slot) {
        return entries.sourceHigh(slot);
    }

    public long sourceLow(int slot) {
        return entries.sourceLow(slot);
    }

    /** 0..65535. */
    public int sourcePort(int slot) {
        return entries.sourcePort(slot);
    }

    /** Entries in the table: connections and clients. */
    public int size() {
        return store.size();
    }

    /** Clients in the table. */
    public int clients() {
        return store.size(CLIENT_HALF_OPEN) + store.size(CLIENT);
    }

    public int size(ConnectionState state) {
        return store.size(list(state));
    }

    /** Room for established and closing connections. */
    public int establishedCapacity() {
        return establishedCapacity;
    }

    public int halfOpenCapacity() {
        return halfOpenCapacity;
    }

    public int clientCapacity() {
        return clientCapacity;
    }

    /** How many entries had to give way since the table was built. */
    public long evictions() {
        return evictions;
    }

    /** Memory of the table, all of it taken when it was built. */
    public long memoryBytes() {
        return store.memoryBytes();
    }

    /**
     * Walks the whole table; for tests.
     *
     * @throws IllegalStateException that names the first broken fact
     */
    public void checkConsistency() {
        Consistency.require(
                store.size(HALF_OPEN) <= halfOpenCapacity,
                "%d half-open connections, room for %d",
                store.size(HALF_OPEN),
                halfOpenCapacity);
        Consistency.require(
                store.size(ESTABLISHED) + store.size(CLOSING) <= establishedCapacity,
                "%d established and %d closing connections, room for %d",
                store.size(ESTABLISHED),
                store.size(CLOSING),
                establishedCapacity);
        Consistency.require(clients() <= clientCapacity, "%d clients, room for %d", clients(), clientCapacity);
        store.checkConsistency();
    }

    private static int list(ConnectionState state) {
        return switch (state) {
            case HALF_OPEN -> HALF_OPEN;
            case ESTABLISHED -> ESTABLISHED;
            case CLOSING -> CLOSING;
            case CLIENT_HALF_OPEN -> CLIENT_HALF_OPEN;
            case CLIENT -> CLIENT;
        };
    }
}
