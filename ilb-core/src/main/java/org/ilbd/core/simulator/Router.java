package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.packet.Endpoint;

/**
 * A router with equal-cost paths: each packet goes to one of the next hops by a hash of its addresses and ports and of a
 * salt, so that a change of the set or of the salt sends nearly every connection to another ILB.
 */
final class Router {
    /** From the end of an ILB to the router's knowing it. */
    static final long DETECTION_NANOS = 500 * EventQueue.MILLISECOND;

    private final List<Integer> nextHops = new ArrayList<>();
    private long salt;

    void add(int ilb) {
        if (!nextHops.contains(ilb)) {
            nextHops.add(ilb);
            nextHops.sort(null);
        }
    }

    void remove(int ilb) {
        nextHops.removeIf(hop -> hop == ilb);
    }

    void reshuffle(long newSalt) {
        salt = newSalt;
    }

    /** Where a packet goes, or -1 if there is nowhere to. */
    int nextHop(Endpoint source, Endpoint destination) {
        if (nextHops.isEmpty()) {
            return -1;
        }
        long x = salt
                ^ (source.address().low() * 0x9E37_79B9_7F4A_7C15L)
                ^ (source.port() * 0xC2B2_AE3D_27D4_EB4FL)
                ^ destination.port();
        x = (x ^ (x >>> 31)) * 0xBF58_476D_1CE4_E5B9L;
        x = (x ^ (x >>> 29)) * 0x94D0_49BB_1331_11EBL;
        return nextHops.get((int) Math.floorMod(x ^ (x >>> 32), (long) nextHops.size()));
    }
}
