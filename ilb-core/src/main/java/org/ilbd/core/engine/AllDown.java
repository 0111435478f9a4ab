package org.ilbd.core.engine;

/** What becomes of a SYN while no server of its service is available. */
public enum AllDown {
    /** It is answered with a RST: the client knows at once. */
    RESET,
    /** It is dropped: the client tries again for a while. */
    DROP
}
