package org.ilbd.core.simulator;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.packet.Endpoint;

/** One run of one schedule. */
final class Simulation {
    /** In which the cluster must settle after an event, and at the end: detection, hand-over, a lost message here and there. */
    private static final long SETTLE_NANOS = 8 * EventQueue.SECOND;

    private static final long POLL_NANOS = 20 * EventQueue.MILLISECOND;

    /** Between two walks over all tables: their sizes are looked at after each step. */
    private static final long TABLES_NANOS = EventQueue.SECOND;

    private static final long FINISH_NANOS = 40 * EventQueue.SECOND;

    /** Where established connections expire so soon, and so few ILBs tick, the end is waited for: it takes long enough. */
    private static final int MAX_EXPIRY_MILLIS = 16_000;

    private static final int MAX_EXPIRY_ILBS = 3;

    /** In which what has ended is known to have: until the association expires, of one of its holders only. */
    private static final long ENDED_NANOS = 10 * EventQueue.SECOND;

    /** That timeout, or those of a closing one and of a half-open one with all its questions; and behind the last word of it. */
    private static final long EXPIRY_NANOS = 24 * EventQueue.SECOND;

    /** Between router, ILBs, servers and clients. */
    private static final long MIN_WIRE_NANOS = 100 * EventQueue.MICROSECOND;

    private final Schedule schedule;
    private final EventQueue queue = new EventQueue();
    private final Trace trace;
    private final SplittableRandom random;
    private final SplittableRandom wire;
    private final Endpoint vip;
    private final Router router = new Router();
    private final Coverage coverage = new Coverage();
    private final Oracle oracle;
    private final HolderChecks holders;
    private final AffinityChecks affinity;
    private final ServerChecks serverChecks;
    private final Servers servers;
    private final Cluster cluster;
    private final SimulatedClients clients;
    private final Events events;
    private double clientLoss;
    private boolean mayBreak;
    private int falseAlarms;

    Simulation(
            Schedule schedule,
            int connectionToRead,
            UnaryOperator<EngineOutput> tamper,
            UnaryOperator<EngineConfig> misconfigure) {
        this.schedule = schedule;
        trace = new Trace(queue, connectionToRead);
        SplittableRandom root = new SplittableRandom(schedule.seed());
        random = root.split();
        wire = root.split();
        vip = Endpoint.parse(schedule.ipv6() ? "[2001:db8:9::1]:80" : "10.9.0.1:80");
        oracle = new Oracle(this);
        holders = new HolderChecks(this);
        affinity = new AffinityChecks(this);
        serverChecks = new ServerChecks(this);
        servers = new Servers(this, schedule, root.split());
        cluster = new Cluster(this, schedule, root.split(), tamper, misconfigure);
        clients = new SimulatedClients(this, schedule, root.split());
        events = new Events(this, root.split());
        clientLoss = schedule.loss() / 10;
        mayBreak = schedule.overlapping();
    }

    Schedule schedule() {
        return schedule;
    }

    EventQueue queue() {
        return queue;
    }

    Trace trace() {
        return trace;
    }

    SplittableRandom random() {
        return random;
    }

    Endpoint vip() {
        return vip;
    }

    Router router() {
        return router;
    }

    Coverage coverage() {
        return coverage;
    }

    Oracle oracle() {
        return oracle;
    }

    AffinityChecks affinity() {
        return affinity;
    }

    ServerChecks serverChecks() {
        return serverChecks;
    }

    HolderChecks holders() {
        return holders;
    }

    Servers servers() {
        return servers;
    }

    Cluster cluster() {
        return cluster;
    }

    SimulatedClients clients() {
        return clients;
    }

    /** Whether what breaks from now on is only counted. */
    boolean mayBreak() {
        return mayBreak;
    }

    /** So many heartbeats in a row were lost that an ILB took a living one for dead: more than one event at a time. */
    void falseAlarm() {
        falseAlarms++;
        mayBreak = true;
        affinity.forget();
        trace.line(0, () -> "a false alarm: from here on connections may break");
    }

    long wireDelay() {
        return MIN_WIRE_NANOS + wire.nextLong(200 * EventQueue.MICROSECOND);
    }

    /** A client's segment goes to the router, and on to an ILB. */
    void toCluster(Segment segment) {
        trace.line(segment.connection(), () -> "client sends " + segment);
        if (wire.nextDouble() < clientLoss) {
            return;
        }
        queue.in(wireDelay(), () -> {
            int place = router.nextHop(segment.source(), segment.destination());
            if (place >= 0) {
                queue.in(wireDelay(), () -> cluster.arrive(place, segment));
            }
        });
    }

