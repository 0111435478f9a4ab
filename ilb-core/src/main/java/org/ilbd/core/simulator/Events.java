package org.ilbd.core.simulator;

import java.util.List;
import java.util.SplittableRandom;
import org.ilbd.core.packet.TcpHeader;
import org.jspecify.annotations.Nullable;

/** Lets the events of a schedule happen. */
final class Events {
    /** A daemon that leaves looks for quiet in such steps, and for no longer than this (as Node does). */
    private static final long QUIET_NANOS = 500 * EventQueue.MILLISECOND;

    private static final long LEAVE_TIMEOUT_NANOS = 10 * EventQueue.SECOND;

    /** Longer than a load counts, so that some get too old. */
    private static final long AGENTS_SILENT_NANOS = 2 * EventQueue.SECOND;

    /** Within half a heartbeat: whoever starts so much later has not been heard, or has only just been. */
    private static final long TOGETHER_NANOS = 50 * EventQueue.MILLISECOND;

    private final Simulation simulation;
    private final EventQueue queue;
    private final Cluster cluster;
    private final SplittableRandom random;
    private int lasting;

    Events(Simulation simulation, SplittableRandom random) {
        this.simulation = simulation;
        this.queue = simulation.queue();
        this.cluster = simulation.cluster();
        this.random = random;
    }

    /** Whether an event is still going on. */
    boolean areLasting() {
        return lasting > 0;
    }

    void happen(PlannedEvent event) {
        if (!event.hasCompanion()) {
            happen(event.kind(), event);
            return;
        }
        long offset = event.companionOffsetMillis() * EventQueue.MILLISECOND;
        later(Math.max(0, -offset), () -> happen(event.kind(), event));
        later(Math.max(0, offset), () -> happen(event.companion(), event));
    }

    private void later(long delayNanos, Runnable action) {
        lasting++;
        queue.in(delayNanos, () -> {
            lasting--;
            action.run();
        });
    }

    private void happen(EventKind kind, PlannedEvent event) {
        simulation.coverage().met(kind, cluster);
        simulation.trace().fold(kind.ordinal());
        simulation.trace().line(0, () -> "EVENT " + kind.text());
        List<SimulatedIlb> healthy = cluster.healthy();
        SimulatedIlb chosen = healthy.isEmpty() ? null : healthy.get(event.pick() % healthy.size());
        long length = event.lengthMillis() * EventQueue.MILLISECOND;
        switch (kind) {
            case CRASH -> {
                if (chosen != null && healthy.size() > 1) {
                    cluster.kill(chosen);
                }
            }
            case LEAVE -> {
                if (chosen != null && healthy.size() > 1) {
                    leave(chosen);
                }
            }
            case JOIN -> join();
            case JOIN_TOGETHER -> {
                int count = 2 + event.pick() % 2;
                boolean sameInstant = event.pick() / 2 % 2 == 0;
                for (int i = 0; i < count; i++) {
                    later(sameInstant ? 0 : random.nextLong(TOGETHER_NANOS), this::join);
                }
            }
            case REJOIN -> rejoin(chosen, healthy.size(), event, length);
            case PAUSE -> {
                if (chosen != null && healthy.size() > 1) {
                    pause(chosen, length);
                }
            }
            case RESHUFFLE -> reshuffle(1 + event.pick() % 5);
            case SERVER_ADDED,
                    SERVER_REMOVED,
                    SERVER_DOWN,
                    SERVER_UP,
                    SERVER_DRAINED,
                    SERVER_READY,
                    SERVER_WEIGHED,
                    SERVER_LIMITED -> simulation.servers().change(kind, event.pick());
            case ALL_SERVERS_DOWN -> {
                List<SimulatedServer> gone = simulation.servers().allGoDown();
                later(length, () -> gone.forEach(simulation.servers()::comeUp));
            }
            case AGENTS_SILENT -> {
                simulation.servers().silenceAgents(true);
                later(AGENTS_SILENT_NANOS + length, () -> simulation.servers().silenceAgents(false));
            }
            case SYN_BURST -> burst(20 + event.pick() % 200);
            case PARTITION_PAIR -> partition(event.pick(), length);
            case PARTITION_HALF -> divide(event.pick(), length);
            case IMPAIR -> {
                cluster.impair(0.3, 0.1, 0.3);
                Schedule schedule = simulation.schedule();
                later(length, () -> cluster.impair(schedule.loss(), schedule.duplication(), schedule.reordering()));
            }
        }
    }

