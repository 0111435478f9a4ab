package org.ilbd.core.ownership;

import java.util.Random;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;

/** 4-tuples for tests. */
final class Connections {
    private static final Endpoint VIP_IPV4 = Endpoint.parse("10.9.0.1:80");
    private static final Endpoint VIP_IPV6 = Endpoint.parse("[2001:db8:9::1]:443");
    private static final long NETWORK_IPV6 = 0x2001_0DB8_0001_0000L;

    private static final int FIRST_PORT = 32_768;
    private static final int PORTS = 28_000;

    private Connections() {}

    /**
     * The n-th connection of neighbouring clients that count their ports upwards, as Linux does: close together,
     * which is where a bad hash shows.
     */
    static FourTuple successive(FourTuple tuple, boolean ipv6, int n) {
        Endpoint vip = ipv6 ? VIP_IPV6 : VIP_IPV4;
        return tuple.set(
                ipv6,
                ipv6 ? NETWORK_IPV6 : 0,
                (ipv6 ? 0 : 0x0A01_0000) + 2 + n % 200,
                FIRST_PORT + n / 200 % PORTS,
                vip.address().high(),
                vip.address().low(),
                vip.port());
    }

    /** Any connection at all. */
    static FourTuple random(FourTuple tuple, boolean ipv6, Random random) {
        return tuple.set(
                ipv6,
                ipv6 ? random.nextLong() : 0,
                ipv6 ? random.nextLong() : random.nextInt() & 0xFFFF_FFFFL,
                random.nextInt(65_536),
                ipv6 ? random.nextLong() : 0,
                ipv6 ? random.nextLong() : random.nextInt() & 0xFFFF_FFFFL,
                random.nextInt(65_536));
    }
}