    /** A server's segment goes straight to the client. */
    void toClient(SimulatedServer.Answer answer) {
        if (wire.nextDouble() >= clientLoss) {
            queue.in(wireDelay(), () -> clients.receive(answer));
        }
    }

    /** Runs to the end, or to the first violation. */
    Outcome run() {
        for (int i = 0; i < schedule.ilbs(); i++) {
            int place = i;
            queue.in(random.nextLong(200 * EventQueue.MILLISECOND), () -> events.start(place));
        }
        repeat(POLL_NANOS, holders::checkGauge);
        repeat(TABLES_NANOS, this::checkTables);
        runFor(200 * EventQueue.MILLISECOND);
        if (settle("start")) {
            clients.begin();
            runFor(EventQueue.SECOND);
            for (PlannedEvent event : schedule.events()) {
                if (!oracle.violations().isEmpty()) {
                    break;
                }
                runFor(event.gapMillis() * EventQueue.MILLISECOND);
                events.happen(event);
                if (!schedule.overlapping()) {
                    runWhileLasting();
                    settle(event.kind().text());
                }
            }
            end();
        }
        return new Outcome(
                schedule,
                List.copyOf(oracle.violations()),
                trace.hash(),
                trace.steps(),
                clients.opened(),
                oracle.broken(),
                falseAlarms,
                queue.now() - EventQueue.SECOND,
                coverage,
                List.copyOf(trace.lines()));
    }

    private void end() {
        runWhileLasting();
        cluster.healAll();
        cluster.impair(0, 0, 0);
        settle("end");
        if (!oracle.violations().isEmpty()) {
            return;
        }
        runFor(2 * EventQueue.SECOND);
        holders.checkHolders();
        holders.checkNobodyElseHolds();
        clients.finish();
        long end = queue.now() + FINISH_NANOS;
        while (!clients.allOver() && oracle.violations().isEmpty() && queue.now() < end) {
            runFor(POLL_NANOS);
        }
        if (!clients.allOver() && oracle.violations().isEmpty()) {
            oracle.violation(1, "connections do not come to their end: " + clients.open(), null);
        }
        checkTables();
        if (oracle.violations().isEmpty()) {
            checkLeftovers();
        }
    }

    private void checkLeftovers() {
        boolean noneChanged =
                schedule.events().stream().allMatch(event -> event.kind().concernsServers());
        if (noneChanged && falseAlarms == 0 && schedule.loss() == 0 && holders.hasHeardAll()) {
            runFor(ENDED_NANOS);
            holders.checkEnded();
        }
        if (schedule.establishedTimeoutMillis() <= MAX_EXPIRY_MILLIS && schedule.ilbs() <= MAX_EXPIRY_ILBS) {
            runFor(EXPIRY_NANOS);
            holders.checkExpired();
        }
    }

    private void runWhileLasting() {
        while (events.areLasting() && oracle.violations().isEmpty()) {
            runFor(POLL_NANOS);
        }
    }

    /** Runs until nothing goes on any more; false, and a violation, if that takes too long. */
    private boolean settle(String after) {
        long end = queue.now() + SETTLE_NANOS;
        runFor(POLL_NANOS);
        String views = whyMindsDiffer();
        String handover = holders.whyHandingOver();
        while (!views.isEmpty() || !handover.isEmpty()) {
            if (oracle.violations().isEmpty() && queue.now() >= end) {
                boolean differ = !views.isEmpty();
                oracle.violation(
                        differ ? 3 : 5, "not settled after " + after + ": " + (differ ? views : handover), null);
            }
            if (!oracle.violations().isEmpty()) {
                return false;
            }
            runFor(POLL_NANOS);
            views = whyMindsDiffer();
            handover = holders.whyHandingOver();
        }
        holders.checkHolders();
        // A false alarm is over, and what it has cost is excused by now.
        mayBreak = schedule.overlapping();
        return oracle.violations().isEmpty();
    }

    private String whyMindsDiffer() {
        String views = holders.whyViewsDiffer();
        return views.isEmpty() ? holders.whyIntakesDiffer() : views;
    }

    private void checkTables() {
        for (SimulatedIlb ilb : cluster.running()) {
            ilb.tables().checkInside();
            serverChecks.checkLoads(ilb);
        }
    }

    private void repeat(long everyNanos, Runnable action) {
        queue.in(everyNanos, () -> {
            action.run();
            repeat(everyNanos, action);
        });
    }

    private void runFor(long nanos) {
        boolean[] reached = {false};
        queue.in(nanos, () -> reached[0] = true);
        while (!reached[0] && oracle.violations().isEmpty() && queue.step()) {
            // The events do the work.
        }
    }
}
