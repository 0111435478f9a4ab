package org.ilbd.daemon.health;

import java.util.Optional;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.AgentSettings;
import org.ilbd.daemon.config.HealthSettings;

/**
 * One server of one service that is to be watched. A server of two services is two targets, since each service has settings of its own.
 *
 * @param service the name of the service
 * @param server its own address and port, also where packets reach it under the VIP
 * @param settings how and how often it is checked
 * @param agent how the agent on its host is asked, if it has one
 */
public record HealthTarget(String service, Endpoint server, HealthSettings settings, Optional<AgentSettings> agent) {}
