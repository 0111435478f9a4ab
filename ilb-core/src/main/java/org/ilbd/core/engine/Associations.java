package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.ExpiryPolicy;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.connection.SlotVisitor;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.scheduler.Scheduler;
import org.ilbd.core.scheduler.SelectionHash;
import org.jspecify.annotations.Nullable;

/**
 * What this ILB knows of connections: the LTOC and the association cache. Every change of an association happens here, at
 * the few methods at its end, and is announced to the ILBs that need to know.
 *
 * <h2>State</h2>
 * The ILBs see the client's half of a connection. A SYN makes it half-open, any later packet established, a FIN or a RST
 * closing. A closing association goes on serving: a half-closed connection may live for long. After a RST it becomes
 * established again with the next packet that is none, because a RST may be a stranger's.
 *
 * <h2>Liveness</h2>
 * A connection may be served from a cache for hours, so that its owner sees none of its packets. Whoever serves one whose
 * last announcement is older than a quarter of the established timeout announces it again, which keeps it alive at the
 * owner, at the backup and in the caches.
 */
final class Associations {
    /** No slot: nothing is known of the connection. */
    static final int NONE = -1;

    private static final int OWNED = 1;
    private static final int RESET = 2;
    private static final int KEPT = 4;
    /** How often the others were asked whether a half-open association is established: two bits. */
    private static final int ASKED = 8;

    private static final int ASKED_MASK = 3 * ASKED;

    /** The other holder has not said yet that it knows the connection as established. */
    private static final int UNCONFIRMED = 32;

    /** A newcomer could not be told of the last change, for its stream was full. */
    private static final int MISSED = 64;

    /**
     * How long after the first packet a connection is announced once more by its next one, in case the first word was lost:
     * longer than the records of two packets may wait for one datagram, and no longer than from a handshake to a request.
     */
    private static final int REPEAT_MILLIS = 10;

    /**
     * By how much an association counts as older than the one that it replaces on purpose: more than the two ages that owner
     * and backup know of that one may differ by, for a record's way from one to the other.
     */
    private static final int REPLACEMENT_MILLIS = 1_000;

    /** Set in a cached server index once the connection closes: from then on the entry is good for a linger only. */
    private static final int CLOSING_BIT = 1 << 30;
    /** Set in a cached server index until the first packet after the SYN has passed here. */
    private static final int HALF_OPEN_BIT = 1 << 29;

    private static final int SERVER_MASK = HALF_OPEN_BIT - 1;

    private final OwnedConnections table;
    private final AssociationCache cache;
    private final CacheFill cacheFill;
    private final ServiceTable services;
    private final Ranking ranking;
    private final Announcer announcer;
    private final Transfers transfers;
    private final Clock clock;
    private final Counters counters;
    private final int refreshMillis;
    private final int repeatMillis;
    private final int lingerMillis;
    private final int closingRefreshMillis;
    private final SlotVisitor beforeRemoval = this::dropped;
    private final ExpiryPolicy onExpiry = this::mayExpire;
    private final FourTuple expiring = new FourTuple();

    private int owned;
    private boolean trusted;
    private boolean swept = true;

    Associations(
            EngineConfig config,
            SegmentAllocator memory,
            ServiceTable services,
            Ranking ranking,
            Announcer announcer,
            Transfers transfers,
            Clock clock,
            Counters counters) {
        this.table = new OwnedConnections(
                memory,
                config.established(),
                config.halfOpen(),
                config.halfOpenTimeoutMillis(),
                config.establishedTimeoutMillis(),
                config.closingTimeoutMillis(),
                config.tableKey0(),
                config.tableKey1());
        this.table.onEviction(beforeRemoval);
        this.cache = new AssociationCache(
                memory,
                config.cacheFill() == CacheFill.OFF ? 1 : config.cacheCapacity(),
                config.cacheTimeoutMillis(),
                config.tableKey1(),
                config.tableKey0());
        this.cacheFill = config.cacheFill();
        this.services = services;
        this.ranking = ranking;
        this.announcer = announcer;
        this.transfers = transfers;
        this.clock = clock;
        this.counters = counters;
        this.refreshMillis = config.establishedTimeoutMillis() / 4;
        this.repeatMillis = Math.min(REPEAT_MILLIS, refreshMillis);
        this.lingerMillis = config.closingTimeoutMillis() / 2;
        this.closingRefreshMillis = config.closingTimeoutMillis() / 4;
    }

    OwnedConnections table() {
        return table;
    }

    AssociationCache cache() {
        return cache;
    }

