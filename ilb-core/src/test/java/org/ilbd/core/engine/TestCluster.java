package org.ilbd.core.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.PacketBuilder;

/** Real engines, one clock and a network between them that a test can look into. */
final class TestCluster {
    static final int SYN = 0x02;
    static final int ACK = 0x10;
    static final int FIN_ACK = 0x11;
    static final int RST = 0x04;
    static final int SYN_ACK = 0x12;

    private static final int FRONT = 64;
    private static final long TICK = Engine.TICK_NANOS;

    /** A packet that left the cluster for a server. */
    record Delivery(int ilb, Server server, String tuple, int tcpFlags) {}

    /** A packet that left the cluster for a client. */
    record Outgoing(int ilb, byte[] packet, Optional<Service> service) {}

    /** One ILB, and what it did. */
    final class Ilb implements EngineOutput {
        final int index;
        final Endpoint bind;
        Engine engine;
        boolean alive = true;

        Ilb(int index, Endpoint bind, EngineConfig config) {
            this.index = index;
            this.bind = bind;
            this.engine = new Engine(config, this, new QuietListener(), Arena.ofAuto(), now);
        }

        @Override
        public void deliver(Packet packet, Server server) {
            deliveries.add(new Delivery(index, server, packet.tuple().toString(), packet.tcpFlags()));
        }

        @Override
        public void returnToClient(Packet packet, Service service) {
            outgoing.add(new Outgoing(index, bytes(packet), Optional.of(service)));
        }

        @Override
        public void reply(Packet packet) {
            outgoing.add(new Outgoing(index, bytes(packet), Optional.empty()));
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            byte[] copy = datagram.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            inFlight.add(new InFlight(bind, peer, copy, false));
        }

        @Override
        public boolean canTransfer(Endpoint peer) {
            return ilbs.stream().anyMatch(ilb -> ilb.alive && ilb.bind.equals(peer));
        }

