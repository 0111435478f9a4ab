package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.ilbd.core.engine.EngineOutput;

/** Runs schedules, and explains those that break an invariant. */
public final class Simulator {
    private final UnaryOperator<EngineOutput> tamper;

    /** Runs what the engines decide as it is. */
    public Simulator() {
        this(UnaryOperator.identity());
    }

    /** @param tamper stands between each engine and its host, to show that a fault is found */
    Simulator(UnaryOperator<EngineOutput> tamper) {
        this.tamper = tamper;
    }

    /** Runs one schedule. */
    public Outcome run(Schedule schedule) {
        return new Simulation(schedule, Trace.NOTHING, tamper).run();
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
        Outcome outcome = new Simulation(shortest, connection, tamper).run();
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
     * A series of random schedules: every third has events that overlap.
     *
     * @param seed of the first; the others' follow from it
     * @param ilbs at the start, 0 for a random number
     */
    public static List<Schedule> schedules(long seed, int count, int ilbs, Set<EventKind> kinds) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Schedule> schedules = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            schedules.add(Schedule.random(i == 0 ? seed : random.nextLong(), ilbs, kinds, i % 3 == 2));
        }
        return schedules;
    }
}
