package org.ilbd.core.simulator;

import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.CacheFill;

/**
 * Looks at one ILB's tables (design, invariant 6): at their sizes after each step, against the room that the schedule gives
 * them, not what they take themselves to have; at what a SYN does to established associations, and now and then inside.
 */
final class TableChecks {
    private final SimulatedIlb ilb;
    private final OwnedConnections owned;
    private final AssociationCache cache;
    private final Schedule schedule;
    private final Oracle oracle;
    private int establishedBefore;

    TableChecks(SimulatedIlb ilb, Schedule schedule, Oracle oracle) {
        this.ilb = ilb;
        this.owned = ilb.engine.owned();
        this.cache = ilb.engine.cache();
        this.schedule = schedule;
        this.oracle = oracle;
    }

    void checkSizes() {
        int halfOpen = owned.size(ConnectionState.HALF_OPEN);
        check("half-open connections", halfOpen, schedule.halfOpenRoom());
        int clients = owned.clients();
        check("established and closing connections", owned.size() - halfOpen - clients, Cluster.ESTABLISHED_ROOM);
        check("clients", clients, schedule.affinity() ? Cluster.CLIENT_ROOM : 0);
        check("cached associations", cache.size(), schedule.cacheFill() == CacheFill.OFF ? 1 : schedule.cacheRoom());
    }

    private void check(String what, int size, int room) {
        if (size > room) {
            oracle.violation(6, ilb + " has " + size + " " + what + ", and room for " + room, null);
        }
    }

    /** Before a packet is handled. */
    void before(Segment segment) {
        establishedBefore = owned.size(ConnectionState.ESTABLISHED) - (isHeld(segment) ? 1 : 0);
    }

    /** A SYN may cost no established association but that of its own 4-tuple, whose server may have gone. */
    void after(Segment segment) {
        int established = owned.size(ConnectionState.ESTABLISHED) - (isHeld(segment) ? 1 : 0);
        if (segment.isSyn() && established < establishedBefore) {
            oracle.violation(
                    6,
                    segment + " has cost " + ilb + " " + (establishedBefore - established)
                            + " established associations of others",
                    null);
        }
    }

    private boolean isHeld(Segment segment) {
        int slot = owned.find(ilb.engine.services().get(0).index(), segment.tuple());
        return slot != OwnedConnections.NONE && owned.state(slot) == ConnectionState.ESTABLISHED;
    }

    /** Walks over both tables. */
    void checkInside() {
        try {
            owned.checkConsistency();
            cache.checkConsistency();
        } catch (IllegalStateException e) {
            oracle.violation(6, ilb + ": " + e.getMessage(), null);
        }
    }
}
