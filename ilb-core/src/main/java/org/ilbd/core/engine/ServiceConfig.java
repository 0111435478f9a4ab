package org.ilbd.core.engine;

import java.util.List;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.scheduler.BoundedLoad;
import org.ilbd.core.scheduler.SchedulerKind;

/**
 * One balanced service.
 *
 * @param name unique among the services
 * @param vip the virtual address and port; unique among the services
 * @param balanceFactor how many times its part of the connections a server may have at most, where the scheduler bounds
 *     that; {@link BoundedLoad#MIN_FACTOR} to {@link BoundedLoad#MAX_FACTOR}
 * @param selection who selects servers, and by what besides the scheduler
 * @param policy how its servers' lives are treated
 * @param servers of the VIP's address family, fallbacks among them; may be empty
 */
public record ServiceConfig(
        String name,
        Endpoint vip,
        Forwarding forwarding,
        SchedulerKind scheduler,
        double balanceFactor,
        Orphan orphan,
        SelectionPolicy selection,
        ServicePolicy policy,
        List<ServerConfig> servers) {
    /** Copies the list. */
    public ServiceConfig {
        servers = List.copyOf(servers);
    }

    /** A service with the default settings. */
    public ServiceConfig(
            String name,
            Endpoint vip,
            Forwarding forwarding,
            SchedulerKind scheduler,
            Orphan orphan,
            List<ServerConfig> servers) {
        this(
                name,
                vip,
                forwarding,
                scheduler,
                BoundedLoad.DEFAULT_FACTOR,
                orphan,
                SelectionPolicy.DEFAULT,
                ServicePolicy.DEFAULT,
                servers);
    }

    /** The same service with another policy. */
    public ServiceConfig withPolicy(ServicePolicy other) {
        return new ServiceConfig(name, vip, forwarding, scheduler, balanceFactor, orphan, selection, other, servers);
    }

    /** The same service whose servers are selected otherwise. */
    public ServiceConfig withSelection(SelectionPolicy other) {
        return new ServiceConfig(name, vip, forwarding, scheduler, balanceFactor, orphan, other, policy, servers);
    }

    /** The same service with other servers. */
    public ServiceConfig withServers(List<ServerConfig> others) {
        return new ServiceConfig(name, vip, forwarding, scheduler, balanceFactor, orphan, selection, policy, others);
    }
}
