package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/**
 * What this ILB knows of connections that others hold: the association cache. It may forget, it never lies.
 *
 * <p>A SYN that passes here begins a connection, of which others will know more. What is said of its 4-tuple a moment after may
 * concern the connection that had the port before: it counts only if it is about an association that is no older than the SYN.
 */
final class CachedAssociations {
    private static final int NONE = -1;

    /** Set in a cached server index once the connection closes: from then on the entry is good for a linger only. */
    private static final int CLOSING_BIT = 1 << 30;
    /** Set in a cached server index until the first packet after the SYN has passed here. */
    private static final int HALF_OPEN_BIT = 1 << 29;

    private static final int SERVER_MASK = HALF_OPEN_BIT - 1;

    /** Instead of a server index: a SYN has passed here, and nobody has said yet where it went. */
    private static final int UNKNOWN_SERVER = SERVER_MASK;

    /**
     * For so long after a SYN there may be announcements of the connection that had its port before: longer than what waits
     * for others of its kind, and is overtaken, is on its way.
     */
    static final int STALE_MILLIS = 20;

    private final AssociationCache cache;
    private final CacheFill fill;
    private final ServiceTable services;
    private final Announcer announcer;
    private final Clock clock;
    private final int refreshMillis;
    private final int repeatMillis;
    private final int lingerMillis;

    /** @param repeatMillis after the first packet until an announcement is due again, in case the first was lost */
    CachedAssociations(
            EngineConfig config,
            SegmentAllocator memory,
            ServiceTable services,
            Announcer announcer,
            Clock clock,
            int repeatMillis) {
        this.fill = config.cacheFill();
        this.cache = new AssociationCache(
                memory,
                fill == CacheFill.OFF ? 1 : config.cacheCapacity(),
                config.cacheTimeoutMillis(),
                config.tableKey1(),
                config.tableKey0());
        this.services = services;
        this.announcer = announcer;
        this.clock = clock;
        this.refreshMillis = config.establishedTimeoutMillis() / 4;
        this.repeatMillis = repeatMillis;
        this.lingerMillis = config.closingTimeoutMillis() / 2;
    }

    AssociationCache table() {
        return cache;
    }

    /** The entry of a connection, or {@link #NONE}. */
    int find(Service service, FourTuple tuple) {
        return cache.find(service.index(), tuple);
    }

    /** The server of a packet, that is no SYN, of such an entry, or null if it has none; the packet moves the state. */
    @Nullable
    Server serve(int slot, FourTuple tuple, boolean fin, boolean rst) {
        if (slot == NONE) {
            return null;
        }
        int value = cache.server(slot);
        int age = clock.millis() - cache.stamp(slot);
        boolean closing = (value & CLOSING_BIT) != 0;
        if ((value & SERVER_MASK) == UNKNOWN_SERVER) {
            return null;
        }
        if (closing && age >= lingerMillis) {
            cache.remove(slot);
            return null;
        }
        Server server = services.server(value & SERVER_MASK);
        cache.touch(slot, clock.millis());
        if (fin || rst) {
            if (!closing) {
                cache.setServer(slot, server.index() | CLOSING_BIT);
                cache.setStamp(slot, clock.millis());
                announcer.toAll(tuple, server, ConnectionState.CLOSING, rst, 0);
            }
        } else if (!closing && ((value & HALF_OPEN_BIT) != 0 || age >= refreshMillis)) {
            boolean first = (value & HALF_OPEN_BIT) != 0;
            cache.setServer(slot, server.index());
            cache.setStamp(slot, clock.millis() - (first ? refreshMillis - repeatMillis : 0));
            announcer.toHolders(tuple, server, ConnectionState.ESTABLISHED, false, 0);
        }
        return server;
    }

    /** The server of a connection, or null if nothing is known; changes nothing. */
    @Nullable
    Server peek(Service service, FourTuple tuple) {
        return server(cache.find(service.index(), tuple));
    }

    /** The server of such an entry, or null if it has none; changes nothing. */
    @Nullable
    Server server(int slot) {
        int server = slot == NONE ? UNKNOWN_SERVER : cache.server(slot) & SERVER_MASK;
        return server == UNKNOWN_SERVER ? null : services.server(server);
    }

    /** The server of a connection that is known as established, or null. */
    @Nullable
    Server established(Service service, FourTuple tuple) {
        int slot = cache.find(service.index(), tuple);
        boolean is = slot != NONE && (cache.server(slot) & (HALF_OPEN_BIT | CLOSING_BIT)) == 0;
        return is ? services.server(cache.server(slot)) : null;
    }

    /** Whether all that is known of a connection is that it was half-open, so that its packet is for a holder. */
    boolean isHalfOpen(int slot) {
        return slot != NONE && (cache.server(slot) & HALF_OPEN_BIT) != 0;
    }

    /** A packet of one that was half-open has gone to a holder, which knows better. */
    void voidHalfOpen(int slot) {
        cache.setServer(slot, UNKNOWN_SERVER | HALF_OPEN_BIT);
    }

    /** A SYN is on its way to its owner, the peer at that position: what is known of its 4-tuple is of another time. */
    void voidBySyn(int owner, Service service, FourTuple tuple) {
        put(owner, service, tuple, UNKNOWN_SERVER | HALF_OPEN_BIT, 0);
    }

    void remove(Service service, FourTuple tuple) {
        cache.remove(service.index(), tuple);
    }

    /**
     * Takes over what another ILB says of a connection.
     *
     * @param ageMillis of its association
     */
    void learn(int origin, Service service, FourTuple tuple, Server server, ConnectionState state, int ageMillis) {
        int slot = cache.find(service.index(), tuple);
        boolean halfOpen = slot != NONE && (cache.server(slot) & HALF_OPEN_BIT) != 0;
        int sinceSynMillis = halfOpen ? clock.millis() - cache.stamp(slot) : STALE_MILLIS;
        // Milliseconds are rounded at both ends.
        boolean mayBeStale =
                sinceSynMillis < STALE_MILLIS && (state == ConnectionState.CLOSING || ageMillis > sinceSynMillis + 1);
        if (mayBeStale) {
            return;
        }
        switch (state) {
            case CLOSING -> cache.remove(service.index(), tuple);
            case HALF_OPEN -> put(origin, service, tuple, server.index() | HALF_OPEN_BIT, ageMillis);
            case ESTABLISHED -> put(origin, service, tuple, server.index(), 0);
            case CLIENT_HALF_OPEN, CLIENT -> throw new IllegalArgumentException(tuple + " is no connection");
        }
    }

    private void put(int origin, Service service, FourTuple tuple, int value, int agoMillis) {
        if (fill != CacheFill.OFF) {
            int slot = cache.put(service.index(), tuple, value, origin, clock.millis());
            cache.setStamp(slot, clock.millis() - agoMillis);
        }
    }

    /** What was cached from that peer is void: some of its broadcasts did not arrive. */
    void voidOrigin(int origin) {
        cache.voidOrigin(origin);
    }

    /** All that is cached is void: this ILB was away. */
    void voidAll() {
        cache.voidAll();
    }

    /** Removes what has expired, at most {@code budget} entries. */
    void expire(int budget) {
        cache.expire(clock.millis(), budget);
    }
}
