package org.ilbd.daemon;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Ipv4Header;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.TcpHeader;
import org.ilbd.core.scheduler.SchedulerKind;

/**
 * What an ILB does, done once in memory before it does it in earnest: three engines, of which the first takes in connections and hands them
 * over to the others, which join; all take in more; when one dies, the two hand over to each other what it held, and the last is left alone.
 * So the engine's classes are loaded and its methods compiled when the first packet comes; an ILB that has just started is a newcomer, and is
 * handed more in its first second than in the hour after that.
 *
 * <p>It is a matter of speed only: that it ends early, since its time is up, does no harm.
 */
final class Rehearsal {
    /** Methods are compiled with all optimisations after some 10,000 calls. */
    static final int CONNECTIONS = 5_000;

    /** Between two ticks. */
    private static final int BURST = 200;

    private static final int MAX_TICKS = 2_000;

    private static final int FRONT = 64;
    private static final int PACKET_BYTES = Ipv4Header.MIN_LENGTH_BYTES + TcpHeader.MIN_LENGTH_BYTES;
    private static final int TIME_TO_LIVE = 64;
    private static final int PORT = 80;

    /** Of TEST-NET-1 (RFC 5737): nothing of this leaves the process. */
    private static final Endpoint FIRST = Endpoint.parse("192.0.2.1:7440");

    private static final Endpoint SECOND = Endpoint.parse("192.0.2.2:7440");
    private static final Endpoint THIRD = Endpoint.parse("192.0.2.3:7440");
    private static final List<Endpoint> ALL = List.of(FIRST, SECOND, THIRD);
    private static final Endpoint VIP = Endpoint.parse("192.0.2.10:" + PORT);
    private static final int VIP_ADDRESS = 0xc000020a;
    private static final int FIRST_CLIENT = 0x0a000000;

    private static final long HEARTBEAT_NANOS = Engine.TICK_NANOS;
    private static final long FAILURE_TIMEOUT_NANOS = 4 * HEARTBEAT_NANOS;
    private static final int TIMEOUT_MILLIS = 1_000_000;

    private final List<byte[]> keys;
    private final Arena memory;
    private final BooleanSupplier inTime;
    private final MemorySegment buffer;
    private final List<Actor> actors = new ArrayList<>();
    private final Deque<Message> inFlight = new ArrayDeque<>();
    private long now;

    private record Message(Endpoint from, Endpoint to, byte[] bytes, boolean stream) {}

    private Rehearsal(List<byte[]> keys, Arena memory, BooleanSupplier inTime) {
        this.keys = keys;
        this.memory = memory;
        this.inTime = inTime;
        // As what comes in is.
        buffer = Arena.ofAuto().allocate(FRONT + 0x10000, Long.BYTES);
    }

    /**
     * Rehearses, on this thread.
     *
     * @param keys of the cluster: with a key messages are signed
     * @param inTime whether to go on
     * @param last sees the newcomer, which holds all connections at the end if there was time
     */
    static void run(List<byte[]> keys, BooleanSupplier inTime, Consumer<Engine> last) {
        // Of the kind that the tables of the real engine are in.
        try (Arena memory = Arena.ofShared()) {
            last.accept(new Rehearsal(keys, memory, inTime).run());
        }
    }

    private Engine run() {
        Actor first = join(FIRST);
        takeIn(0, List.of(first));
        Actor second = join(SECOND);
        Actor third = join(THIRD);
        takeIn(CONNECTIONS, actors);
        actors.remove(first);
        tickUntil(() -> third.engine.membership().activeIds().size() == 2
                && third.engine.owned().size() == 2 * CONNECTIONS);
        actors.remove(second);
        tickUntil(() -> third.engine.ownedCount() == 2 * CONNECTIONS);
        return third.engine;
    }

    private Actor join(Endpoint bind) {
        Actor actor = new Actor(bind);
        actors.add(actor);
        tickUntil(actor::isActive);
        return actor;
    }

    private void tickUntil(BooleanSupplier end) {
        for (int i = 0; i < MAX_TICKS && inTime.getAsBoolean() && !end.getAsBoolean(); i++) {
            tick();
        }
    }

