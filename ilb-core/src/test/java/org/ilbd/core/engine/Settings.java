package org.ilbd.core.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.scheduler.SchedulerKind;

/** What a test can vary in a {@link TestCluster}. */
final class Settings {
    int ilbs = 3;
    int running = Integer.MAX_VALUE;
    private List<ServiceConfig> services = List.of(service("10.9.0.1:80", 3));
    private CacheFill cacheFill = CacheFill.BROADCAST;
    private int established = 1_000;
    private int halfOpen = 1_000;
    private int clients = 1_000;
    private int establishedTimeoutMillis = 3_600_000;
    private long failureTimeoutNanos = 400_000_000;
    private final Map<Integer, List<byte[]>> keys = new HashMap<>();

    Settings ilbs(int count) {
        ilbs = count;
        return this;
    }

    /** How many of them run from the start. */
    Settings running(int count) {
        running = count;
        return this;
    }

    Settings services(ServiceConfig... configs) {
        services = List.of(configs);
        return this;
    }

    Settings cacheFill(CacheFill fill) {
        cacheFill = fill;
        return this;
    }

    Settings halfOpen(int room) {
        halfOpen = room;
        return this;
    }

    Settings clients(int room) {
        clients = room;
        return this;
    }

    Settings established(int room) {
        established = room;
        return this;
    }

    Settings failureTimeoutMillis(int millis) {
        failureTimeoutNanos = millis * 1_000_000L;
        return this;
    }

    Settings establishedTimeoutMillis(int millis) {
        establishedTimeoutMillis = millis;
        return this;
    }

    /** The keys of one ILB, also for its next start: what it signs with, and what it accepts besides. */
    Settings keys(int ilb, byte[]... itsKeys) {
        keys.put(ilb, List.of(itsKeys));
        return this;
    }

    static ServiceConfig service(String vip, int servers) {
        return service(vip, servers, Forwarding.DIRECT, Orphan.HASH);
    }

    static ServiceConfig service(String vip, int servers, Forwarding forwarding, Orphan orphan) {
        Endpoint endpoint = Endpoint.parse(vip);
        List<ServerConfig> configs = new ArrayList<>();
        for (int i = 0; i < servers; i++) {
            String address = endpoint.address().ipv6() ? "fd00:2::1" + i : "10.2.0.10" + i;
            int port = forwarding == Forwarding.NAT ? 8080 : endpoint.port();
            configs.add(new ServerConfig(new Endpoint(IpAddress.parse(address), port), 1));
        }
        return new ServiceConfig("web", endpoint, forwarding, SchedulerKind.ROUND_ROBIN, orphan, configs);
    }

    static IlbId id(int index) {
        return IlbId.parse("10.2.0." + (11 + index));
    }

    static Endpoint endpoint(int index) {
        return Endpoint.parse(id(index) + ":7440");
    }

    EngineConfig config(int index, long incarnation) {
        List<Endpoint> peers = new ArrayList<>();
        for (int i = 0; i < ilbs; i++) {
            if (i != index) {
                peers.add(endpoint(i));
            }
        }
        return new EngineConfig(
                id(index),
                incarnation,
                OwnershipMode.CRC32_MIXED,
                0,
                endpoint(index),
                peers,
                Optional.empty(),
                100_000_000,
                failureTimeoutNanos,
                keys.getOrDefault(index, List.of()),
                established,
                halfOpen,
                clients,
                10_000,
                establishedTimeoutMillis,
                30_000,
                cacheFill,
                1_000,
                300_000,
                1,
                2,
                services);
    }
}
