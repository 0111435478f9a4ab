package org.ilbd.daemon.health;

import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.packet.Endpoint;

/** Told what health checks and agents say of servers. */
@FunctionalInterface
public interface HealthListener {
    /**
     * A server is watched from now on, or its checks have turned, or its agent has answered. Called on the health checker's event loop.
     *
     * @param service the name of the service that the server serves
     * @param server the server's address and port
     * @param report of the check: up when the watching begins, whatever it was when it was watched before; of the agent: what it has said this
     *     time, or that it counts no more
     */
    void onReport(String service, Endpoint server, ServerReport report);
}
