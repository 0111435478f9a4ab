package org.ilbd.core.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.PacketBuilder;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.MessageType;

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

    /** Room for a packet in a batch, with what stands in front of it. */
    private static final int PACKET_ROOM = FRONT + 65_536;

    /** A packet that left the cluster for a client. */
    record Outgoing(int ilb, byte[] packet, Optional<Service> service) {}

    /** One ILB, and what it did. */
    final class Ilb implements EngineOutput {
        final int index;
        final Endpoint bind;
        Engine engine;
        boolean alive = true;
        boolean paused;
        /** Whether its transfer streams take messages. */
        boolean streamsOpen = true;
        /** Whether the next delivery meets a defect. */
        boolean defective;

        Ilb(int index, Endpoint bind, EngineConfig config) {
            this.index = index;
            this.bind = bind;
            this.engine = new Engine(config, this, new QuietListener(), Arena.ofAuto(), now);
        }

        boolean isRunning() {
            return alive && !paused;
        }

        IlbState state() {
            return engine.membership().selfState();
        }

        /** Whether its LTOC has a connection, and for which server. */
        Optional<Endpoint> held(String client, String vip) {
            FourTuple tuple = new FourTuple().set(Endpoint.parse(client), Endpoint.parse(vip));
            Service service = engine.services().stream()
                    .filter(candidate -> candidate.vip().toString().equals(vip))
                    .findAny()
                    .orElseThrow();
            int slot = engine.owned().find(service.index(), tuple);
            return service.servers().stream()
                    .filter(server ->
                            slot >= 0 && server.index() == engine.owned().server(slot))
                    .map(Server::endpoint)
                    .findAny();
        }

        @Override
        public void deliver(Packet packet, Server server) {
            if (defective) {
                defective = false;
                throw new IllegalStateException("a defect");
            }
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
            return streamsOpen && ilbs.stream().anyMatch(ilb -> ilb.alive && ilb.bind.equals(peer));
        }

        @Override
        public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
            byte[] copy = message.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            inFlight.add(new InFlight(bind, peer, copy, true));
        }
    }

    /** A datagram between ILBs, or a message on a transfer stream. */
    record InFlight(Endpoint from, Endpoint to, byte[] payload, boolean stream) {
        boolean isOfType(MessageType type) {
            return payload[MessageHeader.TYPE_OFFSET] == (byte) type.code();
        }
    }

    final List<Ilb> ilbs = new ArrayList<>();
    final List<Delivery> deliveries = new ArrayList<>();
    final List<Outgoing> outgoing = new ArrayList<>();
    private final Deque<InFlight> inFlight = new ArrayDeque<>();
    /** What a stopped process finds when it goes on, and what streams retransmit for as long as the network is cut. */
    private final List<InFlight> waiting = new ArrayList<>();

    private final Set<Endpoint> cutOff = new HashSet<>();
    private final MemorySegment buffer = Arena.ofAuto().allocate(FRONT + 65_536, 8);
    private final Settings settings;
    private Predicate<InFlight> loses = datagram -> false;
    private Predicate<InFlight> holds = message -> false;
    long now = 1_000_000_000_000L;

    TestCluster(Settings settings) {
        this.settings = settings;
        for (int i = 0; i < settings.ilbs; i++) {
            ilbs.add(new Ilb(i, Settings.endpoint(i), settings.config(i, 1)));
            ilbs.get(i).alive = i < settings.running;
        }
        advanceMillis(1_000);
    }

    /** A cluster of that many, all of them running. */
    static TestCluster of(int ilbs) {
        return new TestCluster(new Settings().ilbs(ilbs));
    }

    Ilb ilb(int index) {
        return ilbs.get(index);
    }

    /** Lets that much time pass, tick by tick, and everything arrive that is sent meanwhile. */
    void advanceMillis(int millis) {
        for (long end = now + millis * 1_000_000L; now < end; now += TICK) {
            for (Ilb ilb : ilbs) {
                if (ilb.isRunning()) {
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
            boolean cut = cutOff.contains(datagram.from()) != cutOff.contains(datagram.to());
            if (isWaiting(datagram) || (datagram.stream() && (cut || holds.test(datagram)))) {
                waiting.add(datagram);
            } else if (!cut && (datagram.stream() || !loses.test(datagram))) {
                arrive(datagram);
            }
        }
    }

    private boolean isWaiting(InFlight datagram) {
        return ilbs.stream().anyMatch(ilb -> ilb.paused && ilb.bind.equals(datagram.to()));
    }

    private void releaseWaiting() {
        List<InFlight> released = List.copyOf(waiting);
        waiting.clear();
        inFlight.addAll(released);
        settle();
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

    /** Somebody sends what was heard once again, with the address that it was sent from. */
    void inject(InFlight datagram) {
        inFlight.add(datagram);
        settle();
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
        return send(ilb, List.of(packet));
    }

    /** Packets reach an ILB together; the deliveries that come of them. */
    List<Delivery> send(int ilb, List<byte[]> packets) {
        int before = deliveries.size();
        MemorySegment segment = Arena.ofAuto().allocate((long) packets.size() * PACKET_ROOM, 8);
        PacketBatch batch = new PacketBatch(segment);
        for (byte[] packet : packets) {
            long offset = (long) batch.size() * PACKET_ROOM + FRONT;
            MemorySegment.copy(packet, 0, segment, ValueLayout.JAVA_BYTE, offset, packet.length);
            batch.add(offset, packet.length);
        }
        ilbs.get(ilb).engine.onPackets(batch, now);
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

    /** Ends a process; the kernel closes its streams. */
    void kill(int ilb) {
        ilbs.get(ilb).alive = false;
        for (Ilb other : ilbs) {
            if (other.isRunning()) {
                breakStream(other.index, ilb);
            }
        }
    }

    /** Starts an ILB that has not run yet. */
    void start(int ilb) {
        restart(ilb);
    }

    /** Starts an ILB anew under its id. */
    void restart(int ilb) {
        ilbs.set(ilb, new Ilb(ilb, Settings.endpoint(ilb), settings.config(ilb, now)));
    }

    /** Stops a process, as a long collection of garbage would. */
    void pause(int ilb) {
        ilbs.get(ilb).paused = true;
    }

    /** Goes on, first of all with what has piled up in its sockets. */
    void resume(int ilb) {
        ilbs.get(ilb).paused = false;
        releaseWaiting();
    }

    /** Nothing passes between these and the others; streams retransmit. */
    void cutOff(int... some) {
        for (int ilb : some) {
            cutOff.add(ilbs.get(ilb).bind);
        }
    }

    void heal() {
        cutOff.clear();
        releaseWaiting();
    }

    /** Which messages of streams stay on their way from now on, until {@link #releaseStreams}. */
    void holdStreams(Predicate<InFlight> predicate) {
        holds = predicate;
        releaseWaiting();
    }

    /** One of the messages that are held is lost, although its stream does not break: its receiver refuses it. */
    void loseHeld(int index) {
        waiting.remove(index);
    }

    void releaseStreams() {
        holdStreams(message -> false);
    }

    /** The stream from one ILB to another breaks; what is on its way is lost. */
    void breakStream(int from, int to) {
        Ilb sender = ilbs.get(from);
        Endpoint receiver = ilbs.get(to).bind;
        Predicate<InFlight> broken = message -> message.stream()
                && message.from().equals(sender.bind)
                && message.to().equals(receiver);
        waiting.removeIf(broken);
        inFlight.removeIf(broken);
        sender.engine.onTransferClosed(receiver, now);
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

    /** The ILBs that run and have a connection in their LTOC. */
    List<Integer> holders(String client, String vip) {
        return ilbs.stream()
                .filter(ilb -> ilb.isRunning() && ilb.held(client, vip).isPresent())
                .map(ilb -> ilb.index)
                .toList();
    }

    private static byte[] bytes(Packet packet) {
        return packet.segment().asSlice(packet.offset(), packet.length()).toArray(ValueLayout.JAVA_BYTE);
    }
}
