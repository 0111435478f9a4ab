package org.ilbd.core.simulator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineListener;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.protocol.DecodeResult;
import org.ilbd.core.protocol.ForwardHeader;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.MessageType;
import org.jspecify.annotations.Nullable;

/** One process {@code ilbd}, from its start to its end: a real engine on a host that can stand still. */
final class SimulatedIlb implements EngineOutput, EngineListener {
    private static final int FRONT = 64;

    /** What the kernel keeps of datagrams and packets for a process that does not read them. */
    private static final int SOCKET_ROOM = 400;

    final int index;
    final IlbId id;
    final Endpoint bind;
    final Engine engine;
    final long startedNanos;
    private final Cluster cluster;
    private final EventQueue queue;
    private final Trace trace;
    private final Oracle oracle;
    private final TableChecks tables;
    private final MemorySegment buffer = MemorySegment.ofArray(new long[(FRONT + 18_000) / 8]);

    /** What waits for a process that stands still, each kind in its order. */
    private final List<Deque<Runnable>> waiting = List.of(new ArrayDeque<>(), new ArrayDeque<>(), new ArrayDeque<>());

    private static final int PACKETS = 0;
    private static final int DATAGRAMS = 1;
    private static final int STREAMS_AND_TASKS = 2;

    private boolean running = true;
    private boolean paused;
    private boolean leaving;
    private long endedNanos;
    private long lastPacketNanos;
    private long resumedNanos = Long.MIN_VALUE / 2;

    /** The packet that is being handled, and how many ILBs it has come to. */
    @Nullable
    private Segment atHand;

    private int visits;

    private record DeliveredSyn(Segment syn, SimulatedServer target) {}

    private final Map<Endpoint, Told> told = new HashMap<>();
    private final ForwardHeader forward = new ForwardHeader();

    /** Within this step. */
    private final List<DeliveredSyn> deliveredSyns = new ArrayList<>();

    SimulatedIlb(
            int index,
            EngineConfig config,
            Cluster cluster,
            Simulation simulation,
            UnaryOperator<EngineOutput> tamper) {
        this.index = index;
        this.id = config.id();
        this.bind = config.bind();
        this.cluster = cluster;
        this.queue = simulation.queue();
        this.trace = simulation.trace();
        this.oracle = simulation.oracle();
        this.startedNanos = queue.now();
        this.engine = new Engine(config, tamper.apply(this), this, SimulatedIlb::allocate, queue.now());
        this.tables = new TableChecks(this, simulation.schedule(), oracle);
        queue.in(Engine.TICK_NANOS, this::tick);
    }

    private static MemorySegment allocate(long bytes, long alignment) {
        return MemorySegment.ofArray(new long[(int) ((bytes + 7) / 8)]).asSlice(0, bytes);
    }

    boolean isRunning() {
        return running;
    }

    /** Whether it holds a connection, as its owner or as its backup, for that server. */
    boolean holds(FourTuple tuple, SimulatedServer server) {
        Server held = engine.held(tuple);
        return held != null && held.endpoint().equals(server.endpoint);
    }

    /** Whether it holds a connection that, by all it knows, is or was more than half-open. */
    boolean knowsMoreThanSyn(FourTuple tuple) {
        int slot = engine.owned().find(engine.services().get(0).index(), tuple);
        return slot != OwnedConnections.NONE && engine.owned().state(slot) != ConnectionState.HALF_OPEN;
    }

    boolean isLive(FourTuple tuple) {
        int slot = engine.owned().find(engine.services().get(0).index(), tuple);
        return slot != OwnedConnections.NONE && engine.owned().state(slot).isLive();
    }

    /** The tag of the ILB that it takes for the owner of a connection by assignment, 0 for none; empty if it does not hold it. */
    OptionalInt assignedOwner(FourTuple tuple) {
        int slot = engine.owned().find(engine.services().get(0).index(), tuple);
        return slot == OwnedConnections.NONE
                ? OptionalInt.empty()
                : OptionalInt.of(engine.owned().assignedOwner(slot));
    }

    TableChecks tables() {
        return tables;
    }

    boolean isPaused() {
        return paused;
    }

    /** When it went on last after it had stood still. */
    long resumedNanos() {
        return resumedNanos;
    }

    boolean isLeaving() {
        return leaving;
    }

    long endedNanos() {
        return endedNanos;
    }

    void end() {
        running = false;
        endedNanos = queue.now();
        waiting.forEach(Deque::clear);
    }

    void pause() {
        paused = true;
    }

    /** Goes on: what has piled up is handled in an order that only keeps each socket's own. */
    void resume(SplittableRandom random) {
        if (!running || !paused) {
            return;
        }
        paused = false;
        resumedNanos = queue.now();
        boolean ticked = false;
        List<Deque<Runnable>> left = new ArrayList<>(waiting);
        while (!left.isEmpty()) {
            int from = random.nextInt(left.size() + (ticked ? 0 : 1));
            if (from == left.size()) {
                ticked = true;
                step(() -> engine.onTick(queue.now()));
            } else if (left.get(from).isEmpty()) {
                left.remove(from);
            } else {
                left.get(from).removeFirst().run();
            }
        }
        engine.onBatchEnd(queue.now());
    }

