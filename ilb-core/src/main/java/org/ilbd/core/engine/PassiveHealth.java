package org.ilbd.core.engine;

/**
 * When a server counts as down because clients get no answer from it.
 *
 * @param retransmits connections whose SYN was not answered, or was refused, within the window while none was
 *     established; 0 turns it off
 * @param windowNanos over which they are counted
 * @param holdNanos how long the server is held down then, unless a check passes before
 */
public record PassiveHealth(int retransmits, long windowNanos, long holdNanos) {
    /** Never. */
    public static final PassiveHealth OFF = new PassiveHealth(0, 0, 0);
}
