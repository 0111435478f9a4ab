package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What came of many runs. */
public final class Summary {
    private final Coverage coverage = new Coverage();
    private final List<Outcome> failures = new ArrayList<>();
    private long schedules;
    private long overlapping;
    private long connections;
    private long broken;
    private long falseAlarms;
    private long steps;
    private long simulatedNanos;

    /** Nothing yet. */
    public Summary() {}

    /** Adds one run. */
    public void add(Outcome outcome) {
        schedules++;
        overlapping += outcome.schedule().overlapping() ? 1 : 0;
        connections += outcome.connections();
        broken += outcome.broken();
        falseAlarms += outcome.falseAlarms();
        steps += outcome.steps();
        simulatedNanos += outcome.simulatedNanos();
        coverage.add(outcome.coverage());
        if (!outcome.isGood()) {
            failures.add(outcome);
        }
    }

    /** The runs that broke an invariant. */
    public List<Outcome> failures() {
        return failures;
    }

    /** What the events met. */
    public Coverage coverage() {
        return coverage;
    }

    /** How many connections were opened, over all runs. */
    public long connections() {
        return connections;
    }

    /** How many broke, all of them where events overlapped. */
    public long broken() {
        return broken;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d schedules (%,d with overlapping events), %,d simulated seconds, %,d connections, %,d messages and packets%n"
                        + "%,d schedules broke an invariant; where events overlapped, %,d connections broke; "
                        + "%,d false alarms%n%n%s",
                schedules,
                overlapping,
                simulatedNanos / EventQueue.SECOND,
                connections,
                steps,
                failures.size(),
                broken,
                falseAlarms,
                coverage);
    }
}
