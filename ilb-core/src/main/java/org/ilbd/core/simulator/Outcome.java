package org.ilbd.core.simulator;

import java.util.List;

/**
 * What came of one run.
 *
 * @param violations the first, and what was found with it
 * @param hash of everything that happened: equal for equal runs
 * @param steps packets, datagrams and messages that arrived
 * @param connections that clients opened
 * @param broken connections that broke where events overlapped
 * @param falseAlarms ILBs that were taken for dead and lived
 * @param simulatedNanos how long it took, in the simulated time
 * @param lines what happened, if it was asked for
 */
public record Outcome(
        Schedule schedule,
        List<Violation> violations,
        long hash,
        long steps,
        int connections,
        int broken,
        int falseAlarms,
        long simulatedNanos,
        Coverage coverage,
        List<String> lines) {
    /** The same with one violation that was found afterwards. */
    Outcome with(Violation violation) {
        return new Outcome(
                schedule,
                List.of(violation),
                hash,
                steps,
                connections,
                broken,
                falseAlarms,
                simulatedNanos,
                coverage,
                lines);
    }

    /** Whether no invariant was broken. */
    public boolean isGood() {
        return violations.isEmpty();
    }
}
