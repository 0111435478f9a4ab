package org.ilbd.core.engine;

import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/**
 * Which server the connections of a client go to, where a service has affinity. An entry is held like an association, by the
 * owner and the backup of the client, under the client's prefix and port 0, which no connection has; it is handed over with
 * the associations. Its age counts from the client's last new connection, so of two that differ the younger is right.
 *
 * <p>The owner makes it with a new connection. The backup learns of it from the SYN that comes through it: the association of
 * a new connection says where its client belongs.
 */
final class ClientServers {
    static final int NONE = HeldAssociations.NONE;

    private final HeldAssociations held;

    ClientServers(HeldAssociations held) {
        this.held = held;
    }

    /** The server that a client's new connection is for; null if there is none, or none that takes it. */
    @Nullable
    Server find(Service service, FourTuple connection) {
        Affinity affinity = service.affinity();
        if (affinity == null) {
            return null;
        }
        int slot = held.find(service, service.key(connection));
        if (slot == NONE || held.ageMillis(slot) >= affinity.timeoutMillis()) {
            return null;
        }
        Server server = held.server(slot);
        return service.accepts(server) ? server : null;
    }

    /**
     * A client has a new connection to that server: there its next ones go, until it has had none for so long.
     *
     * @return the slot of the client, or {@link #NONE} without affinity or room
     */
    int opened(Service service, FourTuple connection, Server server) {
        if (service.affinity() == null) {
            return NONE;
        }
        FourTuple client = service.key(connection);
        int slot = held.find(service, client);
        if (slot == NONE) {
            return held.insert(service, client, server, ConnectionState.CLIENT_HALF_OPEN, 0);
        }
        held.renewClient(slot, client, server, 0);
        return slot;
    }

    /** A connection of a client was established, so that the client is real: no flood of SYNs is to push it out any more. */
    void established(Service service, FourTuple connection, Server server, int ageMillis) {
        if (service.affinity() != null) {
            FourTuple client = service.key(connection);
            int slot = held.find(service, client);
            if (slot == NONE) {
                held.insert(service, client, server, ConnectionState.CLIENT, ageMillis);
            } else if (held.state(slot) == ConnectionState.CLIENT_HALF_OPEN) {
                held.transition(slot, client, ConnectionState.CLIENT, false);
            }
        }
    }

    /**
     * Takes over what another ILB hands over.
     *
     * @return the slot of the client, or {@link #NONE} if there is nothing to keep, or no room
     */
    int learn(Service service, FourTuple client, Server server, ConnectionState state, int ageMillis) {
        Affinity affinity = service.affinity();
        if (affinity == null || ageMillis >= affinity.timeoutMillis()) {
            return NONE;
        }
        int slot = held.find(service, client);
        if (slot == NONE) {
            return held.insert(service, client, server, state, ageMillis);
        }
        if (ageMillis < held.ageMillis(slot)) {
            held.renewClient(slot, client, server, ageMillis);
        }
        if (state == ConnectionState.CLIENT && held.state(slot) == ConnectionState.CLIENT_HALF_OPEN) {
            held.transition(slot, client, ConnectionState.CLIENT, false);
        }
        return slot;
    }
}
