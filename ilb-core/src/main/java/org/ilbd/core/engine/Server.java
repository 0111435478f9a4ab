package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.scheduler.SchedulerKind;
import org.ilbd.core.scheduler.SelectionHash;

/**
 * One server of one service, for as long as the process lives: associations name it by its index, so it stays after the
 * configuration has dropped it. The engine's thread writes; the counters may be read by any.
 *
 * <h2>State</h2>
 * What is known of it comes from the configuration, from this ILB's checks, from agents by way of any ILB, and from time. The
 * state and the share of new connections follow from all of these in one place, {@link #settle}.
 */
public final class Server {
    /** The position of a server that the configuration does not name (any more). */
    static final int NOT_CONFIGURED = -1;

    /** The share of a server with weight 1 at 100 %: the weights that schedulers see are whole numbers up to 64,000. */
    private static final int UNITS = 25;

    /** Steps of a slow start: each makes the schedulers' tables anew, and changes the share by 5 %. */
    private static final int RAMP_STEPS = 20;

    private final int index;
    private final Service service;
    private final Endpoint endpoint;
    private final long key;

    private int position = NOT_CONFIGURED;
    private ServerConfig config;
    private boolean checkUp = true;
    private final AgentStatement statement = new AgentStatement();
    private final SilenceWatch silence = new SilenceWatch();
    private boolean silent;
    private final BitSet downAtPeers = new BitSet();

    private ServerState state = ServerState.DRAINING;
    private int units;
    /** It was down, or is new, and has not begun to come back. */
    private boolean cold;

    private long rampStartNanos;
    private boolean hasDrainStart;
    private long drainStartNanos;
    private boolean offered;
    private boolean announced = true;
    private boolean local;

    private int connections;
    private int remoteConnections;
    private final BitSet reporters = new BitSet();
    private int[] reportedBy = new int[0];
    /** {@link #connections} when a peer reported last. */
    private int[] connectionsAtReport = new int[0];
    /** Of all reporters. */
    private long connectionsAtReports;

    private long packets;
    private long bytes;

    Server(int index, Service service, Endpoint endpoint, long key) {
        this.index = index;
        this.service = service;
        this.endpoint = endpoint;
        this.key = key;
        this.config = new ServerConfig(endpoint, 0);
    }

    /** Small, dense, and the same for the life of the process. */
    public int index() {
        return index;
    }

    /** The service that it serves. */
    public Service service() {
        return service;
    }

    /** Where it listens. */
    public Endpoint endpoint() {
        return endpoint;
    }

    /** Whether the configuration names it now. If not, it only keeps the connections that it has. */
    public boolean configured() {
        return position != NOT_CONFIGURED;
    }

    /** Share of new connections as configured, 0 to 1000. */
    public int weight() {
        return config.weight();
    }

    /** The share as it is now, in the unit of {@link #weight}: what agents say and the slow start are in it; 0 if it gets none. */
    public double effectiveWeight() {
        return (double) units / UNITS;
    }

    /** Where it is in its life. */
    public ServerState state() {
        return state;
    }

    /** What checks and agent say; true until they say otherwise. */
    public boolean up() {
        return checkUp && statement.up();
    }

    /** The load that was reported last, by whatever ILB: 0 to 1000 per mille; -1 if none was, or too long ago. */
    public int load() {
        return statement.load();
    }

    /** Whether it counts as down because clients get no answer from it, whatever checks and agent say. */
    public boolean silent() {
        return silent;
    }

    /** How many other ILBs' own checks find it down. */
    public int downAtPeers() {
        return downAtPeers.cardinality();
    }

    /** Connections of the whole cluster at which it gets no new ones; 0 for no limit. */
    public int maxConnections() {
        return statement.maxConnections() > 0 ? statement.maxConnections() : config.maxConnections();
    }

    /** Live associations to it that this ILB owns. */
    public int connections() {
        return connections;
    }

    /** The same over all ILBs, as they last reported. */
    public int clusterConnections() {
        return connections + remoteConnections;
    }

    /**
     * The connections of the whole cluster by which this ILB selects. Reports are a heartbeat old, and many connections may come
     * in that time. 4-tuples are spread evenly over the ILBs, so each other one is taken to have got, and lost, as many since its
     * report as this one has; but for a service with a master, which knows what it selects for others.
     */
    int assumedConnections() {
        if (service.config().selection().authority() == Authority.MASTER) {
            return clusterConnections();
        }
        long sinceReports = (long) reporters.cardinality() * connections - connectionsAtReports;
        return Math.clamp(clusterConnections() + sinceReports, 0, Integer.MAX_VALUE);
    }

