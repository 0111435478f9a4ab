package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineOutput;

/** Runs schedules, and explains those that break an invariant. */
public final class Simulator {
    private static final int REPEATABLE = 7;

    private final UnaryOperator<EngineOutput> tamper;
    private final UnaryOperator<EngineConfig> misconfigure;

    /** Runs what the engines decide as it is. */
    public Simulator() {
        this(UnaryOperator.identity(), UnaryOperator.identity());
    }

    /**
     * One with faults, to show that they are found.
     *
     * @param tamper stands between each engine and its host
     * @param misconfigure gives an engine another configuration than the schedule says
     */
    Simulator(UnaryOperator<EngineOutput> tamper, UnaryOperator<EngineConfig> misconfigure) {
        this.tamper = tamper;
        this.misconfigure = misconfigure;
    }

    /** Runs one schedule. */
    public Outcome run(Schedule schedule) {
        return new Simulation(schedule, Trace.NOTHING, tamper, misconfigure).run();
    }

    /** Runs one schedule twice: if it was good and is not the same run again, that is the violation. */
    public Outcome runTwice(Schedule schedule) {
        Outcome once = run(schedule);
        Outcome again = run(schedule);
        boolean same = again.hash() == once.hash() && again.steps() == once.steps();
        return same || !once.isGood()
                ? once
                : once.with(new Violation(
                        REPEATABLE,
                        "two runs differ: " + once.steps() + " and " + again.steps() + " steps, hashes "
                                + Long.toHexString(once.hash()) + " and " + Long.toHexString(again.hash()),
                        0,
                        0));
    }

    /** Runs a schedule that breaks an invariant with fewer and fewer events, and once more with lines to read. */
    public Explanation explain(Schedule failing) {
        int invariant = run(failing).violations().get(0).invariant();
        Schedule shortest = new Shortening(candidate -> {
                    Outcome outcome = run(candidate);
                    return !outcome.isGood() && outcome.violations().get(0).invariant() == invariant;
                })
                .shorten(failing);
        int connection = run(shortest).violations().get(0).connection();
        Outcome outcome = new Simulation(shortest, connection, tamper, misconfigure).run();
        return new Explanation(shortest, outcome.violations(), outcome.lines());
    }

    /**
     * Why a schedule fails.
     *
     * @param shortest the schedule, less what it fails without
     * @param lines what happened to the cluster and to the connection
     */
    public record Explanation(Schedule shortest, List<Violation> violations, List<String> lines) {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(shortest.toString());
            for (String line : lines) {
                text.append(System.lineSeparator()).append(line);
            }
            for (Violation violation : violations) {
                text.append(System.lineSeparator()).append(violation);
            }
            return text.toString();
        }
    }

    /**
     * A series of random schedules: every third, or each of them, has events that overlap.
     *
     * @param seed of the first; the others' follow from it
     * @param ilbs at the start, 0 for a random number
     */
    public static List<Schedule> schedules(
            long seed, int count, int ilbs, Set<EventKind> kinds, boolean allOverlapping) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Schedule> schedules = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            schedules.add(
                    Schedule.random(i == 0 ? seed : random.nextLong(), ilbs, kinds, allOverlapping || i % 3 == 2));
        }
        return schedules;
    }
}
