package org.ilbd.daemon.config;

import java.util.Optional;
import org.ilbd.core.engine.ServiceConfig;

/**
 * One service.
 *
 * @param service what the engine needs to know of it
 * @param health how its servers are checked
 * @param agent how the agents on its servers are asked, if they have any
 */
public record ServiceSettings(ServiceConfig service, HealthSettings health, Optional<AgentSettings> agent) {}
