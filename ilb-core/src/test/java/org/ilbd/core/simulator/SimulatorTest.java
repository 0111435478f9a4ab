package org.ilbd.core.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random schedules against the invariants, and proof that the checks can fail. */
class SimulatorTest {
    private static final Set<EventKind> ALL = EnumSet.allOf(EventKind.class);
    private static final int FIXED_SEED = 20_261_120;

    private final Simulator simulator = new Simulator();

    @Test
    void noScheduleBreaksAnInvariant() {
        Summary summary = run(FIXED_SEED, 1_500, ALL);

        assertThat(summary.connections()).isGreaterThan(40_000);
        for (EventKind kind : EventKind.values()) {
            assertThat(summary.coverage().count(kind, Coverage.Phase.SETTLED))
                    .as(kind.text())
                    .isPositive();
        }
    }

    @Test
    void noScheduleOfARandomSeedBreaksAnInvariant() {
        long seed = new Random().nextLong();
        System.out.println("SimulatorTest seed " + seed);
        run(seed, 500, ALL);
    }

    @ParameterizedTest
    @EnumSource(EventKind.class)
    void noEventOfOneKindBreaksAnInvariant(EventKind kind) {
        run(FIXED_SEED + kind.ordinal(), 30, EnumSet.of(kind));
    }

    /**
     * Schedules that left an association on one ILB, by a base that was not that of all, or on two that named two owners; the
     * last but two left two ILBs with two intakes.
     */
    @ParameterizedTest
    @ValueSource(
            longs = {
                -1139132040495817105L,
                8879972625065098185L,
                -7121075662681768474L,
                6631745736457490888L,
                -2426721645887300444L,
                9076011251460495614L,
                -395208852417511623L,
                2565998012775815409L,
                5451055224532557621L,
                -7710882509049293373L,
                3966259150605449990L,
                -512628256020228390L
            })
    void whatOverlappingEventsOnceLeftApartComesTogether(long seed) {
        run(seed, 1, ALL, true);
    }

    /** A server that was removed, while a client used the port of a connection again that had just been reset. */
    @ParameterizedTest
    @ValueSource(longs = {4061625886966538592L, -493239982551043130L})
    void whatOneEventOnceBrokeLives(long seed) {
        run(seed, 1, ALL);
    }

    @Test
    void sameScheduleGivesTheSameRun() {
        for (Schedule schedule : Simulator.schedules(FIXED_SEED, 30, 0, ALL, false)) {
            Outcome outcome = simulator.runTwice(schedule);

            assertThat(outcome.violations()).isEmpty();
            assertThat(outcome.steps()).isPositive();
        }
    }

    @Test
    void otherSeedGivesAnotherRun() {
        List<Schedule> schedules = Simulator.schedules(FIXED_SEED, 2, 0, ALL, false);

        assertThat(simulator.run(schedules.get(0)).hash())
                .isNotEqualTo(simulator.run(schedules.get(1)).hash());
    }

    private Summary run(long seed, int count, Set<EventKind> kinds) {
        return run(seed, count, kinds, false);
    }

    /** Each run is one thread's; several go on at a time. */
    private Summary run(long seed, int count, Set<EventKind> kinds, boolean allOverlapping) {
        List<Outcome> outcomes = Simulator.schedules(seed, count, 0, kinds, allOverlapping).parallelStream()
                .map(simulator::run)
                .toList();
        Summary summary = new Summary();
        for (Outcome outcome : outcomes) {
            if (!outcome.isGood()) {
                throw new AssertionError(
                        "seed " + seed + System.lineSeparator() + simulator.explain(outcome.schedule()));
            }
            summary.add(outcome);
        }
        return summary;
    }
}
