package org.ilbd.core.engine;

/** Which ILB selects the server of a new connection. */
public enum Authority {
    /** The connection's owner. */
    OWNER,
    /** One ILB for the whole service, which the connections' owners ask. */
    MASTER
}
