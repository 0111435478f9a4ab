package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.ilbd.core.engine.AllDown;
import org.ilbd.core.engine.Authority;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.scheduler.SchedulerKind;

/**
 * One run, completely: the same schedule gives the same run, to the byte.
 *
 * @param seed of everything that is random in the run
 * @param ilbs at the start, 1 to {@link Cluster#MAX_ILBS}
 * @param connections that clients have open at a time
 * @param overlapping whether events come while the cluster is still busy with others; then connections may break
 * @param loss share of the datagrams between ILBs that get lost, 0 to 1
 * @param duplication share of them that arrive twice
 * @param reordering share of them that are late by some milliseconds
 * @param halfOpenRoom for half-open connections at each ILB
 * @param cacheRoom for associations in each ILB's cache
 * @param affinity whether all connections of a client are to go to the same server
 * @param allDown what becomes of a SYN while no server is available
 * @param fallback whether there is a server for when no other one is available
 */
public record Schedule(
        long seed,
        int ilbs,
        int connections,
        boolean overlapping,
        double loss,
        double duplication,
        double reordering,
        boolean ipv6,
        CacheFill cacheFill,
        SchedulerKind scheduler,
        Authority authority,
        Orphan orphan,
        int establishedTimeoutMillis,
        int halfOpenRoom,
        int cacheRoom,
        boolean affinity,
        AllDown allDown,
        boolean fallback,
        List<PlannedEvent> events) {
    /** Copies the list. */
    public Schedule {
        events = List.copyOf(events);
    }

    private static final EventKind[] SERVER_CHANGES = {
        EventKind.SERVER_ADDED,
        EventKind.SERVER_REMOVED,
        EventKind.SERVER_DOWN,
        EventKind.SERVER_UP,
        EventKind.SERVER_DRAINED,
        EventKind.SERVER_LIMITED
    };

    /**
     * A random schedule.
     *
     * @param ilbs at the start, 0 for a random number from 2 to 5
     * @param kinds of the events; of these, where events do not overlap, those that must break nothing on their own
     */
    public static Schedule random(long seed, int ilbs, Set<EventKind> kinds, boolean overlapping) {
        SplittableRandom random = new SplittableRandom(seed);
        List<EventKind> eligible = kinds.stream()
                .filter(kind -> overlapping || kind.isSingle())
                .sorted()
                .toList();
        List<PlannedEvent> events = new ArrayList<>();
        int count = eligible.isEmpty() ? 0 : 1 + random.nextInt(overlapping ? 8 : 4);
        for (int i = 0; i < count; i++) {
            events.add(randomEvent(random, eligible, overlapping));
        }
        double[] losses = {0, 0, 0.02, 0.05};
        return new Schedule(
                seed,
                ilbs > 0 ? ilbs : 2 + random.nextInt(4),
                8 + random.nextInt(32),
                overlapping,
                losses[random.nextInt(losses.length)],
                random.nextInt(3) == 0 ? 0.02 : 0,
                random.nextInt(3) == 0 ? 0.05 : 0,
                random.nextInt(4) == 0,
                CacheFill.values()[random.nextInt(CacheFill.values().length)],
                SchedulerKind.values()[random.nextInt(SchedulerKind.values().length)],
                random.nextInt(3) == 0 ? Authority.MASTER : Authority.OWNER,
                random.nextInt(4) == 0 ? Orphan.RESET : Orphan.HASH,
                random.nextBoolean() ? 16_000 : 60_000,
                random.nextInt(5) == 0 ? 60 : 1_000,
                random.nextInt(5) == 0 ? 10 : 1_000,
                random.nextInt(3) == 0,
                random.nextBoolean() ? AllDown.RESET : AllDown.DROP,
                random.nextInt(3) == 0,
                events);
    }

    private static PlannedEvent randomEvent(SplittableRandom random, List<EventKind> eligible, boolean overlapping) {
        EventKind kind = eligible.get(random.nextInt(eligible.size()));
        int gap = overlapping ? random.nextInt(1_500) : random.nextInt(600);
        int length = 20 + (random.nextBoolean() ? random.nextInt(400) : random.nextInt(3_000));
        boolean alone = kind.concernsServers() || random.nextInt(3) > 0;
        return new PlannedEvent(
                kind,
                gap,
                random.nextInt(1 << 20),
                length,
                alone ? PlannedEvent.ALONE : random.nextInt(800) - 400,
                SERVER_CHANGES[random.nextInt(SERVER_CHANGES.length)]);
    }

    /** The same with other events. */
    Schedule with(List<PlannedEvent> otherEvents) {
        return new Schedule(
                seed,
                ilbs,
                connections,
                overlapping,
                loss,
                duplication,
                reordering,
                ipv6,
                cacheFill,
                scheduler,
                authority,
                orphan,
                establishedTimeoutMillis,
                halfOpenRoom,
                cacheRoom,
                affinity,
                allDown,
                fallback,
                otherEvents);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("seed " + seed + ": " + ilbs + " ILBs, " + connections + " connections, "
                + (overlapping ? "overlapping events" : "one event at a time") + ", loss " + loss + ", duplication "
                + duplication + ", reordering " + reordering + (ipv6 ? ", IPv6" : ", IPv4") + ", cache "
                + cacheFill.text() + ", " + scheduler + " by the " + authority + ", orphan " + orphan
                + ", established timeout " + establishedTimeoutMillis + " ms, half-open room " + halfOpenRoom
                + ", cache room " + cacheRoom + (affinity ? ", affinity" : "") + ", all down "
                + allDown + (fallback ? ", a fallback" : ""));
        for (PlannedEvent event : events) {
            text.append(System.lineSeparator()).append("  ").append(event);
        }
        return text.toString();
    }
}
