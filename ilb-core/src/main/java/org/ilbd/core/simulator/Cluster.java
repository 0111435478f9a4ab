package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Server;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.TcpHeader;
import org.jspecify.annotations.Nullable;

/** The ILBs, and the network between them. */
final class Cluster {
    /** Ids there are: the ILBs of the start, and those that join. */
    public static final int MAX_ILBS = 16;

    static final int HALF_OPEN_TIMEOUT_MILLIS = 5_000;
    static final int CLOSING_TIMEOUT_MILLIS = 8_000;
    static final int ESTABLISHED_ROOM = 1_500;
    static final int CLIENT_ROOM = 1_000;
    private static final int CACHE_TIMEOUT_MILLIS = 10_000;
    private static final int PORT = 7_440;
    private static final int LATE_IN = 10;

    private final Simulation simulation;
    private final Schedule schedule;
    private final EventQueue queue;
    private final SplittableRandom random;
    private final UnaryOperator<EngineOutput> tamper;
    private final UnaryOperator<EngineConfig> misconfigure;
    private final Streams streams;
    private final List<SimulatedIlb> processes = new ArrayList<>();
    private final SimulatedIlb[] latest = new SimulatedIlb[MAX_ILBS];
    private final boolean[][] cut = new boolean[MAX_ILBS][MAX_ILBS];
    private double loss;
    private double duplication;
    private double reordering;

    Cluster(
            Simulation simulation,
            Schedule schedule,
            SplittableRandom random,
            UnaryOperator<EngineOutput> tamper,
            UnaryOperator<EngineConfig> misconfigure) {
        this.simulation = simulation;
        this.schedule = schedule;
        this.queue = simulation.queue();
        this.random = random;
        this.tamper = tamper;
        this.misconfigure = misconfigure;
        this.streams = new Streams(this, queue, random.split());
        impair(schedule.loss(), schedule.duplication(), schedule.reordering());
    }

    /**
     * A datagram between ILBs.
     *
     * @param visits of the packet in it, so far; 0 if it is no forwarded packet
     * @param segment that is forwarded, if it is one
     */
    record Datagram(
            Endpoint from,
            byte[] payload,
            int visits,
            @Nullable Segment segment) {
        /** For the trace: that of the packet, or one that nobody reads. */
        int connection() {
            return segment == null || segment.connection() == 0 ? Trace.NOTHING : segment.connection();
        }
    }

    Streams streams() {
        return streams;
    }

    /** Every process there ever was, also those that have ended. */
    List<SimulatedIlb> processes() {
        return processes;
    }

    List<SimulatedIlb> running() {
        List<SimulatedIlb> list = new ArrayList<>();
        for (SimulatedIlb ilb : latest) {
            if (ilb != null && ilb.isRunning()) {
                list.add(ilb);
            }
        }
        return list;
    }

    /** Those that run, do not stand still and are not leaving. */
    List<SimulatedIlb> healthy() {
        return running().stream()
                .filter(ilb -> !ilb.isPaused() && !ilb.isLeaving())
                .toList();
    }

    /** Places whose ILB has ended, or was never there. */
    List<Integer> places(boolean used) {
        List<Integer> list = new ArrayList<>();
        for (int i = 0; i < MAX_ILBS; i++) {
            boolean wasUsed = latest[i] != null;
            if (wasUsed == used && (!wasUsed || !latest[i].isRunning())) {
                list.add(i);
            }
        }
        return list;
    }

    @Nullable
    SimulatedIlb at(int place) {
        return latest[place];
    }

    @Nullable
    SimulatedIlb at(Endpoint bind) {
        return latest[place(bind)];
    }

    static int place(Endpoint bind) {
        return (int) bind.address().low() & (MAX_ILBS - 1);
    }

    private static Endpoint endpoint(int place) {
        return new Endpoint(IpAddress.parse("10.2.0." + (16 + place)), PORT);
    }

    SimulatedIlb start(int place) {
        List<Endpoint> peers = new ArrayList<>();
        for (int i = 0; i < MAX_ILBS; i++) {
            if (i != place) {
                peers.add(endpoint(i));
            }
        }
        EngineConfig config = new EngineConfig(
                IlbId.parse(endpoint(place).address().toString()),
                queue.now(),
                OwnershipMode.CRC32_MIXED,
                schedule.seed(),
                endpoint(place),
                peers,
                Optional.empty(),
                100 * EventQueue.MILLISECOND,
                400 * EventQueue.MILLISECOND,
                List.of(),
                ESTABLISHED_ROOM,
                schedule.halfOpenRoom(),
                schedule.affinity() ? CLIENT_ROOM : 0,
                HALF_OPEN_TIMEOUT_MILLIS,
                schedule.establishedTimeoutMillis(),
                CLOSING_TIMEOUT_MILLIS,
                schedule.cacheFill(),
                schedule.cacheRoom(),
                CACHE_TIMEOUT_MILLIS,
                random.nextLong(),
                random.nextLong(),
                simulation.servers().services());
        SimulatedIlb ilb = new SimulatedIlb(place, misconfigure.apply(config), this, simulation, tamper);
        latest[place] = ilb;
        processes.add(ilb);
        simulation.trace().line(0, () -> ilb + " starts");
        simulation.router().add(place);
        return ilb;
    }