    private void tick() {
        if (!running) {
            return;
        }
        if (!paused) {
            step(() -> engine.onTick(queue.now()));
        }
        queue.in(Engine.TICK_NANOS, this::tick);
    }

    void leave() {
        leaving = true;
        task(() -> engine.leave(queue.now()));
    }

    boolean isReleased() {
        return !paused && engine.isReleased();
    }

    long lastPacketNanos() {
        return lastPacketNanos;
    }

    /** Something that the daemon does on the engine's loop. */
    void task(Runnable task) {
        whenRunning(STREAMS_AND_TASKS, task);
    }

    private void whenRunning(int kind, Runnable action) {
        if (!running) {
            return;
        }
        if (!paused) {
            action.run();
        } else if (kind == STREAMS_AND_TASKS || waiting.get(kind).size() < SOCKET_ROOM) {
            waiting.get(kind).add(action);
        }
    }

    void onPacket(Segment segment) {
        whenRunning(PACKETS, () -> {
            byte[] packet = segment.toPacket();
            trace.fold(index, packet);
            trace.line(segment.connection(), () -> "at " + this);
            lastPacketNanos = queue.now();
            load(packet);
            handle(segment, 1, () -> engine.onPacket(buffer, FRONT, packet.length, queue.now()));
        });
    }

    void onDatagram(Cluster.Datagram datagram) {
        whenRunning(DATAGRAMS, () -> {
            byte[] payload = datagram.payload();
            trace.fold(index + 64, payload);
            load(payload);
            IpAddress source = datagram.from().address();
            handle(
                    datagram.segment(),
                    datagram.visits() + 1,
                    () -> engine.onDatagram(
                            buffer,
                            FRONT,
                            payload.length,
                            source.ipv6(),
                            source.high(),
                            source.low(),
                            datagram.from().port(),
                            queue.now()));
        });
    }

    private void handle(@Nullable Segment segment, int visit, Runnable action) {
        if (segment == null) {
            step(action);
        } else {
            oracle.visited(visit, this);
            atHand = segment;
            visits = visit;
            tables.before(segment);
            step(action);
            tables.after(segment);
            atHand = null;
        }
        engine.onBatchEnd(queue.now());
    }

    /** Whatever an engine is called for is a step, after which the invariants hold. SYNs that have waited may leave in any. */
    private void step(Runnable action) {
        long roomless = roomless();
        action.run();
        tables.checkSizes();
        boolean wasFull = roomless() != roomless;
        if (wasFull && atHand != null) {
            oracle.withoutRoom(atHand);
        }
        for (DeliveredSyn delivered : deliveredSyns) {
            if (wasFull) {
                oracle.withoutRoom(delivered.syn());
            } else {
                oracle.synDelivered(this, delivered.syn(), delivered.target());
            }
        }
        deliveredSyns.clear();
    }

    /** SYNs that found no room for their association, here as at their owner or as at their backup. */
    private long roomless() {
        return engine.counters().get(Counter.STATELESS_SYNS) + engine.counters().get(Counter.TABLE_FULL);
    }

    /** A SYN has left for a server: to be looked at once it is known whether its association had room. */
    void synDelivered(Segment syn, SimulatedServer target) {
        deliveredSyns.add(new DeliveredSyn(syn, target));
    }

    void onTransfer(byte[] message) {
        whenRunning(STREAMS_AND_TASKS, () -> {
            trace.fold(index + 128, message);
            load(message);
            step(() -> engine.onTransfer(buffer, FRONT, message.length, queue.now()));
        });
    }

    void onTransferClosed(Endpoint peer) {
        whenRunning(STREAMS_AND_TASKS, () -> step(() -> engine.onTransferClosed(peer, queue.now())));
    }

    void reconfigure(List<ServiceConfig> services) {
        task(() -> {
            trace.line(0, () -> this + " reads its configuration again");
            engine.reconfigure(services);
        });
    }

    void setHostLoad(int perMille) {
        task(() -> engine.setHostLoad(perMille));
    }

    /** A server is on this ILB's own host, and this is how loaded that is. */
    void measure(SimulatedServer local, int perMille) {
        task(() -> {
            for (Service service : engine.services()) {
                for (Server server : service.servers()) {
                    if (server.endpoint().equals(local.endpoint)) {
                        engine.setLocal(server, true);
                    }
                }
            }
        });
        ask(local, OptionalInt.of(perMille));
    }

