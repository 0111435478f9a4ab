package org.ilbd.core.scheduler;

/**
 * A policy by which a server is selected for a new connection. A server that is not available, or has weight 0, is
 * never selected. Not safe for use by several threads.
 */
public sealed interface Scheduler
        permits Maglev, RoundRobin, LeastConnections, RandomTwoChoices, LeastLoad, BoundedLoad, Intake, Peer {
    /** Stands for a server where none is available. */
    int NONE = -1;

    /**
     * Takes note of the set, or of a change of a weight or an availability in it; a change of a number of connections
     * or of a load needs no update. Control path: may allocate. The set is read again by later selections.
     */
    void update(ServerSet servers);

    /**
     * Selects a server. Packet path.
     *
     * @param connectionHash {@link SchedulerKind#hash} of the connection
     * @return the server's position in the set of the last update, or {@link #NONE} when no server is available
     */
    int select(long connectionHash);
}
