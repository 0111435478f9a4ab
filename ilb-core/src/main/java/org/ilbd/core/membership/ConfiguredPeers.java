package org.ilbd.core.membership;

import java.util.BitSet;
import java.util.List;
import org.ilbd.core.packet.Endpoint;

/** The addresses of the list of peers, and from which of them something was heard since the start. */
final class ConfiguredPeers {
    private final List<Endpoint> endpoints;
    private final BitSet heard = new BitSet();

    ConfiguredPeers(List<Endpoint> endpoints) {
        this.endpoints = List.copyOf(endpoints);
    }

    List<Endpoint> endpoints() {
        return endpoints;
    }

    /** The place of an address in the list, or -1. */
    int indexOf(boolean ipv6, long high, long low, int port) {
        for (int i = 0; i < endpoints.size(); i++) {
            Endpoint endpoint = endpoints.get(i);
            if (endpoint.port() == port
                    && endpoint.address().low() == low
                    && endpoint.address().high() == high
                    && endpoint.address().ipv6() == ipv6) {
                return i;
            }
        }
        return -1;
    }

    /** @param index a place in the list; or -1, and nothing is done */
    void markHeard(int index) {
        if (index >= 0) {
            heard.set(index);
        }
    }

    boolean allHeard() {
        return heard.cardinality() == endpoints.size();
    }
}