    /** Associations in the LTOC that this ILB owns; it backs up the others. */
    int owned() {
        return owned;
    }

    /** The server of a connection's packet that is no SYN, or null if nothing is known; the packet moves the state. */
    @Nullable
    Server serve(Service service, FourTuple tuple, boolean fin, boolean rst) {
        int slot = table.find(service.index(), tuple);
        if (slot != NONE) {
            counters.add(Counter.SERVED_OWNED);
            return serveOwned(slot, tuple, fin, rst);
        }
        slot = cache.find(service.index(), tuple);
        if (slot != NONE) {
            Server server = serveCached(slot, tuple, fin, rst);
            if (server != null) {
                counters.add(Counter.SERVED_CACHED);
                return server;
            }
        }
        counters.add(Counter.CACHE_MISSES);
        return null;
    }

    /** The server of a connection, or null if nothing is known; changes nothing. For ICMP errors. */
    @Nullable
    Server peek(Service service, FourTuple tuple) {
        int slot = table.find(service.index(), tuple);
        if (slot != NONE) {
            return services.server(table.server(slot));
        }
        slot = cache.find(service.index(), tuple);
        return slot == NONE ? null : services.server(cache.server(slot) & SERVER_MASK);
    }

    private Server serveOwned(int slot, FourTuple tuple, boolean fin, boolean rst) {
        Server server = services.server(table.server(slot));
        ConnectionState state = table.state(slot);
        boolean wasReset = (table.flags(slot) & RESET) != 0;
        if (rst && !wasReset) {
            end(slot, tuple, server, true);
        } else if (fin && (state != ConnectionState.CLOSING || wasReset)) {
            end(slot, tuple, server, false);
        } else if (!rst && !fin && (state == ConnectionState.HALF_OPEN || wasReset)) {
            if (transition(slot, tuple, ConnectionState.ESTABLISHED, false)) {
                refresh(slot, tuple, server, ConnectionState.ESTABLISHED);
                table.setStamp(slot, clock.millis() - (refreshMillis - repeatMillis));
            }
        } else {
            table.touch(slot, clock.millis());
            int every = state == ConnectionState.CLOSING ? closingRefreshMillis : refreshMillis;
            if (clock.millis() - table.stamp(slot) >= every) {
                refresh(slot, tuple, server, state);
            }
        }
        return server;
    }

    private void end(int slot, FourTuple tuple, Server server, boolean reset) {
        transition(slot, tuple, ConnectionState.CLOSING, reset);
        announcer.toAll(tuple, server, ConnectionState.CLOSING, reset, ageMillis(slot));
    }

    private void refresh(int slot, FourTuple tuple, Server server, ConnectionState state) {
        table.setStamp(slot, clock.millis());
        announcer.toHolders(tuple, server, state, false, ageMillis(slot));
    }