    private void takeIn(int from, List<Actor> by) {
        for (int i = from; i < from + CONNECTIONS && inTime.getAsBoolean(); i++) {
            packet(by.get(i % by.size()), i, TcpHeader.SYN);
            settle();
            // By another way, as routers do.
            packet(by.get((i + 1) % by.size()), i, TcpHeader.ACK);
            if (i % BURST == 0) {
                by.forEach(actor -> actor.engine.onBatchEnd(now));
                tick();
            }
        }
        tick();
    }

    private void packet(Actor at, int connection, int flags) {
        ByteBuffer packet = buffer.asSlice(FRONT, PACKET_BYTES).fill((byte) 0).asByteBuffer();
        Ipv4Header.write(
                buffer,
                FRONT,
                PACKET_BYTES,
                0,
                Ipv4Header.DONT_FRAGMENT,
                TIME_TO_LIVE,
                Ipv4Header.PROTOCOL_TCP,
                FIRST_CLIENT + connection,
                VIP_ADDRESS);
        packet.position(Ipv4Header.MIN_LENGTH_BYTES)
                .putShort((short) (1 + connection))
                .putShort((short) PORT)
                .putLong(0)
                .put((byte) ((TcpHeader.MIN_LENGTH_BYTES / Integer.BYTES) << 4))
                .put((byte) flags);
        at.engine.onPacket(buffer, FRONT, PACKET_BYTES, now);
    }

    private void tick() {
        now += Engine.TICK_NANOS;
        for (Actor actor : actors) {
            actor.engine.onTick(now);
        }
        settle();
    }

    private void settle() {
        for (Message message = inFlight.poll(); message != null; message = inFlight.poll()) {
            for (Actor actor : actors) {
                if (actor.bind.equals(message.to())) {
                    arrive(message, actor.engine);
                }
            }
        }
    }

    private void arrive(Message message, Engine engine) {
        int length = message.bytes().length;
        MemorySegment.copy(message.bytes(), 0, buffer, ValueLayout.JAVA_BYTE, FRONT, length);
        if (message.stream()) {
            engine.onTransfer(buffer, FRONT, length, now);
            return;
        }
        IpAddress source = message.from().address();
        engine.onDatagram(
                buffer,
                FRONT,
                length,
                source.ipv6(),
                source.high(),
                source.low(),
                message.from().port(),
                now);
    }

    private EngineConfig config(Endpoint bind) {
        ServiceConfig service = new ServiceConfig(
                "rehearsal",
                VIP,
                Forwarding.DIRECT,
                SchedulerKind.MAGLEV,
                Orphan.HASH,
                List.of(
                        new ServerConfig(Endpoint.parse("192.0.2.11:80"), 1),
                        new ServerConfig(Endpoint.parse("192.0.2.12:80"), 1)));
        return new EngineConfig(
                IlbId.parse(bind.address().toString()),
                1,
                OwnershipMode.CRC32_MIXED,
                0,
                bind,
                ALL.stream().filter(peer -> !peer.equals(bind)).toList(),
                Optional.empty(),
                HEARTBEAT_NANOS,
                FAILURE_TIMEOUT_NANOS,
                keys,
                2 * CONNECTIONS,
                2 * CONNECTIONS,
                0,
                TIMEOUT_MILLIS,
                TIMEOUT_MILLIS,
                TIMEOUT_MILLIS,
                CacheFill.BROADCAST,
                CONNECTIONS,
                TIMEOUT_MILLIS,
                0,
                0,
                List.of(service));
    }

    /** One of the ILBs. */
    private final class Actor implements EngineOutput {
        private final Endpoint bind;
        private final Engine engine;

        Actor(Endpoint bind) {
            this.bind = bind;
            engine = new Engine(config(bind), this, new EventLog(line -> {}), memory, now);
        }

        boolean isActive() {
            return engine.membership().selfState() == IlbState.ACTIVE;
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            put(peer, datagram, offset, length, false);
        }

        @Override
        public boolean canTransfer(Endpoint peer) {
            return true;
        }

        @Override
        public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
            put(peer, message, offset, length, true);
        }

        private void put(Endpoint peer, MemorySegment message, long offset, int length, boolean stream) {
            byte[] bytes = message.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            inFlight.add(new Message(bind, peer, bytes, stream));
        }

        @Override
        public void deliver(Packet packet, Server server) {}

        @Override
        public void returnToClient(Packet packet, Service service) {}

        @Override
        public void reply(Packet packet) {}
    }
}
