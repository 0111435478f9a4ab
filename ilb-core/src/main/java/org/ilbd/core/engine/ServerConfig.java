package org.ilbd.core.engine;

import org.ilbd.core.packet.Endpoint;

/**
 * One server of a service.
 *
 * @param endpoint where the server listens; with {@link Forwarding#DIRECT} its port is the VIP's
 * @param weight share of new connections in relation to the other servers, 0 (none) to 1000
 */
public record ServerConfig(Endpoint endpoint, int weight) {}
