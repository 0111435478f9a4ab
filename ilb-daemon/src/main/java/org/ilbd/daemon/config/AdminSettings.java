package org.ilbd.daemon.config;

import org.ilbd.core.packet.Endpoint;

/**
 * The admin interface.
 *
 * @param listen where HTTP is served
 */
public record AdminSettings(Endpoint listen) {}