    /** Packets that this ILB delivered to it. */
    public long packets() {
        return packets;
    }

    /** Bytes of IP packets that this ILB delivered to it. */
    public long bytes() {
        return bytes;
    }

    /** Names it between ILBs, whatever their configuration's order: a hash of the VIP and the endpoint. */
    long key() {
        return key;
    }

    int position() {
        return position;
    }

    boolean checkUp() {
        return checkUp;
    }

    AgentStatement statement() {
        return statement;
    }

    /** Where it is. */
    int zone() {
        return config.zone();
    }

    boolean fallback() {
        return config.fallback();
    }

    /** The weight that schedulers see, 0 to 64,000. */
    int units() {
        return units;
    }

    boolean hasRoom() {
        int most = maxConnections();
        return most == 0 || clusterConnections() < most;
    }

    /** Whether selections may come out at it: it is available, and no fallback unless nothing else is. */
    boolean offered() {
        return offered;
    }

    void setOffered(boolean isOffered) {
        offered = isOffered;
    }

    /** Takes over what a configuration says of it; {@link #settle} is to follow once its service knows it at its position. */
    void configure(int newPosition, ServerConfig newConfig, boolean isNew) {
        position = newPosition;
        config = newConfig;
        cold |= isNew;
    }

    /** The configuration names it no more. */
    void deconfigure(long nowNanos) {
        position = NOT_CONFIGURED;
        offered = false;
        settle(nowNanos);
    }

    /** Takes over what this ILB's check or agent says. */
    void take(ServerReport report, long nowNanos) {
        if (report.source() == ServerReport.Source.CHECK) {
            checkUp = report.up().orElse(checkUp);
            if (report.up().orElse(false)) {
                silence.release();
            }
            if (report.equals(ServerReport.ofCheck(checkUp))) {
                return;
            }
        }
        announced &= !statement.take(report, nowNanos) && !isNewsToPeers();
        service.loadReported(this);
    }

    /** Among peers the load of a host is its sign of life, which does not wait for its turn. */
    private boolean isNewsToPeers() {
        return local && service.config().scheduler() == SchedulerKind.PEER;
    }

    /** Whether it runs on this ILB's own host. */
    public boolean local() {
        return local;
    }

    /** Takes over whether it runs on this ILB's own host. */
    void setLocal(boolean isLocal) {
        local = isLocal;
        service.hosted().set(Placement.SELF, this, isLocal);
    }

    /** Takes over what an agent has told another ILB, if that is news. */
    void takeFromPeer(int peer, IdMessage message, int load, long nowNanos) {
        if (statement.take(peer, message, load, nowNanos)) {
            service.loadReported(this);
        }
    }

    /** Appends what this ILB tells the others of it to an ID message; false if that has no room. */
    boolean appendTo(MemorySegment message, long nowNanos) {
        boolean isOurs = statement.isOurs();
        announced = true;
        return IdMessage.appendLoad(
                message,
                0,
                key,
                connections,
                isOurs ? statement.ageMillis(nowNanos) : IdMessage.NO_REPORT,
                statement.maxConnections(),
                statement.load() == AgentStatement.UNKNOWN_LOAD ? IdMessage.UNKNOWN_LOAD : statement.load(),
                IdMessage.flags(
                                statement.weightPercent(),
                                statement.administration().ordinal(),
                                !statement.up(),
                                !checkUp)
                        | (local ? IdMessage.LOCAL : 0));
    }

    /** Whether other ILBs know of all that agents have told this one, but for the load. */
    boolean announced() {
        return announced;
    }

    /** Takes over whether a peer's own checks find it down. */
    void reportDown(int peer, boolean down) {
        if (downAtPeers.get(peer) != down) {
            downAtPeers.set(peer, down);
        }
    }

    /** A peer has gone, and what it owned and judged with it. */
    void forget(int peer) {
        if (reporters.get(peer)) {
            reporters.clear(peer);
            takeOver(peer, 0, 0);
        }
        reportDown(peer, false);
        statement.forgetOrigin(peer);
        if (service.hosted().at(peer) == this) {
            // Nobody measures it any more, and it is no peer that connections could be passed on to.
            service.hosted().set(peer, this, false);
            statement.forgetLoad();
            service.loadReported(this);
        }
    }

