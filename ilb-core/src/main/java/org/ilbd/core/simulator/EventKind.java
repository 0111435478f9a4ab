package org.ilbd.core.simulator;

import java.util.Locale;

/** What can happen to a cluster. */
public enum EventKind {
    /** An ILB ends without a word; the router notices half a second later. */
    CRASH("an ILB ends without a word"),
    /** An ILB leaves, and stops when it is released. */
    LEAVE("an ILB leaves, and stops when the others have what it held"),
    /** An ILB with a new id starts. */
    JOIN("an ILB that was never there starts"),
    /** Two or three ILBs with new ids start in the same instant, or within a moment of each other. */
    JOIN_TOGETHER("two or three ILBs that were never there start in the same instant, or nearly so"),
    /** An ILB starts again under its id: one that has gone, or one that is killed for it a moment before. */
    REJOIN("an ILB starts again under its id, or is killed and started again"),
    /** An ILB's process stands still, as in a long garbage collection, and goes on with all that has piled up. */
    PAUSE("an ILB's process stands still for a while and goes on"),
    /** The router spreads connections over the ILBs in another way. */
    RESHUFFLE("the router spreads the connections anew"),
    /** A server is added to the configuration, at one ILB after the other. */
    SERVER_ADDED("a server is added to the configuration"),
    /** A server is taken out of the configuration; it goes on serving what it has. */
    SERVER_REMOVED("a server is taken out of the configuration"),
    /** A server ends; the ILBs' health checks notice one after the other. */
    SERVER_DOWN("a server ends"),
    /** A server that had ended is back. */
    SERVER_UP("a server comes back"),
    /** A server's agent says that it drains. */
    SERVER_DRAINED("a server's agent says that it drains"),
    /** The agent of one that drains says that it is ready again. */
    SERVER_READY("a server's agent says that it does not drain any more"),
    /** A server's agent says another weight. */
    SERVER_WEIGHED("a server's agent says another weight"),
    /** A server's agent says that it takes hardly more connections than it has, or any number again. */
    SERVER_LIMITED("a server's agent says how many connections it takes, or that it takes any number"),
    /** All servers end, and are back after a while. */
    ALL_SERVERS_DOWN("all servers end, and are back after a while"),
    /** No agent says anything for a while. */
    AGENTS_SILENT("no agent says anything for a while"),
    /** SYNs from nowhere, that nobody goes on with. */
    SYN_BURST("SYNs that nobody goes on with"),
    /** Two ILBs do not hear each other for a while. */
    PARTITION_PAIR("two ILBs do not hear each other for a while"),
    /** The ILBs fall into two halves that do not hear each other for a while. */
    PARTITION_HALF("the ILBs fall into two halves for a while"),
    /** Datagrams between ILBs get lost, doubled and late in great numbers for a while. */
    IMPAIR("datagrams between ILBs get lost, doubled and late for a while");

    private final String description;

    EventKind(String description) {
        this.description = description;
    }

    /** For people. */
    public String description() {
        return description;
    }

    /** The name on a command line. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean concernsServers() {
        return switch (this) {
            case SERVER_ADDED,
                    SERVER_REMOVED,
                    SERVER_DOWN,
                    SERVER_UP,
                    SERVER_DRAINED,
                    SERVER_READY,
                    SERVER_WEIGHED,
                    SERVER_LIMITED,
                    ALL_SERVERS_DOWN,
                    AGENTS_SILENT -> true;
            default -> false;
        };
    }

    /** Whether it is one of those that on their own must break nothing. */
    boolean isSingle() {
        return this != PARTITION_PAIR && this != PARTITION_HALF && this != IMPAIR;
    }
}
