package org.ilbd.daemon.health;

import org.ilbd.core.packet.Endpoint;

/** Told when a server goes up or down. */
@FunctionalInterface
public interface HealthListener {
    /**
     * A server changed its state. Called on the health checker's event loop, once for each change; a server that was never reported is up.
     *
     * @param service the name of the service that the server serves
     * @param server the server's address and port
     * @param up what it is now
     */
    void onHealthChange(String service, Endpoint server, boolean up);
}
