package org.ilbd.core.engine;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;

/**
 * What the ownership of a connection is computed from: its 4-tuple, or, if its service has affinity, its client and the VIP,
 * so that one ILB owns all connections of the client. As one configuration says it, for good: who held a connection before
 * another one is what a handover asks.
 */
final class OwnershipKeys {
    /** No service has affinity. */
    static final OwnershipKeys TUPLES = new OwnershipKeys(List.of());

    private final Map<Endpoint, Affinity> affinities = new HashMap<>();
    private final EndpointIndex<Affinity> byVip = new EndpointIndex<>();
    private final FourTuple client = new FourTuple();

    OwnershipKeys(List<ServiceConfig> services) {
        for (ServiceConfig service : services) {
            service.affinity().ifPresent(affinity -> {
                affinities.put(service.vip(), affinity);
                byVip.put(service.vip(), affinity);
            });
        }
    }

    /** What a connection is ranked by; good until the next call. */
    FourTuple of(FourTuple tuple) {
        Affinity affinity =
                byVip.find(tuple.ipv6(), tuple.destinationHigh(), tuple.destinationLow(), tuple.destinationPort());
        return affinity == null ? tuple : affinity.client(tuple, client);
    }

    /** Whether another one gives every connection the same. */
    boolean isSameAs(OwnershipKeys other) {
        return affinities.equals(other.affinities);
    }
}