    /** Ends a process; the router goes on sending to it for a while. */
    void kill(SimulatedIlb ilb) {
        simulation.trace().line(0, () -> ilb + " ends");
        ilb.end();
        streams.breakAll();
        queue.in(Router.DETECTION_NANOS, () -> {
            SimulatedIlb there = latest[ilb.index];
            if (there == ilb || there == null || !there.isRunning()) {
                simulation.router().remove(ilb.index);
            }
        });
    }

    void impair(double newLoss, double newDuplication, double newReordering) {
        loss = newLoss;
        duplication = newDuplication;
        reordering = newReordering;
    }

    boolean isCut(SimulatedIlb one, SimulatedIlb other) {
        return cut[one.index][other.index];
    }

    boolean isAnyCut() {
        for (boolean[] row : cut) {
            for (boolean between : row) {
                if (between) {
                    return true;
                }
            }
        }
        return false;
    }

    void setCut(int one, int other, boolean isCut) {
        cut[one][other] = isCut;
        cut[other][one] = isCut;
        if (isCut) {
            streams.breakAll();
        }
    }

    void healAll() {
        for (boolean[] row : cut) {
            java.util.Arrays.fill(row, false);
        }
    }

    /** A packet from the router. */
    void arrive(int place, Segment segment) {
        SimulatedIlb ilb = latest[place];
        if (ilb != null) {
            ilb.onPacket(segment);
        }
    }

    void send(SimulatedIlb from, Endpoint peer, Datagram datagram) {
        int copies = random.nextDouble() < loss ? 0 : random.nextDouble() < duplication ? 2 : 1;
        SimulatedIlb target = at(peer);
        if (target == null) {
            return;
        }
        if (copies == 0) {
            simulation.trace().line(datagram.connection(), () -> "lost from " + from + " to " + target);
        }
        for (int i = 0; i < copies; i++) {
            long delay = 40 * EventQueue.MICROSECOND + random.nextLong(160 * EventQueue.MICROSECOND);
            if (random.nextDouble() < reordering) {
                delay += random.nextLong(LATE_IN * EventQueue.MILLISECOND);
            }
            queue.in(delay, () -> arrive(peer, datagram, from));
        }
    }

    private void arrive(Endpoint peer, Datagram datagram, SimulatedIlb from) {
        SimulatedIlb ilb = at(peer);
        if (ilb != null && !isCut(from, ilb)) {
            simulation.trace().line(datagram.connection(), () -> from + " has forwarded to " + ilb);
            ilb.onDatagram(datagram);
        }
    }

    /** A SYN leaves its owner for its backup, with its association. */
    void decided(SimulatedIlb by, Segment syn, Endpoint server) {
        simulation.serverChecks().decided(by, syn, simulation.servers().at(server));
    }

    void deliver(SimulatedIlb by, Segment segment, Server server) {
        simulation.trace().fold(server.endpoint().hashCode(), segment.payload());
        simulation.trace().line(segment.connection(), () -> by + " delivers to " + server + ": " + segment);
        SimulatedServer target = simulation.servers().at(server.endpoint());
        simulation.oracle().delivered(by, segment, target);
        queue.in(simulation.wireDelay(), () -> target.receive(segment));
    }

    /** The connection that an answer is about, which an ILB gives to a SYN that has waited. */
    int connectionOf(Segment answer) {
        return simulation.clients().openAt(answer.destination());
    }

    /** A RST that an ILB itself sends; it has the number of the connection that it is about. */
    void reply(SimulatedIlb by, Segment rst) {
        simulation.trace().fold(rst.connection());
        simulation.trace().line(rst.connection(), () -> by + " answers: " + TcpHeader.flagNames(rst.flags()));
        simulation.oracle().refusedBy(by, rst.connection());
        simulation.toClient(new SimulatedServer.Answer(rst, simulation.servers().nobody()));
    }

    /** One ILB takes another for dead; if that lives and was heard until a moment ago, the schedule is no single event. */
    void declaredDead(SimulatedIlb by, Peer peer) {
        SimulatedIlb other = at(peer.endpoint());
        if (other != null
                && other.isRunning()
                && !other.isPaused()
                && other.engine.membership().incarnation() == peer.incarnation()
                && other.engine.membership().selfState() != IlbState.LEAVING
                && !isCut(by, other)) {
            simulation.falseAlarm();
        }
    }
}
