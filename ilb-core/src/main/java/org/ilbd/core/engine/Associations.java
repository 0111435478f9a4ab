package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.ExpiryPolicy;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.AssociationState;
import org.jspecify.annotations.Nullable;

/**
 * What this ILB knows of connections, and how packets and other ILBs' words change it: what it holds itself, and what it has
 * cached of others. A change is announced to the ILBs that need to know.
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

    /** A change of the view has got round after so many failure timeouts: one at each of two ILBs. */
    private static final int VIEW_TIMEOUTS = 2;

    /** Half of the time after which a client sends its SYN again first (RFC 6298, 2.1); one that comes sooner is a duplicate. */
    private static final int MIN_RETRANSMISSION_MILLIS = 500;

    /** Between the times at which a client sends its SYN the second and the third time: 1 s and 3 s (RFC 6298, 2.1 and 5.5). */
    private static final int GIVEN_UP_MILLIS = 2_500;

    private final HeldAssociations held;
    private final ClientServers clients;
    private final CachedAssociations cached;
    private final CacheFill cacheFill;
    private final ServiceTable services;
    private final Selections selections;
    private final Ranking ranking;
    private final Announcer announcer;
    private final Transfers transfers;
    private final Clock clock;
    private final Counters counters;
    private final int refreshMillis;
    private final int repeatMillis;
    private final int closingRefreshMillis;
    private final ExpiryPolicy onExpiry = this::mayExpire;
    private final FourTuple expiring = new FourTuple();

    private final int strayMillis;

    private boolean trusted;
    private boolean swept = true;
    private boolean strays;
    private int lastStrayMillis;

    Associations(
            EngineConfig config,
            SegmentAllocator memory,
            ServiceTable services,
            Selections selections,
            Ranking ranking,
            Announcer announcer,
            Transfers transfers,
            Clock clock,
            Counters counters) {
        this.refreshMillis = config.establishedTimeoutMillis() / 4;
        this.repeatMillis = Math.min(REPEAT_MILLIS, refreshMillis);
        this.closingRefreshMillis = config.closingTimeoutMillis() / 4;
        this.strayMillis = (int) (VIEW_TIMEOUTS * config.failureTimeoutNanos() / 1_000_000);
        this.held = new HeldAssociations(config, memory, services, ranking, transfers, clock);
        this.clients = new ClientServers(held);
        this.cached = new CachedAssociations(config, memory, services, announcer, clock, repeatMillis);
        this.cacheFill = config.cacheFill();
        this.services = services;
        this.selections = selections;
        this.ranking = ranking;
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

    private boolean toEstablished(int slot, FourTuple tuple) {
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
        announcer.toHolders(tuple, server, state, false, held.ageMillis(slot), held.assignedOwner(slot));
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
            // Whoever opens a connection anew after its server went down did not tell us that the old one had ended.
            if (state == ConnectionState.CLOSING
                    ? service.accepts(server) && (ofClient == null || ofClient == server)
                    : server.state().serves() && !isGivenUp(slot, server)) {
                if (state == ConnectionState.CLOSING) {
                    // What was said of the old connection is not to come behind what is said of the new one.
                    announcer.flushNow();
                    held.reopen(slot, tuple, 0);
                    clients.opened(service, tuple, server);
                } else if (state == ConnectionState.HALF_OPEN && isUnanswered(slot, server)) {
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
    private boolean isUnanswered(int slot, Server server) {
        int ageMillis = held.ageMillis(slot);
        return ageMillis >= MIN_RETRANSMISSION_MILLIS
                && held.noteRetransmitted(slot)
                && server.service().unanswered(server, clock.nanos() - ageMillis * 1_000_000L, clock.nanos());
    }

    /** Another server has taken the place of this one. Where not everybody is told of that, everybody is told of the end. */
    private void voidCaches(FourTuple tuple, Server server) {
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
                    forwarder.position(),
                    tuple,
                    server,
                    ConnectionState.ESTABLISHED,
                    false,
                    held.ageMillis(slot),
                    held.assignedOwner(slot));
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
        announcer.toPeer(holder.position(), tuple, server, ConnectionState.ESTABLISHED, false, age, 0);
        if (first != null && first != holder) {
            tellForwarder(first, tuple, server);
        }
    }

    /**
     * Takes over what another ILB says of a connection. Of two servers for the same connection the older association wins,
     * unless it is closing; if that is ours, the other is told.
     *
     * @param origin the position of the peer that says it
     * @param assignedOwner the tag of the ILB that is to own it; 0 for none, or if that one does not know
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
            int assignedOwner,
            ToldBy toldBy) {
        counters.add(Counter.ASSOCIATIONS_RECEIVED);
        int slot = held.find(service, tuple);
        if (slot != NONE) {
            return merge(slot, origin, tuple, server, state, reset, ageMillis, assignedOwner, toldBy);
        }
        if (toldBy == ToldBy.ANNOUNCEMENT && !ranking.selfHolds(tuple)) {
            cached.learn(origin, service, tuple, server, state, ageMillis);
            return server;
        }
        cached.remove(service, tuple);
        // One that is half-closed may live for long yet, or be opened anew; an end that is announced means nothing
        // here.
        if (state != ConnectionState.CLOSING || toldBy != ToldBy.ANNOUNCEMENT) {
            slot = insert(service, tuple, server, state, reset, ageMillis, assignedOwner);
            if (slot != NONE) {
                keep(slot, tuple, toldBy);
                noteClient(slot, tuple, state, toldBy);
            }
        }
        return server;
    }

    /**
     * The owner has made an association that is new here, by its SYN or by an announcement that overtook it: the client's next
     * ones are for the same server. With a handover the clients come by themselves.
     */
    private void noteClient(int slot, FourTuple tuple, ConnectionState state, ToldBy toldBy) {
        if (toldBy != ToldBy.TRANSFER && state == ConnectionState.HALF_OPEN) {
            Server server = held.server(slot);
            int client = clients.opened(server.service(), tuple, server);
            if (toldBy == ToldBy.SYN) {
                keepClient(client, tuple, toldBy);
            }
        }
    }

    /** Takes over what another ILB hands over of a client. */
    void learnClient(Service service, FourTuple client, Server server, ConnectionState state, int ageMillis) {
        keepClient(clients.learn(service, client, server, state, ageMillis), client, ToldBy.TRANSFER);
    }

    private void keepClient(int slot, FourTuple tuple, ToldBy toldBy) {
        if (slot != NONE) {
            keep(slot, tuple, toldBy);
        }
    }

    /** Whoever says it takes this ILB for a holder; if this one does not, that is by a view that it has yet to see, or has left. */
    private void keep(int slot, FourTuple tuple, ToldBy toldBy) {
        boolean stray = toldBy != ToldBy.ANNOUNCEMENT && !ranking.selfHolds(tuple);
        held.setKept(slot, stray);
        if (stray) {
            strays = true;
            lastStrayMillis = clock.millis();
        }
    }

    /** Whether there is something that this ILB was taken for a holder of, so long ago that it has seen every view since then. */
    boolean hasStrays() {
        return strays && clock.millis() - lastStrayMillis >= strayMillis;
    }

    /** A walk over all begins, which hands on what is not for this ILB to hold; whether there may be any of that. */
    boolean forgetStrays() {
        boolean were = strays;
        strays = false;
        return were;
    }

    private int insert(
            Service service,
            FourTuple tuple,
            Server server,
            ConnectionState state,
            boolean reset,
            int ageMillis,
            int assignedOwner) {
        int slot = held.insert(service, tuple, server, state, ageMillis, assignedOwner);
        if (slot == NONE) {
            counters.add(Counter.TABLE_FULL);
        } else {
            held.setReset(slot, reset && state == ConnectionState.CLOSING);
        }
        return slot;
    }

    private Server merge(
            int slot,
            int origin,
            FourTuple tuple,
            Server server,
            ConnectionState state,
            boolean reset,
            int ageMillis,
            int assignedOwner,
            ToldBy toldBy) {
        Server ours = held.server(slot);
        ConnectionState ourState = held.state(slot);
        boolean believesEnd = toldBy == ToldBy.SYN || (toldBy == ToldBy.TRANSFER && !trusted);
        if (ours != server && (state != ConnectionState.CLOSING || believesEnd)) {
            counters.add(Counter.ASSOCIATION_CONFLICTS);
            int age = held.ageMillis(slot);
            if (trusted
                    && ourState != ConnectionState.CLOSING
                    && age >= ageMillis
                    && ours.state().serves()) {
                announcer.toPeer(origin, tuple, ours, ourState, false, age, held.assignedOwner(slot));
                return ours;
            }
            held.remove(slot);
            int replaced = insert(server.service(), tuple, server, state, reset, ageMillis, assignedOwner);
            if (replaced != NONE && ranking.rank(tuple).selfOwns()) {
                // What this ILB has told the others is wrong.
                voidCaches(tuple, ours);
                announcer.toAll(tuple, server, state, reset, ageMillis);
            }
            if (replaced != NONE) {
                noteClient(replaced, tuple, state, toldBy);
            }
            return server;
        }
        boolean wasReset = held.isReset(slot);
        switch (state) {
            case CLIENT_HALF_OPEN, CLIENT -> throw new IllegalArgumentException(tuple + " is no connection");
            case HALF_OPEN -> {
                if (ourState == ConnectionState.CLOSING) {
                    if (toldBy == ToldBy.ANNOUNCEMENT && held.isOfThis(slot, ageMillis)) {
                        // It has been overtaken by all packets of the connection, down to its end.
                        return ours;
                    }
                    held.reopen(slot, tuple, ageMillis);
                    noteClient(slot, tuple, state, toldBy);
                } else if (toldBy == ToldBy.SYN) {
                    // The owner knows of a new connection on the same port what was not said here.
                    held.setAgeMillis(slot, ageMillis);
                    held.setUnconfirmed(slot, true);
                }
            }
            case ESTABLISHED -> {
                if (ourState != ConnectionState.CLOSING) {
                    held.setUnconfirmed(slot, false);
                }
                // If a stream says so, the port was used again since it closed, and of that SYN nothing came here.
                // What has crossed a RST does not undo it: the other holder may have heard of the RST afterwards.
                if (ourState == ConnectionState.HALF_OPEN
                        || (wasReset && !held.isJustReset(slot))
                        || toldBy != ToldBy.ANNOUNCEMENT) {
                    toEstablished(slot, tuple);
                }
                if (reset) {
                    // It came with the packet that undoes a RST, and may have overtaken the word of that.
                    held.noteAnew(slot);
                }
            }
            case CLOSING -> {
                if (toldBy == ToldBy.ANNOUNCEMENT && held.isOfBefore(slot, ageMillis)) {
                    // It was the end of the connection that had the port before, and has been overtaken.
                    return ours;
                }
                if (toldBy == ToldBy.TRANSFER && trusted && ourState.isLive()) {
                    // Who hands it over may have been away since. Whoever knows of an end tells it besides.
                    return ours;
                }
                if (ours == server && (ourState != ConnectionState.CLOSING || toldBy == ToldBy.SYN)) {
                    held.transition(slot, tuple, ConnectionState.CLOSING, reset);
                    held.setUnconfirmed(slot, !reset);
                }
                if (ranking.rank(tuple).isOtherHolder(origin)) {
                    held.setUnconfirmed(slot, false);
                }
            }
        }
        // The SYN comes from the owner by score, whose word counts. Of two that two masters have said, any will do that
        // is the
        // same at both. An announcement may be of the connection before.
        boolean decides = toldBy == ToldBy.SYN && state == ConnectionState.HALF_OPEN;
        if (decides
                || (toldBy != ToldBy.ANNOUNCEMENT
                        && Integer.compareUnsigned(assignedOwner, held.assignedOwner(slot)) > 0)) {
            held.assignOwner(slot, tuple, assignedOwner);
        }
        held.touch(slot);
        return ours;
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
                    : announcer.toHolders(expiring, held.server(slot), state, false, age, held.assignedOwner(slot))) {
                held.noteAsked(slot);
                return false;
            }
        }
        held.beforeRemoval(slot);
        return true;
    }

    /**
     * What another ILB is unsure of: tells it, if this one knows better. Who is to hold the connection, and would know if
     * anything had come of it, says that nothing has.
     */
    void answer(int origin, Service service, FourTuple tuple, Server asked) {
        int slot = held.find(service, tuple);
        if (slot != NONE && held.state(slot) != ConnectionState.HALF_OPEN) {
            announcer.toPeer(
                    origin,
                    tuple,
                    held.server(slot),
                    held.state(slot),
                    held.isReset(slot),
                    held.ageMillis(slot),
                    held.assignedOwner(slot));
            return;
        }
        Server server = cached.established(service, tuple);
        if (server != null) {
            announcer.toPeer(origin, tuple, server, ConnectionState.ESTABLISHED, false, 0, 0);
        } else if (trusted && ranking.selfHolds(tuple)) {
            announcer.toPeer(origin, tuple, asked, AssociationState.UNKNOWN, false, 0, 0);
        }
    }

    /** The other holder does not know that anything came of a connection about which it was asked. */
    void onUnknown(int origin, Service service, FourTuple tuple) {
        int slot = held.find(service, tuple);
        if (ranking.rank(tuple).isOtherHolder(origin)
                && slot != NONE
                && held.state(slot) == ConnectionState.HALF_OPEN
                && held.wasAsked(slot)) {
            held.remove(slot);
        }
    }
}
