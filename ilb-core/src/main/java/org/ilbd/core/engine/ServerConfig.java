package org.ilbd.core.engine;

import org.ilbd.core.packet.Endpoint;

/**
 * One server of a service.
 *
 * @param endpoint where the server listens; with {@link Forwarding#DIRECT} its port is the VIP's
 * @param weight share of new connections in relation to the other servers, 0 (none: it drains) to 1000
 * @param maxConnections of the whole cluster, at which it gets no new ones; 0 for no limit
 * @param fallback whether it is used only while no other server of the service is available
 * @param zone the {@link Zones#number} of where it is, or {@link Zones#NOWHERE}
 */
public record ServerConfig(Endpoint endpoint, int weight, int maxConnections, boolean fallback, int zone) {
    /** The largest weight. */
    public static final int MAX_WEIGHT = 1000;

    /** A server that is in no zone. */
    public ServerConfig(Endpoint endpoint, int weight, int maxConnections, boolean fallback) {
        this(endpoint, weight, maxConnections, fallback, Zones.NOWHERE);
    }

    /** A server without a limit, that is no fallback. */
    public ServerConfig(Endpoint endpoint, int weight) {
        this(endpoint, weight, 0, false);
    }
}
