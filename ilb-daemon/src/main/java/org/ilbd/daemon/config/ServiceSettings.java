package org.ilbd.daemon.config;

import org.ilbd.core.engine.ServiceConfig;

/**
 * One service.
 *
 * @param service what the engine needs to know of it
 * @param health how its servers are checked
 */
public record ServiceSettings(ServiceConfig service, HealthSettings health) {}
