package org.ilbd.core.engine;

import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.protocol.AssociationState;

/** A connection's state, as it is told to other ILBs and back. */
final class WireState {
    private WireState() {}

    static AssociationState of(ConnectionState state) {
        return switch (state) {
            case HALF_OPEN -> AssociationState.HALF_OPEN;
            case ESTABLISHED -> AssociationState.ESTABLISHED;
            case CLOSING -> AssociationState.CLOSING;
            case CLIENT_HALF_OPEN -> AssociationState.CLIENT_HALF_OPEN;
            case CLIENT -> AssociationState.CLIENT;
        };
    }

    static ConnectionState of(AssociationState state) {
        return switch (state) {
            case HALF_OPEN, UNSURE, UNKNOWN -> ConnectionState.HALF_OPEN;
            case ESTABLISHED -> ConnectionState.ESTABLISHED;
            case CLOSING -> ConnectionState.CLOSING;
            case CLIENT_HALF_OPEN -> ConnectionState.CLIENT_HALF_OPEN;
            case CLIENT -> ConnectionState.CLIENT;
        };
    }
}
