package org.ilbd.core.engine;

/** What becomes of the established connections of a server that is down. */
public enum OnDown {
    /** Their packets go on to it. */
    KEEP,
    /** Their packets are answered with a RST. */
    RESET
}
