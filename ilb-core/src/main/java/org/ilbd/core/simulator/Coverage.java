package org.ilbd.core.simulator;

import java.util.List;
import java.util.Locale;
import org.ilbd.core.membership.IlbState;

/** How often each event met each state of the cluster. */
public final class Coverage {
    /** What a cluster may be busy with when an event happens; several at a time. */
    public enum Phase {
        /** Nothing is going on. */
        SETTLED,
        /** An ILB is handing over. */
        HANDING_OVER,
        /** Associations are on one ILB only. */
        UNDER_REPLICATED,
        /** An ILB is JOINING. */
        JOINING,
        /** An ILB is LEAVING. */
        LEAVING,
        /** An ILB has ended and others still take it for ACTIVE. */
        UNNOTICED_DEATH,
        /** An ILB stands still. */
        PAUSED,
        /** Some ILBs do not hear each other. */
        PARTITIONED,
        /** Two ILBs see different views. */
        VIEWS_DIFFER,
        /** One ILB is all there is. */
        ALONE
    }

    private final long[][] counts = new long[EventKind.values().length][Phase.values().length];

    /** Nothing was met yet. */
    public Coverage() {}

    /** How often that event happened in that phase. */
    public long count(EventKind kind, Phase phase) {
        return counts[kind.ordinal()][phase.ordinal()];
    }

    void add(Coverage other) {
        for (int i = 0; i < counts.length; i++) {
            for (int j = 0; j < counts[i].length; j++) {
                counts[i][j] += other.counts[i][j];
            }
        }
    }

    void met(EventKind kind, Cluster cluster) {
        List<SimulatedIlb> running = cluster.running();
        long[] row = counts[kind.ordinal()];
        boolean busy = false;
        for (Phase phase : Phase.values()) {
            boolean met = phase != Phase.SETTLED && isIn(phase, running, cluster);
            busy |= met && phase != Phase.ALONE;
            row[phase.ordinal()] += met ? 1 : 0;
        }
        row[Phase.SETTLED.ordinal()] += busy ? 0 : 1;
    }

    private static boolean isIn(Phase phase, List<SimulatedIlb> running, Cluster cluster) {
        return switch (phase) {
            case SETTLED -> false;
            case HANDING_OVER -> running.stream().anyMatch(ilb -> ilb.engine.isHandingOver());
            case UNDER_REPLICATED ->
                running.size() > 1 && running.stream().anyMatch(ilb -> ilb.engine.underReplicated() > 0);
            case JOINING -> anyIs(running, IlbState.JOINING);
            case LEAVING -> anyIs(running, IlbState.LEAVING);
            case UNNOTICED_DEATH ->
                running.stream()
                        .anyMatch(ilb -> ilb.engine.membership().activeIds().stream()
                                .anyMatch(id -> running.stream().noneMatch(other -> other.id.equals(id))));
            case PAUSED -> running.stream().anyMatch(SimulatedIlb::isPaused);
            case PARTITIONED -> cluster.isAnyCut();
            case VIEWS_DIFFER ->
                running.stream()
                                .mapToLong(ilb -> ilb.engine.membership().viewDigest())
                                .distinct()
                                .count()
                        > 1;
            case ALONE -> running.size() == 1;
        };
    }

    private static boolean anyIs(List<SimulatedIlb> running, IlbState state) {
        return running.stream().anyMatch(ilb -> ilb.engine.membership().selfState() == state);
    }

    /** A table: a row for each event, a column for each phase. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%-16s", "event met"));
        for (Phase phase : Phase.values()) {
            text.append(String.format(
                    Locale.ROOT, "%17s", phase.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
        }
        for (EventKind kind : EventKind.values()) {
            text.append(String.format(Locale.ROOT, "%n%-16s", kind.text()));
            for (Phase phase : Phase.values()) {
                text.append(String.format(Locale.ROOT, "%,17d", count(kind, phase)));
            }
        }
        return text.toString();
    }
}
