package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.ilbd.core.engine.Affinity;
import org.ilbd.core.engine.Authority;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.IntakeSettings;
import org.ilbd.core.engine.OnDown;
import org.ilbd.core.engine.PassiveHealth;
import org.ilbd.core.engine.SelectionPolicy;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.engine.ServicePolicy;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.scheduler.SchedulerKind;

/** The server hosts, and which of them the configuration names. */
final class Servers {
    /** Clients are hosts, of which all have the same /64; longer than a simulation lasts. */
    private static final Affinity AFFINITY = new Affinity(32, 128, 3_600_000);

    private static final int AT_START = 4;
    private static final int MAX = 10;
    /** From the first ILB that reads a new configuration to the last. */
    private static final long SPREAD_NANOS = 400 * EventQueue.MILLISECOND;

    private static final long MIN_DETECTION_NANOS = 200 * EventQueue.MILLISECOND;
    private static final long DETECTION_SPREAD_NANOS = 1_300 * EventQueue.MILLISECOND;

    /** Agents are asked now and then, so that some loads are old when they count. */
    private static final long REPORTS_NANOS = 300 * EventQueue.MILLISECOND;

    private static final int MAX_LOAD = 1_000;

    /** Soon, so that loads are forgotten now and then, and all of them while agents are silent. */
    static final long LOAD_AGE_NANOS = 1_500 * EventQueue.MILLISECOND;

    /** Between a load that becomes too old and the last ILB that has noticed: a message's way, and a tick. */
    private static final long LOAD_SLACK_NANOS = 300 * EventQueue.MILLISECOND;

    /** Often another, so that events come in the middle of a move. */
    private static final IntakeSettings INTAKE =
            new IntakeSettings(600, 900 * EventQueue.MILLISECOND, 100 * EventQueue.MILLISECOND);

    private final Simulation simulation;
    private final Schedule schedule;
    private final SplittableRandom random;
    /** Of its own, so that all else is the same in whatever way ILBs' hosts are loaded. */
    private final SplittableRandom hostLoads;

    private final List<SimulatedServer> all = new ArrayList<>();
    private final List<SimulatedServer> configured = new ArrayList<>();
    private final SimulatedServer nobody;
    private final SimulatedServer fallback;
    private final Map<Endpoint, Long> loadNanos = new HashMap<>();
    private boolean agentsAreSilent;
    private long limitedNanos = Long.MIN_VALUE / 2;

    Servers(Simulation simulation, Schedule schedule, SplittableRandom random) {
        this.simulation = simulation;
        this.schedule = schedule;
        this.random = random;
        this.hostLoads = new SplittableRandom(~schedule.seed());
        for (int i = 0; i < AT_START; i++) {
            configured.add(create());
        }
        nobody = new SimulatedServer(new Endpoint(address(99), 80), simulation);
        fallback =
                new SimulatedServer(new Endpoint(address(98), simulation.vip().port()), simulation);
        switch (schedule.scheduler()) {
            case INTAKE, LEAST_LOAD -> simulation.queue().in(REPORTS_NANOS, this::reportLoad);
            case PEER -> simulation.queue().in(REPORTS_NANOS, this::measureHosts);
            default -> {}
        }
        if (schedule.authority() == Authority.MASTER) {
            simulation.queue().in(REPORTS_NANOS, this::loadIlbs);
        }
    }

    private SimulatedServer create() {
        SimulatedServer server = new SimulatedServer(
                new Endpoint(address(all.size()), simulation.vip().port()), simulation);
        all.add(server);
        return server;
    }

    private IpAddress address(int number) {
        return IpAddress.parse((schedule.ipv6() ? "fd00:3::" : "10.3.0.") + (1 + number));
    }

    /** Stands for an ILB that answers itself. */
    SimulatedServer nobody() {
        return nobody;
    }

    boolean isFallback(SimulatedServer server) {
        return server == fallback;
    }

    /** Whether some server takes new connections, and has for so long that every ILB knows it. */
    boolean isAnyLongAvailable() {
        long before = simulation.queue().now() - ServerChecks.KNOWN_NANOS;
        return available().stream().anyMatch(server -> server.changedNanos() < before && server.limit() == 0);
    }

    private List<SimulatedServer> available() {
        return configured.stream()
                .filter(server -> server.isUp() && !server.isDrained())
                .toList();
    }

    /** Whether a limit may have been why a client did not get a connection since that time. */
    boolean wasAnyLimitedSince(long nanos) {
        return limitedNanos >= nanos || all.stream().anyMatch(server -> server.limit() > 0);
    }

