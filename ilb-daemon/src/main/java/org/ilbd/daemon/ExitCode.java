package org.ilbd.daemon;

/** What the process ends with. Scripts and service managers rely on these numbers. */
public enum ExitCode {
    OK(0),
    /** Anything that has no number of its own. */
    FAILURE(1),
    /** The command line is wrong. */
    USAGE(2),
    /** The configuration file is missing or wrong. */
    CONFIGURATION(3),
    /** A capability or the access to a device is missing. */
    PERMISSION(4),
    /** An address, a port or an interface cannot be used. */
    BIND(5);

    private final int number;

    ExitCode(final int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