    /**
     * Derives the state and the share of new connections from all that is known.
     *
     * @return whether it is other than before
     */
    boolean settle(long nowNanos) {
        if (statement.load() != AgentStatement.UNKNOWN_LOAD
                && statement.ageNanos(nowNanos) > service.config().policy().reportMaxAgeNanos()) {
            statement.forgetLoad();
            service.loadReported(this);
        }
        ServerState before = state;
        int unitsBefore = units;
        silent = silence.holds(nowNanos);
        state = derive();
        if (!state.serves()) {
            cold = true;
        } else if (state.isAvailable() && cold) {
            cold = false;
            rampStartNanos = nowNanos;
            state = ServerState.STARTING;
        }
        if (state == ServerState.DRAINING && before != ServerState.DRAINING) {
            hasDrainStart = true;
            drainStartNanos = nowNanos;
        } else if (state != ServerState.DRAINING) {
            hasDrainStart = false;
        }
        units = units(state == ServerState.STARTING ? rampStep(nowNanos) : RAMP_STEPS);
        return state != before || units != unitsBefore;
    }

    private ServerState derive() {
        if (statement.administration() == Administration.MAINTENANCE) {
            return ServerState.MAINTENANCE;
        }
        if (!up() || silent) {
            return ServerState.DOWN;
        }
        if (!configured()
                || config.weight() == 0
                || statement.weightPercent() == 0
                || statement.administration() == Administration.DRAIN) {
            return ServerState.DRAINING;
        }
        // Which of the two it is, is a matter of time alone.
        return state == ServerState.STARTING ? ServerState.STARTING : ServerState.ACTIVE;
    }

    /** How far the slow start is, 1 to {@link #RAMP_STEPS}; at its end the server is ACTIVE. */
    private int rampStep(long nowNanos) {
        long rampNanos = service.config().policy().slowStartNanos();
        long elapsedNanos = nowNanos - rampStartNanos;
        if (elapsedNanos >= rampNanos) {
            state = ServerState.ACTIVE;
            return RAMP_STEPS;
        }
        return 1 + (int) (elapsedNanos * (RAMP_STEPS - 1) / rampNanos);
    }

    private int units(int rampStep) {
        if (!state.isAvailable()) {
            return 0;
        }
        return Math.max(1, config.weight() * statement.weightPercent() * rampStep * UNITS / (100 * RAMP_STEPS));
    }

    /** A connection was established: the server answers. */
    void answered(long nowNanos) {
        silence.answered(nowNanos);
    }

    SilenceWatch silence() {
        return silence;
    }

    /**
     * Whether the end of an established connection has come, because it is not to outlive what happened to its server.
     *
     * <p>A drain ends for each connection at a moment of its own in the second half of the drain time, by a hash, so that
     * clients do not all come back at once.
     */
    boolean cuts(FourTuple tuple, long nowNanos) {
        ServicePolicy policy = service.config().policy();
        return switch (state) {
            // Silence is a suspicion, for which nobody loses a connection that may be well.
            case DOWN -> policy.onDown() == OnDown.RESET && !up();
            case MAINTENANCE -> policy.onDown() == OnDown.RESET;
            case DRAINING -> {
                long half = policy.drainTimeNanos() / 2;
                yield half > 0
                        && hasDrainStart
                        && nowNanos - drainStartNanos >= half + scaled(SelectionHash.of(tuple), half);
            }
            case STARTING, ACTIVE -> false;
        };
    }

    /** Evenly between 0 and the range, by the low bits of a hash; selections take the high ones. */
    private static long scaled(long hash, long range) {
        return Math.unsignedMultiplyHigh(hash << Integer.SIZE, range);
    }

    void count(int packetBytes) {
        packets++;
        bytes += packetBytes;
    }

    void addConnections(int difference) {
        connections += difference;
        service.connectionsChanged(this, difference);
    }

    /** Takes over what one peer says that it owns. */
    void report(int peer, int count) {
        if (peer >= reportedBy.length) {
            reportedBy = Arrays.copyOf(reportedBy, peer + 1);
            connectionsAtReport = Arrays.copyOf(connectionsAtReport, peer + 1);
        }
        reporters.set(peer);
        takeOver(peer, count, connections);
    }

    /** A peer has been told to send it one connection more, which the peer's next report will count. */
    void expect(int peer) {
        if (reporters.get(peer)) {
            takeOver(peer, reportedBy[peer] + 1, connectionsAtReport[peer]);
        } else {
            report(peer, 1);
        }
    }

    private void takeOver(int peer, int count, int ownConnections) {
        int difference = count - reportedBy[peer];
        remoteConnections += difference;
        reportedBy[peer] = count;
        connectionsAtReports += ownConnections - connectionsAtReport[peer];
        connectionsAtReport[peer] = ownConnections;
        service.connectionsChanged(this, difference);
    }

    @Override
    public String toString() {
        return endpoint + (configured() ? "" : " (removed)") + (state.serves() ? "" : " (down)");
    }
}