    private void join() {
        List<Integer> places = cluster.places(false);
        if (!places.isEmpty()) {
            start(places.get(0));
        }
    }

    void start(int place) {
        SimulatedIlb ilb = cluster.start(place);
        simulation.servers().detectAll(ilb);
    }

    private void rejoin(@Nullable SimulatedIlb chosen, int healthy, PlannedEvent event, long length) {
        List<Integer> gone = cluster.places(true);
        if (!gone.isEmpty() && event.pick() % 3 > 0) {
            start(gone.get((event.pick() / 3) % gone.size()));
        } else if (chosen != null && healthy > 1) {
            int place = chosen.index;
            cluster.kill(chosen);
            later(length, () -> {
                if (cluster.places(true).contains(place)) {
                    start(place);
                }
            });
        }
    }

    private void leave(SimulatedIlb ilb) {
        ilb.leave();
        long end = queue.now() + LEAVE_TIMEOUT_NANOS;
        // Readiness says no from now on, so the router takes it out.
        later(Router.DETECTION_NANOS, () -> simulation.router().remove(ilb.index));
        later(QUIET_NANOS, () -> stopWhenQuiet(ilb, end));
    }

    private void stopWhenQuiet(SimulatedIlb ilb, long end) {
        if (!ilb.isRunning()) {
            return;
        }
        boolean quiet = queue.now() - ilb.lastPacketNanos() >= QUIET_NANOS;
        if ((quiet && ilb.isReleased()) || queue.now() >= end) {
            if (!ilb.isReleased()) {
                simulation.trace().line(0, () -> ilb + " stops without being released");
                simulation.oracle().notReleased(ilb);
            }
            cluster.kill(ilb);
        } else {
            later(QUIET_NANOS / 5, () -> stopWhenQuiet(ilb, end));
        }
    }

    private void pause(SimulatedIlb ilb, long length) {
        simulation.trace().line(0, () -> ilb + " stands still for " + length / EventQueue.MILLISECOND + " ms");
        ilb.pause();
        queue.in(Router.DETECTION_NANOS, () -> {
            if (ilb.isPaused()) {
                simulation.router().remove(ilb.index);
            }
        });
        later(length, () -> {
            if (ilb.isRunning()) {
                simulation.trace().line(0, () -> ilb + " goes on");
                ilb.resume(random);
                simulation.router().add(ilb.index);
            }
        });
    }

    private void reshuffle(int times) {
        simulation.router().reshuffle(random.nextLong());
        if (times > 1) {
            later(random.nextLong(100 * EventQueue.MILLISECOND), () -> reshuffle(times - 1));
        }
    }

    private void burst(int syns) {
        for (int i = 0; i < syns; i++) {
            Segment syn = new Segment(
                    simulation.clients().stranger(random.nextInt(10_000)),
                    simulation.vip(),
                    TcpHeader.SYN,
                    random.nextInt(),
                    0,
                    new byte[0],
                    0);
            queue.in(random.nextLong(50 * EventQueue.MILLISECOND), () -> simulation.toCluster(syn));
        }
    }

    private void partition(int pick, long length) {
        List<SimulatedIlb> running = cluster.running();
        if (running.size() > 1) {
            SimulatedIlb one = running.get(pick % running.size());
            SimulatedIlb other = running.get((pick + 1) % running.size());
            cluster.setCut(one.index, other.index, true);
            later(length, () -> cluster.setCut(one.index, other.index, false));
        }
    }

    private void divide(int pick, long length) {
        for (int one = 0; one < Cluster.MAX_ILBS; one++) {
            for (int other = 0; other < one; other++) {
                if (((pick >> one) & 1) != ((pick >> other) & 1)) {
                    cluster.setCut(one, other, true);
                }
            }
        }
        later(length, cluster::healAll);
    }
}