    private @Nullable Server serveCached(int slot, FourTuple tuple, boolean fin, boolean rst) {
        int value = cache.server(slot);
        int age = clock.millis() - cache.stamp(slot);
        boolean closing = (value & CLOSING_BIT) != 0;
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

    /**
     * The association for a SYN at its owner: the live one of the same 4-tuple, since the SYN may be a retransmission, or
     * may ask for a challenge ACK, or a new one to a server that the scheduler selects.
     *
     * @return the slot; {@link #NONE} if there is no server or no room
     */
    int associate(Service service, FourTuple tuple) {
        int createdMillis = clock.millis();
        int slot = table.find(service.index(), tuple);
        if (slot != NONE) {
            Server server = services.server(table.server(slot));
            ConnectionState state = table.state(slot);
            // Whoever opens a connection anew after its server went down did not tell us that the old one had ended.
            if (state == ConnectionState.CLOSING ? server.available() : server.up()) {
                if (state == ConnectionState.CLOSING) {
                    transition(slot, tuple, ConnectionState.HALF_OPEN, false);
                }
                table.touch(slot, clock.millis());
                return slot;
            }
            // The backup may have the old association still. To it, and to all others, this one is the older.
            createdMillis = table.createdMillis(slot) - REPLACEMENT_MILLIS;
            remove(slot);
        }
        int selected = service.select(SelectionHash.of(tuple));
        if (selected == Scheduler.NONE) {
            return NONE;
        }
        slot = insert(service, tuple, services.server(selected), ConnectionState.HALF_OPEN, createdMillis);
        if (slot != NONE) {
            service.countNew();
            counters.add(Counter.NEW_CONNECTIONS);
            announcer.toAll(tuple, services.server(selected), ConnectionState.HALF_OPEN, false, ageMillis(slot));
        }
        return slot;
    }

    Server server(int slot) {
        return services.server(table.server(slot));
    }

    ConnectionState state(int slot) {
        return table.state(slot);
    }

    int ageMillis(int slot) {
        return clock.millis() - table.createdMillis(slot);
    }

    /**
     * The slot of a connection that is half-open here, or is not known to be established at the ILB that holds it besides; or
     * {@link #NONE}.
     */
    int unconfirmed(Service service, FourTuple tuple) {
        int slot = table.find(service.index(), tuple);
        boolean is = slot != NONE
                && (table.state(slot) == ConnectionState.HALF_OPEN || (table.flags(slot) & UNCONFIRMED) != 0);
        return is ? slot : NONE;
    }

    /** A connection is established, which the other ILB that holds it is being told with the packet that says so. */
    void establish(int slot, FourTuple tuple) {
        if (table.state(slot) != ConnectionState.HALF_OPEN) {
            table.touch(slot, clock.millis());
        } else if (transition(slot, tuple, ConnectionState.ESTABLISHED, false)) {
            table.setFlags(slot, (byte) (table.flags(slot) | UNCONFIRMED));
        }
    }

    /** Whether all that this ILB knows of a connection is that it was half-open. */
    boolean isHalfOpenInCache(Service service, FourTuple tuple) {
        int slot = cache.find(service.index(), tuple);
        return slot != NONE && (cache.server(slot) & HALF_OPEN_BIT) != 0;
    }

    /** Tells the other holder of a connection that it is established here too, and so the ILB that its packets come to. */
    void confirm(Peer holder, @Nullable Peer first, FourTuple tuple, Server server) {
        int slot = table.find(server.service().index(), tuple);
        int age = slot == NONE ? 0 : ageMillis(slot);
        announcer.toPeer(holder.position(), tuple, server, ConnectionState.ESTABLISHED, false, age);
        if (first != null && first != holder && cacheFill != CacheFill.OFF) {
            announcer.toPeer(first.position(), tuple, server, ConnectionState.ESTABLISHED, false, age);
        }
    }

    /** A SYN says that what a cache knows of its 4-tuple may be of another time. */
    void voidCached(Service service, FourTuple tuple) {
        cache.remove(service.index(), tuple);
    }

    /**
     * Takes over what another ILB says of a connection. Of two servers for the same connection the older association wins,
     * unless it is closing; if that is ours, the other is told.
     *
     * @param origin the position of the peer that says it
     * @return the server that holds the connection by all that is known now
     */
    Server learn(
            int origin,
            Service service,
            FourTuple tuple,
            Server server,
            ConnectionState state,
            boolean reset,
            int ageMillis,
            ToldBy toldBy) {
        counters.add(Counter.ASSOCIATIONS_RECEIVED);
        int slot = table.find(service.index(), tuple);
        if (slot != NONE) {
            return merge(slot, origin, tuple, server, state, reset, ageMillis, toldBy);
        }
        if (toldBy != ToldBy.ANNOUNCEMENT || ranking.selfHolds(tuple)) {
            cache.remove(service.index(), tuple);
            // One that is half-closed may live for long yet; that the end of one is announced means nothing to us.
            if (state != ConnectionState.CLOSING || toldBy == ToldBy.TRANSFER) {
                slot = insert(service, tuple, server, state, clock.millis() - ageMillis);
                if (slot == NONE) {
                    counters.add(Counter.TABLE_FULL);
                } else {
                    table.setFlags(slot, (byte) (table.flags(slot) | (reset ? RESET : 0)));
                    setKept(slot, toldBy != ToldBy.ANNOUNCEMENT);
                }
            }
        } else if (state == ConnectionState.CLOSING) {
            cache.remove(service.index(), tuple);
        } else if (cacheFill != CacheFill.OFF) {
            putInCache(
                    service, tuple, server.index() | (state == ConnectionState.HALF_OPEN ? HALF_OPEN_BIT : 0), origin);
        }
        return server;
    }

    private Server merge(
            int slot,
            int origin,
            FourTuple tuple,
            Server server,
            ConnectionState state,
            boolean reset,
            int ageMillis,
            ToldBy toldBy) {
        Server ours = services.server(table.server(slot));
        ConnectionState ourState = table.state(slot);
        if (ours != server && (state != ConnectionState.CLOSING || !trusted)) {
            counters.add(Counter.ASSOCIATION_CONFLICTS);
            int age = ageMillis(slot);
            if (trusted && ourState != ConnectionState.CLOSING && age >= ageMillis && ours.up()) {
                announcer.toPeer(origin, tuple, ours, ourState, false, age);
                return ours;
            }
            Service service = server.service();
            remove(slot);
            int replaced = insert(service, tuple, server, state, clock.millis() - ageMillis);
            if (replaced == NONE) {
                counters.add(Counter.TABLE_FULL);
            } else {
                table.setFlags(replaced, (byte) (table.flags(replaced) | (reset ? RESET : 0)));
                if ((table.flags(replaced) & OWNED) != 0) {
                    // What this ILB has told the others is wrong.
                    announcer.toAll(tuple, server, state, reset, ageMillis);
                }
            }
            return server;
        }
        if (state == ConnectionState.CLOSING
                && reset
                && ourState == ConnectionState.HALF_OPEN
                && (table.flags(slot) & ASKED_MASK) != 0) {
            // The other one that holds it does not know that anything came of it either.
            remove(slot);
            return ours;
        }
        boolean wasReset = (table.flags(slot) & RESET) != 0;
        switch (state) {
            case HALF_OPEN -> {
                if (ourState == ConnectionState.CLOSING) {
                    transition(slot, tuple, ConnectionState.HALF_OPEN, false);
                }
            }
            case ESTABLISHED -> {
                table.setFlags(slot, (byte) (table.flags(slot) & ~UNCONFIRMED));
                // On the stream of its changes, the port was used again since it closed, and of that SYN nothing came
                // here.
                if (ourState == ConnectionState.HALF_OPEN || wasReset || toldBy != ToldBy.ANNOUNCEMENT) {
                    transition(slot, tuple, ConnectionState.ESTABLISHED, false);
                }
            }
            case CLOSING -> {
                if (ours == server && ourState != ConnectionState.CLOSING) {
                    transition(slot, tuple, ConnectionState.CLOSING, reset);
                }
            }
        }
        table.touch(slot, clock.millis());
        return ours;
    }

    /** What was cached from that peer is void: some of its broadcasts did not arrive. */
    void voidOrigin(int origin) {
        cache.voidOrigin(origin);
    }

    /** All that is cached is void: this ILB was away. */
    void voidCache() {
        cache.voidAll();
    }

    /** Removes what has expired, at most {@code budget} entries of each table. */
    void expire(int budget) {
        counters.add(Counter.EXPIRED, table.expire(clock.millis(), budget, onExpiry));
        cache.expire(clock.millis(), budget);
    }

    /** Whether a RST began the closing. */
    boolean isReset(int slot) {
        return (table.flags(slot) & RESET) != 0;
    }

    /** Sets whether this ILB owns an association, which counts at its server then, or only backs it up. */
    void setOwned(int slot, boolean isOwned) {
        int flags = table.flags(slot);
        if (isOwned == ((flags & OWNED) != 0)) {
            return;
        }
        table.setFlags(slot, (byte) (flags ^ OWNED));
        int difference = isOwned ? 1 : -1;
        owned += difference;
        if (table.state(slot) != ConnectionState.CLOSING) {
            server(slot).addConnections(difference);
        }
    }

    /**
     * Sets whether an association stays although this ILB would not hold it by the view that it knows: who sent it may know a
     * newer one. It is decided anew with the next view.
     */
    void setKept(int slot, boolean isKept) {
        int flags = table.flags(slot);
        table.setFlags(slot, (byte) (isKept ? flags | KEPT : flags & ~KEPT));
    }

    /** Sets whether a newcomer has missed a change of an association. */
    void setMissed(int slot, boolean isMissed) {
        int flags = table.flags(slot);
        table.setFlags(slot, (byte) (isMissed ? flags | MISSED : flags & ~MISSED));
    }

    boolean isMissed(int slot) {
        return (table.flags(slot) & MISSED) != 0;
    }

    boolean isKept(int slot) {
        return (table.flags(slot) & KEPT) != 0;
    }

    /**
     * Moves an association that two others hold now to the cache.
     *
     * @param forget not even to the cache: what this ILB knows of it may be of the past
     */
    void letGo(int slot, FourTuple tuple, boolean forget) {
        Service service = services.service(table.service(slot));
        Server server = server(slot);
        boolean live = table.state(slot) == ConnectionState.ESTABLISHED;
        remove(slot);
        int owner = ranking.rank(tuple).owner();
        if (live && !forget && owner >= 0 && cacheFill != CacheFill.OFF) {
            putInCache(service, tuple, server.index(), owner);
        }
    }

    /**
     * This ILB was away: what it holds may be of the past, until it has been handed what the others hold. Until then it
     * serves by it only what nobody else knows, and believes the others.
     */
    void distrust() {
        trusted = false;
    }

    /** All has been handed over. */
    void trust() {
        trusted = true;
    }

    /** Sets whether there may be associations here that others hold now: from a change of the view to the end of a sweep. */
    void setSwept(boolean isSwept) {
        swept = isSwept;
    }

    /** Whether this ILB may serve a connection by what it has; if not, others know better. */
    boolean mayServe(FourTuple tuple) {
        return trusted && (swept || ranking.selfHolds(tuple));
    }

    /** Whether what is held here is as good as what others hold. */
    boolean isTrusted() {
        return trusted;
    }

    private void putInCache(Service service, FourTuple tuple, int value, int origin) {
        int slot = cache.put(service.index(), tuple, value, origin, clock.millis());
        cache.setStamp(slot, clock.millis());
    }

    private int insert(Service service, FourTuple tuple, Server server, ConnectionState state, int createdMillis) {
        int slot = table.insert(service.index(), tuple, server.index(), state, createdMillis, clock.millis());
        if (slot != NONE) {
            table.setFlags(slot, (byte) 0);
            table.setStamp(slot, clock.millis());
            setOwned(slot, ranking.rank(tuple).selfOwns());
            tellJoiners(slot, tuple);
        }
        return slot;
    }

    private void tellJoiners(int slot, FourTuple tuple) {
        if ((table.flags(slot) & OWNED) != 0) {
            boolean told = transfers.changed(tuple, server(slot), table.state(slot), isReset(slot), ageMillis(slot));
            setMissed(slot, !told);
        }
    }

    /** Moves an association to another state and sets whether a RST did it; counts it as live or not at its server. */
    private boolean transition(int slot, FourTuple tuple, ConnectionState to, boolean reset) {
        boolean wasLive = table.state(slot) != ConnectionState.CLOSING;
        if (!table.transition(slot, to, clock.millis())) {
            return false;
        }
        int ownedFlag = table.flags(slot) & OWNED;
        table.setFlags(slot, (byte) ((table.flags(slot) & (OWNED | KEPT | MISSED)) | (reset ? RESET : 0)));
        boolean isLive = to != ConnectionState.CLOSING;
        if (ownedFlag != 0 && wasLive != isLive) {
            server(slot).addConnections(isLive ? 1 : -1);
        }
        tellJoiners(slot, tuple);
        return true;
    }

    private void remove(int slot) {
        setOwned(slot, false);
        table.remove(slot);
    }

    /**
     * Whether an association may go, whose time is over. For one that is half-open the others are asked first: the word that it
     * is established may have been lost, or came to one of its two holders only. Without an answer it is asked again, for
     * question and answer may be lost as well.
     */
    private boolean mayExpire(int slot) {
        int flags = table.flags(slot);
        if (table.state(slot) == ConnectionState.HALF_OPEN && (flags & ASKED_MASK) != ASKED_MASK) {
            services.service(table.service(slot)).readTuple(table, slot, expiring);
            if (announcer.ask(expiring, server(slot), ageMillis(slot))) {
                table.setFlags(slot, (byte) (flags + ASKED));
                return false;
            }
        }
        dropped(slot);
        return true;
    }

    /**
     * What another ILB is unsure of: tells it, if this one knows better. Who is to hold the connection and knows nothing of it
     * says that it is none.
     */
    void answer(int origin, Service service, FourTuple tuple, Server asked) {
        int slot = table.find(service.index(), tuple);
        if (slot != NONE && table.state(slot) != ConnectionState.HALF_OPEN) {
            announcer.toPeer(origin, tuple, server(slot), table.state(slot), isReset(slot), ageMillis(slot));
        } else if (ranking.selfHolds(tuple)) {
            announcer.toPeer(origin, tuple, asked, ConnectionState.CLOSING, true, 0);
        } else {
            slot = cache.find(service.index(), tuple);
            if (slot != NONE && (cache.server(slot) & (HALF_OPEN_BIT | CLOSING_BIT)) == 0) {
                Server server = services.server(cache.server(slot) & SERVER_MASK);
                announcer.toPeer(origin, tuple, server, ConnectionState.ESTABLISHED, false, 0);
            }
        }
    }

    /** Before an entry is removed: expired, or closing and giving way. */
    private void dropped(int slot) {
        setOwned(slot, false);
    }
}
