package org.ilbd.daemon.health;

/** How one check of a server ended. */
public enum CheckResult {
    /** The server did what was expected. */
    PASSED,
    /** It refused, or answered something else. */
    FAILED,
    /** It did not answer in time. */
    TIMEOUT,
    /** This host could not check at all: that says nothing of the server. */
    OBSTACLE
}
