package org.ilbd.daemon.health;

import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthSettings;

/**
 * One server of one service that is to be watched. A server of two services is two targets, since each service has settings of its own.
 *
 * @param service the name of the service
 * @param server where to connect to
 * @param settings how and how often
 */
public record HealthTarget(String service, Endpoint server, HealthSettings settings) {}
