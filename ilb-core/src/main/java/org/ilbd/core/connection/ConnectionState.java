package org.ilbd.core.connection;

/** How far a connection has come, as far as one can tell who sees the client's packets only. */
public enum ConnectionState {
    /** A SYN was seen and nothing after it. */
    HALF_OPEN,
    /** The client has answered the server. */
    ESTABLISHED,
    /** A FIN or a RST was seen; packets still go to the server. */
    CLOSING
}
