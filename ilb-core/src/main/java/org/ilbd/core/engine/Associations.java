package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.ExpiryPolicy;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/**
 * What this ILB knows of connections, and how packets and time change it: what it holds itself, and what it has
 * cached of others. A change is announced to the ILBs that need to know; {@link ToldAssociations} takes in what they announce.
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
    /** No slot: this ILB does not hold the connection. */
    static final int NONE = HeldAssociations.NONE;

    /** No slot yet: somebody who may hold the connection has to learn first that it has another server now. */
    static final int NOT_YET = -2;

    /** No slot: no server is available. */
    static final int NO_SERVER = -3;

    /** No slot: those that are available have as many connections as they may. */
    static final int SERVERS_FULL = -4;

    /** No slot yet: the service's master is to select the server. */
    static final int ASKED = -5;

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

    /** Half of the time after which a client sends its SYN again first (RFC 6298, 2.1); one that comes sooner is a duplicate. */
    private static final int MIN_RETRANSMISSION_MILLIS = 500;

    /** Between the times at which a client sends its SYN the second and the third time: 1 s and 3 s (RFC 6298, 2.1 and 5.5). */
    private static final int GIVEN_UP_MILLIS = 2_500;

    /**
     * With {@code nat}, how long a server may send its answers to an ILB that has died: until its gateway is another one, which takes
     * VRRP less than four seconds by default (RFC 9568, 6.1).
     */
    private static final long WAY_BACK_NANOS = 5_000_000_000L;

    private final HeldAssociations held;
    private final ClientServers clients;
    private final CachedAssociations cached;
    private final CacheFill cacheFill;
    private final ServiceTable services;
    private final Selections selections;
    private final Ranking ranking;
    private final PeerLink link;
    private final Announcer announcer;
    private final Transfers transfers;
    private final Clock clock;
    private final Counters counters;
    private final int refreshMillis;
    private final int repeatMillis;
    private final int closingRefreshMillis;
    private final ExpiryPolicy onExpiry = this::mayExpire;
    private final FourTuple expiring = new FourTuple();

    private boolean trusted;
    private boolean swept = true;

    Associations(
            EngineConfig config,
            SegmentAllocator memory,
            ServiceTable services,
            Selections selections,
            Ranking ranking,
            PeerLink link,
            Announcer announcer,
            Transfers transfers,
            Clock clock,
            Counters counters) {
        this.refreshMillis = config.establishedTimeoutMillis() / 4;
        this.repeatMillis = Math.min(REPEAT_MILLIS, refreshMillis);
        this.closingRefreshMillis = config.closingTimeoutMillis() / 4;
        this.held = new HeldAssociations(config, memory, services, ranking, transfers, clock);
        this.clients = new ClientServers(held);
        this.cached = new CachedAssociations(config, memory, services, announcer, clock, repeatMillis);
        this.cacheFill = config.cacheFill();
        this.services = services;
        this.selections = selections;
        this.ranking = ranking;
        this.link = link;
        this.announcer = announcer;
        this.transfers = transfers;
        this.clock = clock;
        this.counters = counters;
    }

    /** What this ILB holds itself. */
    HeldAssociations held() {
        return held;
    }

    /** What this ILB knows of connections that others hold. */
    CachedAssociations cached() {
        return cached;
    }

    /** What this ILB holds of clients. */
    ClientServers clients() {
        return clients;
    }

    /** The server of a connection, or null if nothing is known; changes nothing. For ICMP errors. */
    @Nullable
    Server peek(Service service, FourTuple tuple) {
        int slot = held.find(service, tuple);
        return slot == NONE ? cached.peek(service, tuple) : held.server(slot);
    }

    /** The server of a packet, that is no SYN, of a connection that is held here; the packet moves the state. */
    Server serveHeld(int slot, FourTuple tuple, boolean fin, boolean rst) {
        counters.add(Counter.SERVED_OWNED);
        Server server = held.server(slot);
        ConnectionState state = held.state(slot);
        boolean wasReset = held.isReset(slot);
        if (rst && !wasReset && !held.hasBegunAnew(slot)) {
            end(slot, tuple, server, true);
        } else if (fin && (state != ConnectionState.CLOSING || wasReset)) {
            end(slot, tuple, server, false);
        } else if (!rst && !fin && (state == ConnectionState.HALF_OPEN || wasReset)) {
            if (toEstablished(slot, tuple)) {
                refresh(slot, tuple, server, ConnectionState.ESTABLISHED);
                held.setAnnounced(slot, refreshMillis - repeatMillis);
            }
        } else if (!rst) {
            held.touch(slot);
            int every = state == ConnectionState.CLOSING ? closingRefreshMillis : refreshMillis;
            if (held.sinceAnnouncedMillis(slot) >= every) {
                refresh(slot, tuple, server, state);
            }
        }
        return server;
    }

    /** The same for a connection that others hold; null if this ILB does not know its server. */
    @Nullable
    Server serveCached(int entry, FourTuple tuple, boolean fin, boolean rst) {
        Server server = cached.serve(entry, tuple, fin, rst);
        counters.add(server == null ? Counter.CACHE_MISSES : Counter.SERVED_CACHED);
        return server;
    }

    /** The connection is established from now on, and its client's server known; false if there is no room. */
    boolean toEstablished(int slot, FourTuple tuple) {
        boolean isFirst = held.state(slot) == ConnectionState.HALF_OPEN;
        boolean done = held.transition(slot, tuple, ConnectionState.ESTABLISHED, false);
        if (done && isFirst) {
            Server server = held.server(slot);
            clients.established(server.service(), tuple, server, held.ageMillis(slot));
        }
        return done;
    }

    private void end(int slot, FourTuple tuple, Server server, boolean reset) {
        held.transition(slot, tuple, ConnectionState.CLOSING, reset);
        held.setUnconfirmed(slot, !reset);
        announcer.toAll(tuple, server, ConnectionState.CLOSING, reset, held.ageMillis(slot));
    }

    private void refresh(int slot, FourTuple tuple, Server server, ConnectionState state) {
        held.setAnnounced(slot, 0);
        announcer.toHolders(tuple, server, state, false, held.ageMillis(slot));
    }

    /**
     * The association for a SYN at its owner: the live one of the same 4-tuple, since the SYN may be a retransmission, or
     * may ask for a challenge ACK, or a new one to the client's server or one that the scheduler selects.
     *
     * @return the slot; {@link #NONE} if there is no room; {@link #NO_SERVER}; {@link #SERVERS_FULL}; {@link #ASKED};
     *     {@link #NOT_YET} if the SYN must not go on
     */
    int associate(Service service, FourTuple tuple) {
        int ageMillis = 0;
        int slot = held.find(service, tuple);
        boolean replaces = slot != NONE;
        Server ofClient = clients.find(service, tuple);
        if (replaces) {
            Server server = held.server(slot);
            ConnectionState state = held.state(slot);
            boolean isClients = ofClient == null || ofClient == server;
            boolean comesAgain = held.mayBeOpening(slot) && held.ageMillis(slot) < GIVEN_UP_MILLIS && isClients;
            boolean ended = state == ConnectionState.CLOSING && !comesAgain;
            // Whoever opens a connection anew after its server went down did not tell us that the old one had ended.
            if (ended ? service.accepts(server) && isClients : server.state().serves() && !isGivenUp(slot, server)) {
                if (state == ConnectionState.CLOSING) {
                    // What was said of the old connection is not to come behind what is said of the new one.
                    announcer.flushNow();
                    held.reopen(slot, tuple, ended ? 0 : held.ageMillis(slot));
                    clients.opened(service, tuple, server);
                } else if (state == ConnectionState.HALF_OPEN && isUnanswered(slot, tuple, server)) {
                    // To the same server all the same: it may have seen the SYN and the answer may be on its way.
                    counters.add(Counter.SILENT_SERVERS);
                }
                passSyn(slot);
                return slot;
            }
        }
        int selected = ofClient == null ? selections.select(service, tuple) : ofClient.index();
        int assignedOwner = ofClient == null ? selections.assignedOwner() : 0;
        if (selected < 0) {
            return switch (selected) {
                case Selections.ASKED -> ASKED;
                case Service.FULL -> SERVERS_FULL;
                default -> NO_SERVER;
            };
        }
        if (replaces) {
            // The backup may have the old association still. To it, and to all others, this one is the older.
            ageMillis = held.ageMillis(slot) + REPLACEMENT_MILLIS;
            Server replaced = held.server(slot);
            held.remove(slot);
            voidCaches(tuple, replaced);
        }
        slot = held.insert(
                service, tuple, services.server(selected), ConnectionState.HALF_OPEN, ageMillis, assignedOwner);
        if (slot != NONE) {
            service.countNew();
            counters.add(Counter.NEW_CONNECTIONS);
            counters.add(Counter.OWNED_BY_BACKUP, assignedOwner == 0 ? 0 : 1);
            clients.opened(service, tuple, services.server(selected));
            announcer.toAll(tuple, services.server(selected), ConnectionState.HALF_OPEN, false, ageMillis);
        }
        return replaces && slot != NONE && transfers.concernsJoiner(tuple) ? NOT_YET : slot;
    }

    /** A SYN comes through here from its owner. */
    void passSyn(FourTuple tuple, Server server) {
        int slot = held.find(server.service(), tuple);
        if (slot != NONE) {
            passSyn(slot);
        }
    }

    /** The SYN of a connection that is held here comes again, or is the next one's and has overtaken the word of the end. */
    private void passSyn(int slot) {
        held.touch(slot);
        if (held.state(slot) == ConnectionState.ESTABLISHED) {
            held.noteAnew(slot);
        }
    }

    /**
     * A half-open connection's SYN comes the third time, to a server that the configuration names no more. Nobody checks that
     * one any more, so nobody would ever find out that it does not answer.
     */
    private boolean isGivenUp(int slot, Server server) {
        return !server.configured()
                && held.state(slot) == ConnectionState.HALF_OPEN
                && held.ageMillis(slot) >= GIVEN_UP_MILLIS;
    }

    /** A half-open connection's SYN comes again; whether the server is held down for that now. */
    private boolean isUnanswered(int slot, FourTuple tuple, Server server) {
        int ageMillis = held.ageMillis(slot);
        long sinceNanos = clock.nanos() - ageMillis * 1_000_000L;
        return ageMillis >= MIN_RETRANSMISSION_MILLIS
                && cameThrough(server.service(), tuple, sinceNanos)
                && held.noteRetransmitted(slot)
                && server.service().unanswered(server, sinceNanos, clock.nanos());
    }

    /**
     * Whether a SYN of that time reached its server, if no packet was lost, and the answer its client: it went through a backup that has
     * lived on, and no ILB that the server may have for a gateway had left the view shortly before. One that has come costs nothing but time.
     */
    private boolean cameThrough(Service service, FourTuple tuple, long sinceNanos) {
        long wayBackNanos = service.config().forwarding() == Forwarding.NAT ? WAY_BACK_NANOS : 0;
        Peer backup = link.reachable(ranking.rank(tuple).backup());
        return ranking.isAsSince(sinceNanos - wayBackNanos)
                && (backup == null || backup.lastHeardNanos() - sinceNanos >= 0);
    }

    /** Another server has taken the place of this one. Where not everybody is told of that, everybody is told of the end. */
    void voidCaches(FourTuple tuple, Server server) {
        if (cacheFill == CacheFill.ON_DEMAND) {
            announcer.toAll(tuple, server, ConnectionState.CLOSING, true, 0);
        }
    }

    /** Tells an ILB that had to forward a packet of a connection that is held here, so that it need not do so with the next. */
    void tellForwarder(Peer forwarder, FourTuple tuple, Server server) {
        int slot = held.find(server.service(), tuple);
        // Whoever serves one that is half-closed from a cache would not keep it alive here often enough.
        if (slot != NONE && cacheFill != CacheFill.OFF && held.state(slot) != ConnectionState.CLOSING) {
            announcer.toPeer(
                    forwarder.position(), tuple, server, ConnectionState.ESTABLISHED, false, held.ageMillis(slot));
        }
    }

    /** A SYN is on its way to its owner, the peer at that position: what is known of its 4-tuple is of another time. */
    void voidBySyn(int owner, Service service, FourTuple tuple) {
        int slot = held.find(service, tuple);
        if (slot != NONE || cached.find(service, tuple) != NONE) {
            // What was said of the old connection is not to come behind the SYN of the new one.
            announcer.flushNow();
        }
        if (slot != NONE && !held.server(slot).state().serves()) {
            // Its owner lets another server have it, and may know another backup by now; if not, the SYN comes back.
            held.remove(slot);
        } else if (slot != NONE && held.state(slot) == ConnectionState.CLOSING) {
            // The first packet after the SYN may come here sooner than the owner's word of the new connection.
            held.transition(slot, tuple, ConnectionState.CLOSING, true);
        }
        cached.voidBySyn(owner, service, tuple);
    }

    /** Whether a connection is half-open or reset here, or is not known to be established at the ILB that holds it besides. */
    boolean isUnconfirmed(int slot) {
        return isNotEstablishedYet(slot)
                || (held.state(slot) == ConnectionState.ESTABLISHED && held.isUnconfirmed(slot));
    }

    private boolean isNotEstablishedYet(int slot) {
        return held.state(slot) == ConnectionState.HALF_OPEN || held.isReset(slot);
    }

    /** A connection is established, which the other ILB that holds it is being told with the packet that says so. */
    void establish(int slot, FourTuple tuple) {
        if (!isNotEstablishedYet(slot)) {
            held.touch(slot);
        } else if (toEstablished(slot, tuple)) {
            held.setUnconfirmed(slot, true);
        }
    }

    /** Tells the other holder of a connection that it is established here too, and so the ILB that its packets come to. */
    void confirm(Peer holder, @Nullable Peer first, FourTuple tuple, Server server) {
        int slot = held.find(server.service(), tuple);
        int age = slot == NONE ? 0 : held.ageMillis(slot);
        announcer.toPeer(holder.position(), tuple, server, ConnectionState.ESTABLISHED, false, age);
        if (first != null && first != holder) {
            tellForwarder(first, tuple, server);
        }
    }

    /** Removes what has expired, at most {@code budget} entries of each table. */
    void expire(int budget) {
        counters.add(Counter.EXPIRED, held.expire(budget, onExpiry));
        cached.expire(budget);
    }

    /**
     * Moves an association that two others hold now to the cache.
     *
     * @param forget not even to the cache: what this ILB knows of it may be of the past
     */
    void letGo(int slot, FourTuple tuple, boolean forget) {
        Server server = held.server(slot);
        boolean live = held.state(slot) == ConnectionState.ESTABLISHED;
        int age = held.ageMillis(slot);
        held.remove(slot);
        int owner = ranking.rank(tuple).owner();
        if (live && !forget && owner >= 0) {
            cached.learn(owner, server.service(), tuple, server, ConnectionState.ESTABLISHED, age);
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

    /** Whether what this ILB holds counts for as much as what the others hold. */
    boolean isTrusted() {
        return trusted;
    }

    /** Sets whether there may be associations here that others hold now: from a change of the view to the end of a sweep. */
    void setSwept(boolean isSwept) {
        swept = isSwept;
    }

    /** Whether this ILB may serve a connection by what it has; if not, others know better. */
    boolean mayServe(FourTuple tuple) {
        return trusted && (swept || ranking.selfHolds(tuple));
    }

    /**
     * Whether an association may go, whose time is over. For one that is half-open the others are asked first: the word that it
     * is established may have been lost, or came to one of its two holders only. Without an answer it is asked again, for
     * question and answer may be lost as well. One that is half-closed may live on by the other holder, who has missed that:
     * it is told once more, and keeps the association here alive from then on.
     */
    private boolean mayExpire(int slot) {
        ConnectionState state = held.state(slot);
        boolean asks = state == ConnectionState.HALF_OPEN && !held.wasAskedInVain(slot);
        boolean tells = state == ConnectionState.CLOSING && held.isUnconfirmed(slot) && !held.wasAsked(slot);
        if (asks || tells) {
            held.server(slot).service().readTuple(held.table(), slot, expiring);
            int age = held.ageMillis(slot);
            if (asks
                    ? announcer.ask(expiring, held.server(slot), age)
                    : announcer.toHolders(expiring, held.server(slot), state, false, age)) {
                held.noteAsked(slot);
                return false;
            }
        }
        held.beforeRemoval(slot);
        return true;
    }
}
