package org.ilbd.daemon.health;

import org.ilbd.core.packet.Endpoint;

/** Told whether servers are up. */
@FunctionalInterface
public interface HealthListener {
    /**
     * A server is watched from now on, or went up or down since it is. Called on the health checker's event loop.
     *
     * @param service the name of the service that the server serves
     * @param server the server's address and port
     * @param up what it is now; always true when the watching begins, whatever it was when it was watched before
     */
    void onHealth(String service, Endpoint server, boolean up);
}