    /** Whether nobody has reported a load of that server for so long that it must not count. */
    boolean isLoadTooOld(Endpoint server) {
        long reported = loadNanos.getOrDefault(server, Long.MIN_VALUE / 2);
        return simulation.queue().now() - reported > LOAD_AGE_NANOS + LOAD_SLACK_NANOS;
    }

    void silenceAgents(boolean silent) {
        agentsAreSilent = silent;
    }

    SimulatedServer at(Endpoint endpoint) {
        if (endpoint.equals(fallback.endpoint)) {
            return fallback;
        }
        for (SimulatedServer server : all) {
            if (server.endpoint.equals(endpoint)) {
                return server;
            }
        }
        throw new IllegalStateException("there is no server " + endpoint);
    }

    /** The configuration as it is now. */
    List<ServiceConfig> services() {
        ServiceConfig service = new ServiceConfig(
                        "web", simulation.vip(), Forwarding.DIRECT, schedule.scheduler(), schedule.orphan(), configs())
                .withPolicy(
                        new ServicePolicy(0, OnDown.KEEP, schedule.allDown(), 0, 0, LOAD_AGE_NANOS, PassiveHealth.OFF))
                .withIntake(INTAKE)
                .withSelection(SelectionPolicy.DEFAULT.by(schedule.authority()));
        return List.of(schedule.affinity() ? service.withAffinity(AFFINITY) : service);
    }

    private List<ServerConfig> configs() {
        List<ServerConfig> configs = new ArrayList<>();
        configured.forEach(server -> configs.add(new ServerConfig(server.endpoint, 1)));
        if (schedule.fallback()) {
            configs.add(new ServerConfig(fallback.endpoint, 1, 0, true));
        }
        return configs;
    }

    /** One ILB hears from one server how loaded it is. */
    private void reportLoad() {
        List<SimulatedIlb> ilbs = simulation.cluster().running();
        SimulatedServer server = configured.get(random.nextInt(configured.size()));
        int load = random.nextInt(MAX_LOAD + 1);
        SimulatedIlb ilb = ilbs.isEmpty() ? null : ilbs.get(random.nextInt(ilbs.size()));
        // One that stands still hears it when it goes on, and may take what it hears then for new.
        if (ilb != null && !ilb.isPaused() && server.isUp() && !agentsAreSilent) {
            loadNanos.put(server.endpoint, simulation.queue().now());
            ilb.ask(server, OptionalInt.of(load));
        }
        simulation.queue().in(random.nextLong(REPORTS_NANOS) + EventQueue.MILLISECOND, this::reportLoad);
    }

