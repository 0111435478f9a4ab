package org.ilbd.core.engine;

import java.util.List;
import java.util.Optional;
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
 * @param intake when another server takes the new connections, where one at a time does
 * @param selection who selects servers, and by what besides the scheduler
 * @param policy how its servers' lives are treated
 * @param affinity whether and how all connections of a client go to the same server
 * @param servers of the VIP's address family, fallbacks among them; may be empty
 */
public record ServiceConfig(
        String name,
        Endpoint vip,
        Forwarding forwarding,
        SchedulerKind scheduler,
        double balanceFactor,
        IntakeSettings intake,
        Orphan orphan,
        SelectionPolicy selection,
        ServicePolicy policy,
        Optional<Affinity> affinity,
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
                IntakeSettings.DEFAULT,
                orphan,
                SelectionPolicy.DEFAULT,
                ServicePolicy.DEFAULT,
                Optional.empty(),
                servers);
    }

    /** The same service with another policy. */
    public ServiceConfig withPolicy(ServicePolicy other) {
        return new ServiceConfig(
                name, vip, forwarding, scheduler, balanceFactor, intake, orphan, selection, other, affinity, servers);
    }

    /** The same service, whose clients' connections belong together as that says. */
    public ServiceConfig withAffinity(Affinity other) {
        return new ServiceConfig(
                name,
                vip,
                forwarding,
                scheduler,
                balanceFactor,
                intake,
                orphan,
                selection,
                policy,
                Optional.of(other),
                servers);
    }

    /** The same service with another rule for when its intake changes. */
    public ServiceConfig withIntake(IntakeSettings other) {
        return new ServiceConfig(
                name, vip, forwarding, scheduler, balanceFactor, other, orphan, selection, policy, affinity, servers);
    }

    /** The same service whose servers are selected otherwise. */
    public ServiceConfig withSelection(SelectionPolicy other) {
        return new ServiceConfig(
                name, vip, forwarding, scheduler, balanceFactor, intake, orphan, other, policy, affinity, servers);
    }

    /** The same service with other servers. */
    public ServiceConfig withServers(List<ServerConfig> others) {
        return new ServiceConfig(
                name, vip, forwarding, scheduler, balanceFactor, intake, orphan, selection, policy, affinity, others);
    }
}
