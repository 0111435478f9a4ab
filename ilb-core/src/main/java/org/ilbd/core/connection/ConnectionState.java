package org.ilbd.core.connection;

/** How far a connection has come, as far as one can tell who sees the client's packets only. */
public enum ConnectionState {
    /** A SYN was seen and nothing after it. */
    HALF_OPEN,
    /** The client has answered the server. */
    ESTABLISHED,
    /** A FIN or a RST was seen; packets still go to the server. */
    CLOSING,
    /** No connection: the server for a client's connections, none of which has come further than its SYN. */
    CLIENT_HALF_OPEN,
    /** No connection: the server for a client's connections, one of which has been established. */
    CLIENT;

    /** Whether it is a connection, and not at its end. */
    public boolean isLive() {
        return this == HALF_OPEN || this == ESTABLISHED;
    }

    /** Whether it is that of a client, and not of a connection. */
    public boolean isClient() {
        return this == CLIENT_HALF_OPEN || this == CLIENT;
    }
}