    /** What this ILB's health check finds out about a server. */
    void check(Endpoint endpoint, boolean up) {
        task(() -> {
            for (Service service : engine.services()) {
                for (Server server : service.servers()) {
                    if (server.endpoint().equals(endpoint) && server.up() != up) {
                        trace.line(0, () -> this + " finds " + endpoint.address() + (up ? " up" : " down"));
                        told(endpoint).check(up);
                        engine.onServerReport(server, ServerReport.ofCheck(up), queue.now());
                    }
                }
            }
        });
    }

    /** For faults: the engine is told what nobody has said. */
    void overrule(Server server, ServerReport report) {
        engine.onServerReport(server, report, queue.now());
    }

    /** Whether the configuration that it has read names a server. */
    boolean isConfigured(SimulatedServer server) {
        return engine.services().get(0).servers().stream()
                .anyMatch(one -> one.endpoint().equals(server.endpoint));
    }

    /** What this ILB was told of a server. */
    Told told(Endpoint endpoint) {
        return told.computeIfAbsent(endpoint, any -> new Told());
    }

    /** This ILB asks a server's agent. */
    void ask(SimulatedServer asked, OptionalInt load) {
        task(() -> {
            for (Service service : engine.services()) {
                for (Server server : service.servers()) {
                    if (server.endpoint().equals(asked.endpoint)) {
                        trace.line(0, () -> this + " hears from " + asked + ": " + asked.report(load));
                        told(asked.endpoint).agent(asked.isDrained(), asked.limit(), queue.now());
                        engine.onServerReport(server, asked.report(load), queue.now());
                    }
                }
            }
        });
    }

    private void load(byte[] bytes) {
        buffer.asSlice(0, FRONT).fill((byte) 0);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, FRONT, bytes.length);
    }

    @Override
    public void deliver(Packet packet, Server server) {
        cluster.deliver(this, Segment.of(packet), server);
    }

    @Override
    public void returnToClient(Packet packet, Service service) {
        throw new IllegalStateException("a packet goes back through " + this + " where none can");
    }

    @Override
    public void reply(Packet packet) {
        Segment rst = Segment.of(packet);
        cluster.reply(this, rst.ofConnection(atHand == null ? cluster.connectionOf(rst) : atHand.connection()));
    }

    @Override
    public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
        byte[] copy = datagram.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
        boolean forwards = MessageHeader.type(datagram, offset) == MessageType.FORWARD;
        Cluster.Datagram sent = forwards && atHand == null
                ? ofWaitingSyn(copy)
                : new Cluster.Datagram(bind, copy, forwards ? visits : 0, forwards ? atHand : null);
        Segment segment = sent.segment();
        if (segment != null && segment.isSyn() && forward.decode(datagram, offset, length) == DecodeResult.OK) {
            if (forward.hasAssociation()) {
                cluster.decided(this, segment, forward.association().server());
            }
        }
        cluster.send(this, peer, sent);
    }

    /** What is forwarded without a packet at hand is a SYN that waited for a selection; it says itself where it has been. */
    private Cluster.Datagram ofWaitingSyn(byte[] datagram) {
        MemorySegment bytes = MemorySegment.ofArray(datagram);
        ForwardHeader header = new ForwardHeader();
        Packet packet = new Packet();
        if (header.decode(bytes, 0, datagram.length) != DecodeResult.OK
                || packet.parse(bytes, header.packetOffset(), header.packetLength()) != Packet.Verdict.TCP
                || !packet.isSyn()) {
            throw new IllegalStateException(this + " forwards on its own what is no SYN");
        }
        return new Cluster.Datagram(bind, datagram, header.hop(), Segment.of(packet));
    }

    @Override
    public boolean canTransfer(Endpoint peer) {
        return cluster.streams().canTransfer(this, peer);
    }

    @Override
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
        cluster.streams().transfer(this, peer, message.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public void viewChanged(List<IlbId> activeIds) {
        trace.fold(activeIds.hashCode());
        trace.line(0, () -> this + " sees the view " + activeIds);
    }

    @Override
    public void peerStateChanged(Peer peer, IlbState from, IlbState to) {
        trace.line(0, () -> this + " sees " + peer.id() + " " + from + " -> " + to);
        if (to == IlbState.DEAD) {
            cluster.declaredDead(this, peer);
        }
    }

    @Override
    public void selfStateChanged(IlbState from, IlbState to) {
        trace.line(0, () -> this + " is " + to);
    }

    @Override
    public void peerRestarted(Peer peer, long oldIncarnation) {}

    @Override
    public void broadcastGap(Peer peer) {
        trace.line(0, () -> this + " has missed broadcasts of " + peer.id());
    }

    @Override
    public void wasAway(long awayNanos) {
        trace.line(0, () -> this + " was away for " + awayNanos / EventQueue.MILLISECOND + " ms");
    }

    @Override
    public void duplicateId(Endpoint source, long incarnation) {}

    @Override
    public void viewsDiffer(Peer peer, boolean differ) {}

    @Override
    public String toString() {
        return "ILB " + id;
    }
}
