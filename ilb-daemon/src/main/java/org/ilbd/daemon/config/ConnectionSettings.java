package org.ilbd.daemon.config;

import java.time.Duration;

/**
 * Room and timeouts of the table of owned connections.
 *
 * @param established room for established and closing associations
 * @param halfOpen room for half-open associations
 * @param clients room for clients of services with affinity
 * @param halfOpenTimeout until an association is dropped after its last packet, while the handshake is not complete
 * @param establishedTimeout the same for an established connection
 * @param closingTimeout the same after a FIN in each direction or a RST was seen
 */
public record ConnectionSettings(
        int established,
        int halfOpen,
        int clients,
        Duration halfOpenTimeout,
        Duration establishedTimeout,
        Duration closingTimeout) {}
