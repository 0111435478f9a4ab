package org.ilbd.core.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.AllDown;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hosts that do what they must not, to show that each check finds it. */
class CheckerTest {
    private static final int ILBS = Faults.ILBS;
    private static final Set<EventKind> NOTHING = EnumSet.noneOf(EventKind.class);

    @Test
    void packetAtTheWrongServerIsFound() {
        assertThat(firstViolation(Faults.Misdelivers::new, NOTHING).invariant()).isEqualTo(1);
    }

    @Test
    void connectionThatGoesToAnotherServerThanItsClientsEarlierOneIsFound() {
        Simulator simulator = new Simulator(UnaryOperator.identity(), Faults::withoutAffinity);
        for (long seed = 1; seed <= 100; seed++) {
            Schedule schedule = Schedule.random(seed, ILBS, NOTHING, false);
            if (schedule.affinity() && schedule.scheduler() == SchedulerKind.ROUND_ROBIN) {
                Violation violation = simulator.run(schedule).violations().get(0);

                assertThat(violation.invariant()).isEqualTo(1);
                assertThat(violation.what()).contains("its client's server was another");
                return;
            }
        }
        throw new AssertionError("no schedule of that kind");
    }

    @Test
    void synToAServerThatIsKnownToBeDownIsFound() {
        ServerReport up = ServerReport.ofCheck(true);
        assertThat(servers(host -> new Faults.Overrules(host, up), UnaryOperator.identity(), EventKind.SERVER_DOWN))
                .contains("which it knows to be down");
    }

    @Test
    void newConnectionToAServerThatDrainsIsFound() {
        ServerReport ready = Faults.Overrules.agent(Administration.READY, OptionalInt.empty());
        assertThat(servers(
                        host -> new Faults.Overrules(host, ready), UnaryOperator.identity(), EventKind.SERVER_DRAINED))
                .contains("which it knows to drain");
    }

    @Test
    void moreConnectionsThanAServerTakesAreFound() {
        ServerReport unlimited = Faults.Overrules.agent(Administration.READY, OptionalInt.empty());
        assertThat(servers(
                        host -> new Faults.Overrules(host, unlimited),
                        UnaryOperator.identity(),
                        EventKind.SERVER_LIMITED))
                .contains("connections, and may have");
    }

    @Test
    void loadThatIsTooOldIsFound() {
        ServerReport loaded = Faults.Overrules.agent(Administration.READY, OptionalInt.of(500));
        assertThat(servers(
                        host -> new Faults.Overrules(host, loaded), UnaryOperator.identity(), EventKind.AGENTS_SILENT))
                .contains("that is too old");
    }

    @Test
    void connectionAtAFallbackThatNobodyNeedsIsFound() {
        assertThat(servers(UnaryOperator.identity(), Faults::withoutFallback, EventKind.RESHUFFLE))
                .contains("a fallback, while others are available");
    }

    @Test
    void refusalAlthoughServersAreAvailableIsFound() {
        assertThat(servers(UnaryOperator.identity(), Faults::withoutServers, EventKind.RESHUFFLE))
                .contains("refuses it, while servers are available");
    }

    /** What is found first that is said of servers, in schedules with a fallback, of events of one kind. */
    private static String servers(
            UnaryOperator<EngineOutput> tamper, UnaryOperator<EngineConfig> misconfigure, EventKind kind) {
        Simulator faulty = new Simulator(tamper, misconfigure);
        for (long seed = 1; seed <= 60; seed++) {
            Schedule schedule = Schedule.random(seed, ILBS, EnumSet.of(kind), false);
            if (schedule.allDown() == AllDown.RESET && schedule.fallback()) {
                List<Violation> violations = faulty.run(schedule).violations();
                if (!violations.isEmpty() && new Simulator().run(schedule).isGood()) {
                    return violations.get(0).what();
                }
            }
        }
        throw new AssertionError("nothing was found");
    }

    @Test
    void packetThatNeverArrivesIsFound() {
        Violation violation = firstViolation(Faults.Swallows::new, NOTHING);

        assertThat(violation.invariant()).isEqualTo(1);
        assertThat(violation.what()).contains("stuck");
    }

    @Test
    void synThatDoesNotGoThroughTheBackupIsFound() {
        assertThat(firstViolation(Faults.SkipsTheBackup::new, NOTHING).invariant())
                .isEqualTo(2);
    }

    @Test
    void viewThatNeverBecomesThatOfAllIsFound() {
        Violation violation = firstViolation(Faults.KeepsItsStateToItself::new, EnumSet.of(EventKind.JOIN));

        assertThat(violation.invariant()).isEqualTo(3);
        assertThat(violation.what()).contains("not settled after join");
    }

    @Test
    void intakeThatIsNeverThatOfAllIsFound() {
        Simulator simulator = new Simulator(Faults.KeepsTheIntakeToItself::new, UnaryOperator.identity());
        for (long seed = 1; seed <= 1_000; seed++) {
            Schedule schedule = Schedule.random(seed, ILBS, EnumSet.of(EventKind.RESHUFFLE), false);
            if (schedule.scheduler() == SchedulerKind.INTAKE) {
                assertThat(new Simulator().run(schedule).violations()).isEmpty();
                Violation violation = simulator.run(schedule).violations().get(0);
                assertThat(violation.invariant()).isEqualTo(3);
                assertThat(violation.what()).contains("Designation");
                return;
            }
        }
        throw new AssertionError("no schedule has an intake");
    }

    @Test
    void packetThatGoesRoundAndRoundIsFound() {
        assertThat(firstViolation(Faults.PassesOn::new, NOTHING).invariant()).isEqualTo(4);
    }