        @Override
        public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
            byte[] copy = message.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            inFlight.add(new InFlight(bind, peer, copy, true));
        }
    }

    /** A datagram between ILBs, or a message on a transfer stream. */
    record InFlight(Endpoint from, Endpoint to, byte[] payload, boolean stream) {}

    final List<Ilb> ilbs = new ArrayList<>();
    final List<Delivery> deliveries = new ArrayList<>();
    final List<Outgoing> outgoing = new ArrayList<>();
    private final Deque<InFlight> inFlight = new ArrayDeque<>();
    private final MemorySegment buffer = Arena.ofAuto().allocate(FRONT + 65_536, 8);
    private final Settings settings;
    private Predicate<InFlight> loses = datagram -> false;
    long now = 1_000_000_000_000L;

    /** What a test can vary. */
    static final class Settings {
        int ilbs = 3;
        List<ServiceConfig> services = List.of(service("10.9.0.1:80", 3));
        CacheFill cacheFill = CacheFill.BROADCAST;
        int established = 1_000;
        int halfOpen = 1_000;
        int cacheCapacity = 1_000;
        int establishedTimeoutMillis = 3_600_000;

        Settings ilbs(int count) {
            ilbs = count;
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

        Settings established(int room) {
            established = room;
            return this;
        }

        Settings establishedTimeoutMillis(int millis) {
            establishedTimeoutMillis = millis;
            return this;
        }
    }

    TestCluster(Settings settings) {
        this.settings = settings;
        for (int i = 0; i < settings.ilbs; i++) {
            ilbs.add(new Ilb(i, endpoint(i), config(i, 1)));
        }
        advanceMillis(1_000);
    }

    static TestCluster of(int ilbs) {
        return new TestCluster(new Settings().ilbs(ilbs));
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
        return new ServiceConfig(
                "web", endpoint, forwarding, org.ilbd.core.scheduler.SchedulerKind.ROUND_ROBIN, orphan, configs);
    }

    private static Endpoint endpoint(int index) {
        return Endpoint.parse("10.2.0." + (11 + index) + ":7440");
    }

    private EngineConfig config(int index, long incarnation) {
        List<Endpoint> peers = new ArrayList<>();
        for (int i = 0; i < settings.ilbs; i++) {
            if (i != index) {
                peers.add(endpoint(i));
            }
        }
        return new EngineConfig(
                IlbId.parse("10.2.0." + (11 + index)),
                incarnation,
                OwnershipMode.CRC32_MIXED,
                0,
                endpoint(index),
                peers,
                Optional.empty(),
                100_000_000,
                400_000_000,
                List.of(),
                settings.established,
                settings.halfOpen,
                10_000,
                settings.establishedTimeoutMillis,
                30_000,
                settings.cacheFill,
                settings.cacheCapacity,
                300_000,
                1,
                2,
                settings.services);
    }

    Ilb ilb(int index) {
        return ilbs.get(index);
    }

    /** Lets that much time pass, tick by tick, and everything arrive that is sent meanwhile. */
    void advanceMillis(int millis) {
        for (long end = now + millis * 1_000_000L; now < end; now += TICK) {
            for (Ilb ilb : ilbs) {
                if (ilb.alive) {
                    ilb.engine.onTick(now);
                }
            }
            settle();
        }
    }

    /** Delivers datagrams until none is under way. */
    void settle() {
        int bound = 100_000;
        while (!inFlight.isEmpty()) {
            if (bound-- == 0) {
                throw new AssertionError("datagrams go round for ever");
            }
            InFlight datagram = inFlight.remove();
            if (datagram.stream() || !loses.test(datagram)) {
                arrive(datagram);
            }
        }
    }

    private void arrive(InFlight datagram) {
        for (Ilb ilb : ilbs) {
            if (ilb.alive && ilb.bind.equals(datagram.to())) {
                MemorySegment.copy(
                        datagram.payload(), 0, buffer, ValueLayout.JAVA_BYTE, FRONT, datagram.payload().length);
                if (datagram.stream()) {
                    ilb.engine.onTransfer(buffer, FRONT, datagram.payload().length, now);
                    continue;
                }
                IpAddress source = datagram.from().address();
                ilb.engine.onDatagram(
                        buffer,
                        FRONT,
                        datagram.payload().length,
                        source.ipv6(),
                        source.high(),
                        source.low(),
                        datagram.from().port(),
                        now);
            }
        }
    }

    /** Which datagrams get lost from now on. */
    void loses(Predicate<InFlight> predicate) {
        loses = predicate;
    }

    /** A client's packet reaches an ILB; the deliveries that come of it. */
    List<Delivery> send(int ilb, String client, String vip, int flags) {
        return send(ilb, PacketBuilder.from(client, vip).flags(flags).tcp());
    }

    List<Delivery> send(int ilb, byte[] packet) {
        int before = deliveries.size();
        put(packet);
        ilbs.get(ilb).engine.onPacket(buffer, FRONT, packet.length, now);
        settle();
        return new ArrayList<>(deliveries.subList(before, deliveries.size()));
    }

    /** The same packet again and again, without anything of the test's between, to measure. */
    void put(byte[] packet) {
        buffer.asSlice(0, FRONT).fill((byte) 0);
        MemorySegment.copy(packet, 0, buffer, ValueLayout.JAVA_BYTE, FRONT, packet.length);
    }

    MemorySegment buffer() {
        return buffer;
    }

    int packetOffset() {
        return FRONT;
    }

    void kill(int ilb) {
        ilbs.get(ilb).alive = false;
    }

    /** Starts an ILB anew under its id. */
    void restart(int ilb) {
        ilbs.set(ilb, new Ilb(ilb, endpoint(ilb), config(ilb, now)));
    }

    /** Opens a connection through one ILB, up to the first ACK; the server that has it. */
    Server open(int ilb, String client, String vip) {
        List<Delivery> syn = send(ilb, client, vip, SYN);
        if (syn.size() != 1) {
            throw new AssertionError("the SYN was delivered " + syn.size() + " times");
        }
        advanceMillis(10);
        send(ilb, client, vip, ACK);
        advanceMillis(10);
        return syn.get(0).server();
    }

    private static byte[] bytes(Packet packet) {
        return packet.segment().asSlice(packet.offset(), packet.length()).toArray(ValueLayout.JAVA_BYTE);
    }
}
