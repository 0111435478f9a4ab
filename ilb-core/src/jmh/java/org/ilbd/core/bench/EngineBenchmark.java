package org.ilbd.core.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
import org.ilbd.core.packet.Packet;
import org.ilbd.core.scheduler.SchedulerKind;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The whole engine for one packet in memory: parse, look up, decide, account; no kernel. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class EngineBenchmark implements EngineOutput, EngineListener {
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int FRONT = 64;
    private static final int SOURCE_ADDRESS = FRONT + 12;
    private static final int TCP_FLAGS = FRONT + 33;
    private static final int LENGTH_BYTES = 40;
    private static final int SYN = 0x02;
    private static final int ACK = 0x10;

    @Param({"100000", "1000000"})
    int connections;

    private final MemorySegment buffer = Arena.ofAuto().allocate(FRONT + 128, 64);
    private final SplittableRandom random = new SplittableRandom(1);
    @SuppressWarnings("NullAway.Init") // by openConnections()
    private Engine engine;
    private long now;
    private long delivered;

    /** Opens all connections. */
    @Setup
    public void openConnections() {
        List<ServerConfig> servers = new ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            servers.add(new ServerConfig(Endpoint.parse("10.2.0." + (100 + i) + ":80"), 1));
        }
        ServiceConfig service = new ServiceConfig(
                "web",
                Endpoint.parse("10.9.0.1:80"),
                Forwarding.DIRECT,
                SchedulerKind.MAGLEV,
                Orphan.HASH,
                servers);
        engine = new Engine(
                new EngineConfig(
                        IlbId.parse("10.2.0.11"),
                        1,
                        OwnershipMode.CRC32_MIXED,
                        0,
                        Endpoint.parse("10.2.0.11:7440"),
                        List.of(),
                        Optional.empty(),
                        100_000_000,
                        400_000_000,
                        List.of(),
                        connections,
                        1_000,
                        1_000,
                        10_000,
                        3_600_000,
                        30_000,
                        CacheFill.BROADCAST,
                        1_000,
                        300_000,
                        1,
                        2,
                        List.of(service)),
                this,
                this,
                Arena.ofAuto(),
                0);
        for (int i = 0; i < 100; i++) {
            now += Engine.TICK_NANOS;
            engine.onTick(now);
        }
        writeHeaders();
        for (int i = 0; i < connections; i++) {
            packet(i, SYN);
            packet(i, ACK);
        }
    }

    /** A packet of an established connection, a random one. */
    @Benchmark
    public long establishedPacket() {
        packet(random.nextInt(connections), ACK);
        return delivered;
    }

    private void packet(int connection, int flags) {
        buffer.set(INT, SOURCE_ADDRESS, 0x0a010000 + connection);
        buffer.set(ValueLayout.JAVA_BYTE, TCP_FLAGS, (byte) flags);
        checksum();
        now += 1_000;
        engine.onPacket(buffer, FRONT, LENGTH_BYTES, now);
    }

    /** A 40-byte TCP packet to 10.9.0.1:80, RFC 791 and RFC 9293. */
    private void writeHeaders() {
        buffer.set(INT, FRONT, 0x45000000 | LENGTH_BYTES);
        buffer.set(INT, FRONT + 4, 0x00004000);
        buffer.set(INT, FRONT + 16, 0x0a090001);
        buffer.set(INT, FRONT + 20, 40_000 << 16 | 80);
        buffer.set(INT, FRONT + 32, 0x50000200);
    }

    private void checksum() {
        buffer.set(INT, FRONT + 8, 0x40060000);
        long sum = 0;
        for (int i = 0; i < 20; i += 4) {
            long word = Integer.toUnsignedLong(buffer.get(INT, FRONT + i));
            sum += (word >>> 16) + (word & 0xffff);
        }
        sum = (sum >>> 16) + (sum & 0xffff);
        sum = (sum >>> 16) + (sum & 0xffff);
        buffer.set(INT, FRONT + 8, 0x40060000 | (int) (~sum & 0xffff));
    }

    @Override
    public void deliver(Packet packet, Server server) {
        delivered++;
    }

    @Override
    public void returnToClient(Packet packet, Service service) {}

    @Override
    public void reply(Packet packet) {}

    @Override
    public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {}

    @Override
    public boolean canTransfer(Endpoint peer) {
        return false;
    }

    @Override
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {}

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
}
