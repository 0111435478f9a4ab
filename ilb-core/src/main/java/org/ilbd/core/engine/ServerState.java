package org.ilbd.core.engine;

/** Where a server is in its life. The first that applies, in the order in which they are derived. */
public enum ServerState {
    /** Somebody works on it: as {@link #DOWN}, but wanted. */
    MAINTENANCE,
    /** A check, its agent or its silence says that it does not serve: no new connection. */
    DOWN,
    /** No new connection; those that it has go on. */
    DRAINING,
    /** It has come back a moment ago and gets a share that grows to its whole one. */
    STARTING,
    /** It gets its whole share of new connections. */
    ACTIVE;

    /** Whether new connections may go to it. */
    public boolean isAvailable() {
        return this == STARTING || this == ACTIVE;
    }

    /** Whether the connections that it has may go on, as far as is known. */
    public boolean serves() {
        return this != DOWN && this != MAINTENANCE;
    }
}