    @Test
    void underReplicationThatDoesNotEndIsFound() {
        Violation violation = firstViolation(Faults.HandsNothingOver::new, EnumSet.of(EventKind.CRASH));

        assertThat(violation.invariant()).isEqualTo(5);
        assertThat(violation.what()).contains("on one ILB only");
    }

    @Test
    void gaugeThatSaysZeroAlthoughNothingHasArrivedIsFound() {
        Violation violation = firstViolation(Faults.SendsEmptyFrames::new, EnumSet.of(EventKind.CRASH));

        assertThat(violation.invariant()).isEqualTo(5);
        assertThat(violation.what()).contains("the ILBs say 0");
    }

    @Test
    void establishedAssociationThatGivesWayToASynIsFound() {
        Violation violation = firstViolation(Faults.EvictsTheEstablished::new, NOTHING);

        assertThat(violation.invariant()).isEqualTo(6);
        assertThat(violation.what()).contains("established associations of others");
    }

    @ParameterizedTest
    @EnumSource
    void tableThatGrowsPastItsRoomIsFound(Faults.Table table) {
        Simulator simulator = new Simulator(UnaryOperator.identity(), table::withMoreRoom);
        Schedule crowded = table.crowded();
        assertThat(new Simulator().run(crowded).violations()).isEmpty();

        Violation violation = simulator.run(crowded).violations().get(0);

        assertThat(violation.invariant()).isEqualTo(6);
        assertThat(violation.what()).contains("and room for");
    }

    @Test
    void tableThatIsOutOfOrderInsideIsFound() {
        Violation violation = firstViolation(Faults.TouchesInTheFuture::new, NOTHING);

        assertThat(violation.invariant()).isEqualTo(6);
    }

    @Test
    void endThatTheOtherHolderDoesNotHearOfIsFound() {
        assertThat(violations(new Simulator(Faults.AnnouncesNothing::new, UnaryOperator.identity())))
                .anySatisfy(violation -> {
                    assertThat(violation.invariant()).isEqualTo(6);
                    assertThat(violation.what()).contains("takes what has ended for live");
                });
    }

    @Test
    void associationThatStaysForEverIsFound() {
        assertThat(violations(new Simulator(UnaryOperator.identity(), Faults::forgetsNothing)))
                .anySatisfy(violation -> {
                    assertThat(violation.invariant()).isEqualTo(6);
                    assertThat(violation.what()).contains("holds for ever");
                });
    }

    /** What is found in schedules without events. */
    private static List<Violation> violations(Simulator simulator) {
        return LongStream.rangeClosed(1, 10)
                .mapToObj(seed -> simulator.run(Schedule.random(seed, ILBS, NOTHING, false)))
                .flatMap(outcome -> outcome.violations().stream())
                .toList();
    }

    @Test
    void associationThatOverlappingEventsLeftOnOneIlbIsFound() {
        Simulator simulator = new Simulator(Faults.SendsEmptyFrames::new, UnaryOperator.identity());
        for (long seed = 1; seed <= 30; seed++) {
            List<Violation> violations = simulator
                    .run(Schedule.random(seed, ILBS, EnumSet.of(EventKind.CRASH, EventKind.REJOIN), true))
                    .violations();
            if (!violations.isEmpty()) {
                assertThat(violations.get(0).invariant()).isIn(3, 5);
                return;
            }
        }
        throw new AssertionError("nothing was found");
    }

    @Test
    void runThatIsNotTheSameASecondTimeIsFound() {
        AtomicInteger everyRun = new AtomicInteger();
        Simulator simulator = new Simulator(host -> new Faults.LosesOne(host, everyRun), UnaryOperator.identity());

        Outcome outcome = simulator.runTwice(Schedule.random(1, ILBS, NOTHING, false));

        assertThat(outcome.violations()).extracting(Violation::invariant).containsExactly(7);
    }

    @Test
    void newcomerThatIsNeverToldIsFound() {
        assertThat(firstViolation(Faults.IgnoresNewcomers::new, EnumSet.of(EventKind.JOIN))
                        .invariant())
                .isIn(3, 5);
    }

    @Test
    void explanationIsShorterAndFailsInTheSameWay() {
        Simulator simulator = new Simulator(Faults.IgnoresNewcomers::new, UnaryOperator.identity());
        for (long seed = 1; seed <= 1_000; seed++) {
            Schedule schedule = Schedule.random(
                    seed, ILBS, EnumSet.of(EventKind.JOIN, EventKind.RESHUFFLE, EventKind.SYN_BURST), false);
            if (schedule.events().size() == 4
                    && !simulator.run(schedule).isGood()
                    && simulator.run(schedule.with(List.of())).isGood()) {
                Simulator.Explanation explanation = simulator.explain(schedule);
                assertThat(explanation.shortest().events())
                        .hasSize(1)
                        .allMatch(event -> event.kind() == EventKind.JOIN && !event.hasCompanion());
                assertThat(explanation.violations()).isNotEmpty();
                assertThat(explanation.lines()).anyMatch(line -> line.contains("EVENT join"));
                return;
            }
        }
        throw new AssertionError("no schedule of that kind");
    }

    private static Violation firstViolation(UnaryOperator<EngineOutput> tamper, Set<EventKind> kinds) {
        return firstViolation(new Simulator(tamper, UnaryOperator.identity()), kinds);
    }

    private static Violation firstViolation(Simulator simulator, Set<EventKind> kinds) {
        for (long seed = 1; seed <= 5; seed++) {
            Outcome outcome = simulator.run(Schedule.random(seed, ILBS, kinds, false));
            if (!outcome.isGood()) {
                return outcome.violations().get(0);
            }
        }
        throw new AssertionError("nothing was found");
    }
}
