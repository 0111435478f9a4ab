package org.ilbd.core.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which server of a service runs on which ILB's host, as each ILB says of itself. An ILB has one at most in a service: of several
 * that share its host, the one that it named first.
 */
final class HostedServers {
    private @Nullable Server own;
    private @Nullable Server[] byPeer = new Server[0];

    /** The server on the host of the peer at that position, or of this ILB itself for {@link Placement#SELF}; null if there is none. */
    @Nullable
    Server at(int position) {
        if (position == Placement.SELF) {
            return own;
        }
        return position >= 0 && position < byPeer.length ? byPeer[position] : null;
    }

    /** Takes over whether a server is on that host. */
    void set(int position, Server server, boolean isThere) {
        Server known = at(position);
        if (isThere ? known != null && known.configured() : known != server) {
            return;
        }
        if (position == Placement.SELF) {
            own = isThere ? server : null;
            return;
        }
        if (position >= byPeer.length) {
            byPeer = Arrays.copyOf(byPeer, position + 1);
        }
        byPeer[position] = isThere ? server : null;
    }
}
