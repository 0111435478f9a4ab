package org.ilbd.core.engine;

import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/**
 * The servers that were selected lately, by connection and by client; of each kind the least recently used gives way.
 *
 * <p><b>Memory.</b> Some 80 bytes for each of either.
 */
final class RememberedSelections {
    /** The requests of more than a second at 10,000 new connections a second: clients have sent their SYNs again by then. */
    static final int CONNECTIONS = 16_384;

    /** 5 MB. */
    static final int CLIENTS = 65_536;

    /** Nobody opens the same 4-tuple anew sooner: for so long it is in TIME_WAIT (RFC 9293, 3.3.2; 60 s on Linux). */
    private static final int CONNECTION_TIMEOUT_MILLIS = 60_000;

    /** A session of a web application: who comes later is a new client. */
    private static final int CLIENT_TIMEOUT_MILLIS = 1_800_000;

    private static final int NO_ORIGIN = 0;
    private static final int EXPIRED_PER_TICK = 500;

    private final AssociationCache connections;
    private final AssociationCache clients;
    private final ServiceTable services;
    private final Clock clock;
    private final FourTuple client = new FourTuple();

    RememberedSelections(
            SegmentAllocator memory,
            int connectionRoom,
            int clientRoom,
            long key0,
            long key1,
            ServiceTable services,
            Clock clock) {
        connections = new AssociationCache(memory, connectionRoom, CONNECTION_TIMEOUT_MILLIS, key0, key1);
        clients = new AssociationCache(memory, clientRoom, CLIENT_TIMEOUT_MILLIS, key1, key0);
        this.services = services;
        this.clock = clock;
    }

    /** The server that was selected for this connection, or null. */
    @Nullable
    Server ofConnection(Service service, FourTuple tuple) {
        return server(connections, service, tuple);
    }

    /** The server that the client had last, or null. */
    @Nullable
    Server ofClient(Service service, FourTuple tuple) {
        return server(clients, service, clientOf(tuple));
    }

    private @Nullable Server server(AssociationCache from, Service service, FourTuple key) {
        int slot = from.find(service.index(), key);
        return slot == AssociationCache.NONE ? null : services.server(from.server(slot));
    }

    void rememberConnection(Service service, FourTuple tuple, Server server) {
        connections.put(service.index(), tuple, server.index(), NO_ORIGIN, clock.millis());
    }

    void rememberClient(Service service, FourTuple tuple, Server server) {
        clients.put(service.index(), clientOf(tuple), server.index(), NO_ORIGIN, clock.millis());
    }

    void expire() {
        connections.expire(clock.millis(), EXPIRED_PER_TICK);
        clients.expire(clock.millis(), EXPIRED_PER_TICK);
    }

    private FourTuple clientOf(FourTuple tuple) {
        return client.set(
                tuple.ipv6(),
                tuple.sourceHigh(),
                tuple.sourceLow(),
                0,
                tuple.destinationHigh(),
                tuple.destinationLow(),
                tuple.destinationPort());
    }
}
