package org.ilbd.core.engine;

import java.util.Arrays;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.protocol.IdMessage;

/** How busy the ILBs' hosts are, per mille, as each has measured it last; {@link IdMessage#UNKNOWN_LOAD} where nobody has said. */
final class HostLoads {
    private final int[] ofPeers = new int[Membership.MAX_PEERS];
    private int own = IdMessage.UNKNOWN_LOAD;

    HostLoads() {
        Arrays.fill(ofPeers, IdMessage.UNKNOWN_LOAD);
    }

    /** The load of the ILB at a position, {@link Placement#SELF} or a peer's; unknown for {@link Placement#NONE}. */
    int of(int position) {
        if (position == Placement.SELF) {
            return own;
        }
        return position == Placement.NONE ? IdMessage.UNKNOWN_LOAD : ofPeers[position];
    }

    /** Takes over what an ILB says of its host. */
    void report(int position, int perMille) {
        if (position == Placement.SELF) {
            own = perMille;
        } else {
            ofPeers[position] = perMille;
        }
    }

    /** A peer has gone. */
    void forget(int position) {
        ofPeers[position] = IdMessage.UNKNOWN_LOAD;
    }
}
