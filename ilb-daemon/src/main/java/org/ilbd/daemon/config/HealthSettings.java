package org.ilbd.daemon.config;

import java.time.Duration;

/**
 * How the servers of one service are checked.
 *
 * @param interval from the start of one check of a server to the start of the next
 * @param timeout after which a check has failed; at most {@code interval}
 * @param rise checks in a row that must pass until a server that was down is up; at least 1
 * @param fall checks in a row that must fail until a server that was up is down; at least 1
 */
public record HealthSettings(Kind type, Duration interval, Duration timeout, int rise, int fall) {
    /** What a check does. */
    public enum Kind {
        /** Opens a TCP connection to the server's address and port, and closes it. */
        TCP,
        /** Nothing: the server counts as up. */
        NONE
    }
}
