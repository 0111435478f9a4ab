package org.ilbd.core.engine;

import java.util.List;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.scheduler.SchedulerKind;

/**
 * One balanced service.
 *
 * @param name unique among the services
 * @param vip the virtual address and port; unique among the services
 * @param servers of the VIP's address family; may be empty
 */
public record ServiceConfig(
        String name,
        Endpoint vip,
        Forwarding forwarding,
        SchedulerKind scheduler,
        Orphan orphan,
        List<ServerConfig> servers) {
    /** Copies the list. */
    public ServiceConfig {
        servers = List.copyOf(servers);
    }
}
