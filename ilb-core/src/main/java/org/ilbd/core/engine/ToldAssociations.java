package org.ilbd.core.engine;

import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.AssociationRecord;
import org.ilbd.core.protocol.AssociationState;

/**
 * What other ILBs tell of connections, and how it is merged with what this one knows: words may be lost, late or overtaken, and of two
 * that contradict each other one has to give way, the same at both ILBs.
 */
final class ToldAssociations {
    private static final int NONE = Associations.NONE;

    /** A change of the view has got round after so many failure timeouts: one at each of two ILBs. */
    private static final int VIEW_TIMEOUTS = 2;

    private final Associations associations;
    private final HeldAssociations held;
    private final ClientServers clients;
    private final CachedAssociations cached;
    private final Ranking ranking;
    private final Announcer announcer;
    private final Clock clock;
    private final Counters counters;
    private final int strayMillis;

    private boolean strays;
    private int lastStrayMillis;

    ToldAssociations(
            EngineConfig config,
            Associations associations,
            Ranking ranking,
            Announcer announcer,
            Clock clock,
            Counters counters) {
        this.associations = associations;
        this.held = associations.held();
        this.clients = associations.clients();
        this.cached = associations.cached();
        this.ranking = ranking;
        this.announcer = announcer;
        this.clock = clock;
        this.counters = counters;
        this.strayMillis = (int) (VIEW_TIMEOUTS * config.failureTimeoutNanos() / 1_000_000);
    }

    /**
     * Takes over what another ILB says of a connection. Of two servers for the same connection the older association wins,
     * unless it is closing; if that is ours, the other is told.
     *
     * @param origin the position of the peer that says it
     * @param server the one that the record names
     * @return the server that holds the connection by all that is known now
     */
    Server learn(int origin, Service service, Server server, AssociationRecord record, ToldBy toldBy) {
        counters.add(Counter.ASSOCIATIONS_RECEIVED);
        FourTuple tuple = record.tuple();
        ConnectionState state = WireState.of(record.state());
        int slot = held.find(service, tuple);
        if (slot != NONE) {
            return merge(slot, origin, server, record, toldBy);
        }
        if (toldBy == ToldBy.ANNOUNCEMENT && !ranking.selfHolds(tuple)) {
            cached.learn(origin, service, tuple, server, state, record.ageMillis());
            return server;
        }
        cached.remove(service, tuple);
        // One that is half-closed may live for long yet, or be opened anew; an end that is announced means nothing
        // here.
        if (state != ConnectionState.CLOSING || toldBy != ToldBy.ANNOUNCEMENT) {
            slot = insert(service, server, record);
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

    private int insert(Service service, Server server, AssociationRecord record) {
        ConnectionState state = WireState.of(record.state());
        int slot = held.insert(service, record.tuple(), server, state, record.ageMillis(), record.assignedOwner());
        if (slot == NONE) {
            counters.add(Counter.TABLE_FULL);
        } else {
            held.setReset(slot, record.reset() && state == ConnectionState.CLOSING);
        }
        return slot;
    }

    private Server merge(int slot, int origin, Server server, AssociationRecord record, ToldBy toldBy) {
        FourTuple tuple = record.tuple();
        ConnectionState state = WireState.of(record.state());
        boolean reset = record.reset();
        int ageMillis = record.ageMillis();
        Server ours = held.server(slot);
        ConnectionState ourState = held.state(slot);
        boolean believesEnd = toldBy == ToldBy.SYN || (toldBy == ToldBy.TRANSFER && !associations.isTrusted());
        if (ours != server && (state != ConnectionState.CLOSING || believesEnd)) {
            counters.add(Counter.ASSOCIATION_CONFLICTS);
            int age = held.ageMillis(slot);
            if (associations.isTrusted()
                    && ourState != ConnectionState.CLOSING
                    && age >= ageMillis
                    && ours.state().serves()) {
                announcer.toPeer(origin, tuple, ours, ourState, false, age);
                return ours;
            }
            held.remove(slot);
            int replaced = insert(server.service(), server, record);
            if (replaced != NONE && ranking.rank(tuple).selfOwns()) {
                // What this ILB has told the others is wrong.
                associations.voidCaches(tuple, ours);
                announcer.toAll(tuple, server, state, reset, ageMillis);
            }
            if (replaced != NONE) {
                noteClient(replaced, tuple, state, toldBy);
            }
            return server;
        }
        if (ours == server) {
            mergeAssignment(slot, record, toldBy);
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
                    associations.toEstablished(slot, tuple);
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
                if (toldBy == ToldBy.TRANSFER && associations.isTrusted() && ourState.isLive()) {
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
        held.touch(slot);
        return ours;
    }

    /**
     * Whatever becomes of the state, both holders must agree whom a connection is assigned to; but what is said of one with another
     * server is of the connection that had the port before. A SYN comes from the owner by score, whose word counts. Of two that two
     * masters have said, any will do that is the same at both. An announcement says nothing of it.
     */
    private void mergeAssignment(int slot, AssociationRecord record, ToldBy toldBy) {
        boolean decides = toldBy == ToldBy.SYN && record.state() == AssociationState.HALF_OPEN;
        if (decides || Integer.compareUnsigned(record.assignedOwner(), held.assignedOwner(slot)) > 0) {
            held.assignOwner(slot, record.tuple(), record.assignedOwner());
        }
    }

    /**
     * What another ILB is unsure of: tells it, if this one knows better. Who is to hold the connection, and would know if
     * anything had come of it, says that nothing has.
     */
    void answer(int origin, Service service, FourTuple tuple, Server asked) {
        int slot = held.find(service, tuple);
        if (slot != NONE && held.state(slot) != ConnectionState.HALF_OPEN) {
            announcer.toPeer(
                    origin, tuple, held.server(slot), held.state(slot), held.isReset(slot), held.ageMillis(slot));
            return;
        }
        Server server = cached.established(service, tuple);
        if (server != null) {
            announcer.toPeer(origin, tuple, server, ConnectionState.ESTABLISHED, false, 0);
        } else if (associations.isTrusted() && ranking.selfHolds(tuple)) {
            announcer.toPeer(origin, tuple, asked, AssociationState.UNKNOWN, false, 0);
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
