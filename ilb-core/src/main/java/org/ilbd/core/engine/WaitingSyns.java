package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.VirtioNetHeader;

/** The SYNs whose owner has asked a master for a server: a fixed number of places off the heap, 320 bytes each. */
final class WaitingSyns {
    static final int NONE = AssociationCache.NONE;

    /** While a master is silent for 50 ms, 20,000 new connections a second fit in: more than one engine takes in. */
    static final int ROOM = 1_024;

    /** A SYN without data: 120 bytes at most in IPv4, and in IPv6 as long as its extension headers are few. */
    static final int MAX_PACKET_BYTES = 256;

    /** For what the router writes in front of a packet. */
    private static final int FRONT_BYTES = Engine.HEADROOM_BYTES;

    private static final int PLACE_BYTES = FRONT_BYTES + MAX_PACKET_BYTES;
    /** They leave when the time of the one that asked is over, whatever the index thinks. */
    private static final int NEVER_MILLIS = 1 << 30;

    private final MemorySegment packets;
    private final AssociationCache index;
    private final int[] free = new int[ROOM];
    private final boolean[] taken = new boolean[ROOM];
    private final int[] lengths = new int[ROOM];
    private final int[] visits = new int[ROOM];
    private final int[] firstVisited = new int[ROOM];
    private final int[] services = new int[ROOM];
    private final long[] sinceNanos = new long[ROOM];
    private final FourTuple[] tuples = new FourTuple[ROOM];
    private int freeCount = ROOM;

    WaitingSyns(SegmentAllocator memory, long key0, long key1) {
        packets = memory.allocate((long) ROOM * PLACE_BYTES, 64);
        index = new AssociationCache(memory, ROOM, NEVER_MILLIS, key0, key1);
        for (int i = 0; i < ROOM; i++) {
            free[i] = i;
            tuples[i] = new FourTuple();
        }
    }

    /** The place of a connection's SYN, or {@link #NONE}. */
    int find(Service service, FourTuple tuple) {
        int slot = index.find(service.index(), tuple);
        return slot == AssociationCache.NONE ? NONE : index.server(slot);
    }

    boolean hasRoom() {
        return freeCount > 0;
    }

    /** Keeps a copy of a SYN of {@link #MAX_PACKET_BYTES} at most, for which there is room, and which does not wait yet. */
    void put(Service service, Packet packet, int visitsBefore, int firstVisitedTag, long nowNanos) {
        int place = free[--freeCount];
        long virtio = VirtioNetHeader.LENGTH_BYTES;
        MemorySegment.copy(
                packet.segment(), packet.offset() - virtio, packets, offset(place) - virtio, virtio + packet.length());
        taken[place] = true;
        lengths[place] = packet.length();
        visits[place] = visitsBefore;
        firstVisited[place] = firstVisitedTag;
        services[place] = service.index();
        sinceNanos[place] = nowNanos;
        tuples[place].copyFrom(packet.tuple());
        index.put(service.index(), packet.tuple(), place, 0, 0);
    }

    /** Ends the waiting of one. */
    void remove(int place) {
        taken[place] = false;
        index.remove(services[place], tuples[place]);
        free[freeCount++] = place;
    }

    boolean isEmpty() {
        return freeCount == ROOM;
    }

    /** Whether one waits at a place, 0 to {@link #ROOM} - 1. */
    boolean isTaken(int place) {
        return taken[place];
    }

    MemorySegment packets() {
        return packets;
    }

    /** Where its packet is. */
    long offset(int place) {
        return (long) place * PLACE_BYTES + FRONT_BYTES;
    }

    int length(int place) {
        return lengths[place];
    }

    /** ILBs that it has visited before this one. */
    int visits(int place) {
        return visits[place];
    }

    /** The tag of the first of these. */
    int firstVisited(int place) {
        return firstVisited[place];
    }

    /** The index of its service. */
    int service(int place) {
        return services[place];
    }

    long sinceNanos(int place) {
        return sinceNanos[place];
    }
}