    /** Each ILB measures the host that it shares with a server. */
    private void measureHosts() {
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            hostedBy(ilb).ifPresent(server -> {
                loadNanos.put(server.endpoint, simulation.queue().now());
                ilb.measure(server, random.nextInt(MAX_LOAD + 1));
            });
        }
        simulation.queue().in(REPORTS_NANOS, this::measureHosts);
    }

    /** One ILB's host is so busy from now on. */
    private void loadIlbs() {
        List<SimulatedIlb> ilbs = simulation.cluster().running();
        if (!ilbs.isEmpty()) {
            ilbs.get(hostLoads.nextInt(ilbs.size())).setHostLoad(hostLoads.nextInt(MAX_LOAD + 1));
        }
        simulation.queue().in(hostLoads.nextLong(REPORTS_NANOS) + EventQueue.MILLISECOND, this::loadIlbs);
    }

    /** The server on an ILB's own host, where hosts are both. */
    private Optional<SimulatedServer> hostedBy(SimulatedIlb ilb) {
        return schedule.scheduler() == SchedulerKind.PEER && ilb.index < all.size()
                ? Optional.of(all.get(ilb.index)).filter(SimulatedServer::isUp)
                : Optional.empty();
    }

    /** Does a change; one that would leave fewer than two servers is the opposite one. */
    void change(EventKind kind, int pick) {
        List<SimulatedServer> up = available();
        List<SimulatedServer> drained =
                configured.stream().filter(SimulatedServer::isDrained).toList();
        List<SimulatedServer> down =
                all.stream().filter(server -> !server.isUp()).toList();
        switch (kind) {
            case SERVER_ADDED -> add(pick);
            case SERVER_REMOVED -> {
                if (up.size() > 2) {
                    remove(up.get(pick % up.size()));
                } else {
                    add(pick);
                }
            }
            case SERVER_DOWN -> {
                if (up.size() > 2) {
                    goDown(up.get(pick % up.size()));
                }
            }
            case SERVER_UP -> {
                if (!down.isEmpty()) {
                    comeUp(down.get(pick % down.size()));
                }
            }
            case SERVER_DRAINED -> {
                if (up.size() > 2) {
                    SimulatedServer chosen = up.get(pick % up.size());
                    chosen.drain(true);
                    agentChanged(chosen);
                }
            }
            case SERVER_READY -> {
                if (!drained.isEmpty()) {
                    SimulatedServer chosen = drained.get(pick % drained.size());
                    chosen.drain(false);
                    agentChanged(chosen);
                }
            }
            case SERVER_WEIGHED -> {
                SimulatedServer chosen = configured.get(pick % configured.size());
                chosen.weigh(1 + pick / 16 % 200);
                agentChanged(chosen);
            }
            case SERVER_LIMITED -> limit(configured.get(pick % configured.size()), pick / 16 % 8);
            default -> throw new IllegalArgumentException(kind + " does not concern servers");
        }
    }

    /** One server at a time has a limit, so that there is room elsewhere. */
    private void limit(SimulatedServer server, int connections) {
        for (SimulatedServer other : all) {
            if (other.limit() > 0) {
                other.limit(0);
                agentChanged(other);
            }
        }
        limitedNanos = simulation.queue().now();
        server.limit(connections);
        agentChanged(server);
    }

    /** Each ILB asks the agent the next time. */
    private void agentChanged(SimulatedServer server) {
        simulation.trace().line(0, () -> "the agent of " + server + ": " + server.report(OptionalInt.empty()));
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            askLater(ilb, server);
        }
    }

    private void askLater(SimulatedIlb ilb, SimulatedServer server) {
        simulation
                .queue()
                .in(
                        MIN_DETECTION_NANOS + random.nextLong(DETECTION_SPREAD_NANOS),
                        () -> ilb.ask(server, OptionalInt.empty()));
    }

    /** All that are up end; those. */
    List<SimulatedServer> allGoDown() {
        List<SimulatedServer> up = all.stream().filter(SimulatedServer::isUp).toList();
        up.forEach(this::goDown);
        return up;
    }

    private void add(int pick) {
        List<SimulatedServer> removed =
                all.stream().filter(server -> !configured.contains(server)).toList();
        if (!removed.isEmpty() && pick % 2 == 0) {
            SimulatedServer again = removed.get((pick / 2) % removed.size());
            again.changed();
            configured.add(again);
            // While it was not configured nobody asked how it is.
            for (SimulatedIlb ilb : simulation.cluster().running()) {
                simulation.queue().in(SPREAD_NANOS, () -> {
                    detect(ilb, again);
                    askLater(ilb, again);
                });
            }
        } else if (all.size() < MAX) {
            SimulatedServer another = create();
            another.changed();
            configured.add(another);
        }
        reconfigure();
    }

    private void remove(SimulatedServer server) {
        configured.remove(server);
        server.changed();
        reconfigure();
    }

    private void reconfigure() {
        simulation.trace().line(0, () -> "the configuration names " + configured);
        List<ServiceConfig> services = services();
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            simulation.queue().in(random.nextLong(SPREAD_NANOS), () -> {
                // A later configuration may have come before: each reading sees the file as it is.
                ilb.reconfigure(services.equals(services()) ? services : services());
            });
        }
    }

    private void goDown(SimulatedServer server) {
        simulation.trace().line(0, () -> "server " + server + " goes down");
        server.goDown();
        server.changed();
        simulation.clients().serverWentDown(server);
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            detect(ilb, server);
        }
    }

    void comeUp(SimulatedServer server) {
        simulation.trace().line(0, () -> "server " + server + " comes up");
        server.comeUp();
        server.changed();
        for (SimulatedIlb ilb : simulation.cluster().running()) {
            detect(ilb, server);
        }
    }

    /** An ILB that has just started, or was configured anew, finds out how the servers are. */
    void detectAll(SimulatedIlb ilb) {
        for (SimulatedServer server : all) {
            if (!server.isUp()) {
                detect(ilb, server);
            }
            askLater(ilb, server);
        }
    }

    private void detect(SimulatedIlb ilb, SimulatedServer server) {
        simulation
                .queue()
                .in(
                        MIN_DETECTION_NANOS + random.nextLong(DETECTION_SPREAD_NANOS),
                        () -> ilb.check(server.endpoint, server.isUp()));
    }
}
