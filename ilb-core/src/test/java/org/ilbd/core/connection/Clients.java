package org.ilbd.core.connection;

import org.ilbd.core.packet.FourTuple;

/** Connections by number: even numbers are IPv4 clients, odd ones IPv6, and some pairs differ in one component only. */
final class Clients {

    private static final long DOCUMENTATION_PREFIX = 0x20010db8_00000000L; // RFC 3849
    private static final long PRIVATE_NETWORK = 0x0a010000L; // 10.1.0.0, RFC 1918

    private Clients() {}

    static FourTuple tuple(int number) {
        return fill(new FourTuple(), number);
    }

    /** Fills a tuple, and allocates nothing. */
    static FourTuple fill(FourTuple tuple, int number) {
        int port = 1024 + (number & 0x7ff);
        int host = number >>> 11;
        return (number & 1) == 0
                ? tuple.set(false, 0, PRIVATE_NETWORK + host, port, 0, 0x0a090001L, 80)
                : tuple.set(true, DOCUMENTATION_PREFIX + (host & 3), host >>> 2, port, DOCUMENTATION_PREFIX, 9, 80);
    }
}
