package org.ilbd.daemon.admin;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineListener;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Ipv4Header;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.TcpHeader;
import org.ilbd.core.scheduler.SchedulerKind;

/** A real engine of an ILB that is alone, with two services, whose output goes nowhere. */
final class TestEngine implements EngineOutput, EngineListener, AutoCloseable {
    static final ServiceConfig WEB = new ServiceConfig(
            "web",
            Endpoint.parse("10.9.0.1:80"),
            Forwarding.DIRECT,
            SchedulerKind.ROUND_ROBIN,
            Orphan.DROP,
            List.of(server("10.2.0.101:80", 2), server("10.2.0.102:80", 1)));
    static final ServiceConfig SHOP = new ServiceConfig(
            "shop",
            Endpoint.parse("[2001:db8:9::1]:443"),
            Forwarding.NAT,
            SchedulerKind.MAGLEV,
            Orphan.HASH,
            List.of(server("[2001:db8:2::65]:8443", 1)));

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final Arena memory = Arena.ofShared();
    private final MemorySegment buffer = memory.allocate(2048);
    private long nowNanos;
    private final Engine engine = new Engine(
            new EngineConfig(
                    IlbId.parse("10.2.0.11"),
                    1,
                    OwnershipMode.CRC32_MIXED,
                    0,
                    Endpoint.parse("10.2.0.11:7440"),
                    List.of(Endpoint.parse("10.2.0.12:7440")),
                    Optional.empty(),
                    MILLISECONDS.toNanos(100),
                    MILLISECONDS.toNanos(400),
                    List.of(),
                    1000,
                    100,
                    50,
                    10_000,
                    3_600_000,
                    30_000,
                    CacheFill.BROADCAST,
                    500,
                    300_000,
                    1,
                    2,
                    List.of(WEB, SHOP)),
            this,
            this,
            memory,
            nowNanos);

    static ServerConfig server(String endpoint, int weight) {
        return new ServerConfig(Endpoint.parse(endpoint), weight);
    }

    Engine engine() {
        return engine;
    }

    /** Waits for the peer that is not there until this ILB goes on without it. */
    void becomeActive() {
        for (int tick = 0; tick < 50; tick++) {
            tick();
        }
    }

    long nowNanos() {
        return nowNanos;
    }

    void tick() {
        nowNanos += Engine.TICK_NANOS;
        engine.onTick(nowNanos);
    }

    void leave() {
        engine.leave(nowNanos);
    }

    /** A packet without content comes from the network: 40 bytes in IPv4, 60 in IPv6. */
    void receive(String source, String destination, int tcpFlags) {
        Endpoint from = Endpoint.parse(source);
        Endpoint to = Endpoint.parse(destination);
        boolean ipv6 = from.address().ipv6();
        int offset = 64;
        buffer.fill((byte) 0);
        if (ipv6) {
            buffer.set(ValueLayout.JAVA_BYTE, offset, (byte) 0x60);
            buffer.set(SHORT, offset + 4, (short) TcpHeader.MIN_LENGTH_BYTES);
            buffer.set(ValueLayout.JAVA_BYTE, offset + 6, (byte) Ipv4Header.PROTOCOL_TCP);
            buffer.set(ValueLayout.JAVA_BYTE, offset + 7, (byte) 64);
            MemorySegment.copy(from.address().toBytes(), 0, buffer, ValueLayout.JAVA_BYTE, offset + 8, 16);
            MemorySegment.copy(to.address().toBytes(), 0, buffer, ValueLayout.JAVA_BYTE, offset + 24, 16);
        } else {
            Ipv4Header.write(
                    buffer,
                    offset,
                    Ipv4Header.MIN_LENGTH_BYTES + TcpHeader.MIN_LENGTH_BYTES,
                    0,
                    Ipv4Header.DONT_FRAGMENT,
                    64,
                    Ipv4Header.PROTOCOL_TCP,
                    (int) from.address().low(),
                    (int) to.address().low());
        }
        int headerLength = ipv6 ? 40 : Ipv4Header.MIN_LENGTH_BYTES;
        buffer.set(SHORT, offset + headerLength, (short) from.port());
        buffer.set(SHORT, offset + headerLength + 2, (short) to.port());
        buffer.set(SHORT, offset + headerLength + 12, (short) (5 << 12 | tcpFlags));
        engine.onPacket(buffer, offset, headerLength + TcpHeader.MIN_LENGTH_BYTES, nowNanos);
    }

    @Override
    public void close() {
        memory.close();
    }

    @Override
    public void deliver(Packet packet, Server server) {}

    @Override
    public void returnToClient(Packet packet, Service service) {}

    @Override
    public void reply(Packet packet) {}

    @Override
    public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {}

    @Override
    public void viewChanged(List<IlbId> activeIds) {}

    @Override
    public void peerStateChanged(Peer peer, IlbState from, IlbState to) {}

    @Override
    public void selfStateChanged(IlbState from, IlbState to) {}

    @Override
    public void peerRestarted(Peer peer, long oldIncarnation) {}

    @Override
    public void broadcastGap(Peer peer) {}

    @Override
    public void wasAway(long awayNanos) {}

    @Override
    public void duplicateId(Endpoint source, long incarnation) {}

    @Override
    public void viewsDiffer(Peer peer, boolean differ) {}

    @Override
    public boolean canTransfer(Endpoint peer) {
        return false;
    }

    @Override
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {}
}
