package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.PacketBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The packet path allocates nothing: not for a hit, not for a new connection, not between ILBs. */
class EngineAllocationTest {
    private static final int FRONT = 64;
    private static final int SOURCE_PORT_OFFSET = 20;
    private static final int FLAGS_OFFSET = 33;
    private static final String VIP = "10.9.0.1:80";
    private static final Endpoint FIRST = Endpoint.parse("10.2.0.11:7440");
    private static final Endpoint SECOND = Endpoint.parse("10.2.0.12:7440");

    /** Two engines back to back, with an output that keeps nothing. */
    private static final class Pair {
        final MemorySegment wire = Arena.ofAuto().allocate(FRONT + 2_048, 8);
        final Half first;
        final Half second;
        long now = 1;
        long delivered;
        final Deque<Runnable> transfers = new ArrayDeque<>();

        Pair(Authority authority) {
            first = new Half(this, FIRST, SECOND, authority);
            second = new Half(this, SECOND, FIRST, authority);
        }

        void tick() {
            now += Engine.TICK_NANOS;
            first.engine().onTick(now);
            second.engine().onTick(now);
            while (!transfers.isEmpty()) {
                transfers.remove().run();
            }
        }
    }

    private static final class Half implements EngineOutput {
        private final Pair pair;
        private final Endpoint self;
        private final Endpoint other;
        private final Engine engine;

        Half(Pair pair, Endpoint self, Endpoint other, Authority authority) {
            this.pair = pair;
            this.self = self;
            this.other = other;
            this.engine =
                    new Engine(config(self, List.of(other), authority), this, new QuietListener(), Arena.ofAuto(), 1);
        }

        Engine engine() {
            return engine;
        }

        @Override
        public void deliver(Packet packet, Server server) {
            pair.delivered++;
        }

        @Override
        public void returnToClient(Packet packet, Service service) {
            pair.delivered++;
        }

        @Override
        public void reply(Packet packet) {}

        @Override
        public boolean canTransfer(Endpoint peer) {
            return true;
        }

        @Override
        public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
            MemorySegment copy = Arena.ofAuto().allocate(length, Long.BYTES).copyFrom(message.asSlice(offset, length));
            Engine receiver = (peer.equals(FIRST) ? pair.first : pair.second).engine;
            pair.transfers.add(() -> receiver.onTransfer(copy, 0, length, pair.now));
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            Engine receiver = (peer.equals(FIRST) ? pair.first : pair.second).engine;
            MemorySegment.copy(datagram, offset, pair.wire, FRONT, length);
            IpAddress address = self.address();
            receiver.onDatagram(pair.wire, FRONT, length, false, address.high(), address.low(), other.port(), pair.now);
        }
    }

    private static EngineConfig config(Endpoint self, List<Endpoint> peers, Authority authority) {
        return new EngineConfig(
                IlbId.parse(self.address().toString()),
                1,
                OwnershipMode.CRC32_MIXED,
                0,
                self,
                peers,
                Optional.empty(),
                100_000_000,
                400_000_000,
                List.of(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}),
                100_000,
                100_000,
                100_000,
                10_000,
                3_600_000,
                30_000,
                CacheFill.BROADCAST,
                1_000,
                300_000,
                1,
                2,
                List.of(service().withSelection(SelectionPolicy.DEFAULT.by(authority))));
    }

    /** One of the servers is full after its first connection, so that one in eight selections looks for another. */
    private static ServiceConfig service() {
        ServiceConfig service = Settings.service(VIP, 8);
        List<ServerConfig> servers = new ArrayList<>(service.servers());
        servers.set(3, new ServerConfig(servers.get(3).endpoint(), 1, 1, false));
        return service.withServers(servers)
                .withPolicy(new ServicePolicy(
                        1_000_000,
                        OnDown.RESET,
                        AllDown.RESET,
                        1_000_000_000,
                        60_000_000_000L,
                        1_000_000_000,
                        new PassiveHealth(5, 5_000_000_000L, 10_000_000_000L)));
    }

    @ParameterizedTest
    @EnumSource(Authority.class)
    void packetPathAllocatesNothing(Authority authority) {
        Pair pair = new Pair(authority);
        for (int i = 0; i < 100; i++) {
            pair.tick();
        }
        assertThat(pair.first.engine().membership().selfState()).isEqualTo(IlbState.ACTIVE);
        byte[] bytes = PacketBuilder.from("10.1.0.2:1024", VIP)
                .flags(TestCluster.SYN)
                .payload(new byte[100])
                .tcp();
        MemorySegment buffer = Arena.ofAuto().allocate(FRONT + 2_048, 8);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, buffer, FRONT, bytes.length);

        // No later connection has one of these ports, so they stay.
        buffer.set(ValueLayout.JAVA_BYTE, FRONT + SOURCE_PORT_OFFSET, (byte) 0xFF);
        for (int client = 0; client < 32; client++) {
            buffer.set(ValueLayout.JAVA_BYTE, FRONT + SOURCE_PORT_OFFSET + 1, (byte) client);
            pair.first.engine().onPacket(buffer, FRONT, bytes.length, pair.now);
        }
        Server full = pair.first.engine().services().getFirst().servers().get(3);
        assertThat(full.clusterConnections()).isPositive();

        // Connections come, talk and go; each packet enters at either ILB, so half of the SYNs are forwarded.
        IntConsumer packets = round -> {
            pair.tick();
            for (int i = 0; i < 3_000; i++) {
                int port = 1_024 + (round * 1_000 + i / 3) % 60_000;
                int flags = switch (i % 3) {
                    case 0 -> TestCluster.SYN;
                    case 1 -> TestCluster.ACK;
                    default -> TestCluster.FIN_ACK;
                };
                buffer.set(ValueLayout.JAVA_BYTE, FRONT + SOURCE_PORT_OFFSET, (byte) (port >> 8));
                buffer.set(ValueLayout.JAVA_BYTE, FRONT + SOURCE_PORT_OFFSET + 1, (byte) port);
                buffer.set(ValueLayout.JAVA_BYTE, FRONT + FLAGS_OFFSET, (byte) flags);
                Half half = i % 2 == 0 ? pair.first : pair.second;
                pair.now += 1_000;
                half.engine().onPacket(buffer, FRONT, bytes.length, pair.now);
                half.engine().onBatchEnd(pair.now);
            }
        };
        for (int round = 0; round < 300; round++) {
            packets.accept(round);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long deliveredBefore = pair.delivered;
        long least = Long.MAX_VALUE;
        for (int round = 300; round < 340 && least > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            packets.accept(round);
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }

        assertThat(full.clusterConnections())
                .as("full all the time, or over by what the other ILB did not know")
                .isBetween(1, 2);
        assertThat(pair.delivered).isGreaterThan(deliveredBefore);
        assertThat(pair.first.engine().counters().get(Counter.FORWARDED)).isPositive();
        assertThat(pair.first.engine().counters().get(Counter.SELECTION_ANSWERS)
                                + pair.second.engine().counters().get(Counter.SELECTION_ANSWERS)
                        > 0)
                .isEqualTo(authority == Authority.MASTER);
        assertThat(least).as("bytes for 3,000 packets, once compiled").isZero();
    }
}
