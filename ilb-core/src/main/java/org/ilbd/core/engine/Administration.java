package org.ilbd.core.engine;

/** What an operator, through an agent, wants of a server. The ordinals are on the wire. */
public enum Administration {
    /** It is to serve. */
    READY,
    /** It is to get no new connections. */
    DRAIN,
    /** It is to be treated as if it were down. */
    MAINTENANCE
}
