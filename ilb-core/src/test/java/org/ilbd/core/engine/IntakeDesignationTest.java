package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.protocol.MessageType;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** How the ILBs of a cluster keep of one mind about a service's intake. */
class IntakeDesignationTest {
    private static final IntakeSettings SETTINGS = new IntakeSettings(750, 0, 1_000_000_000);
    private static final ServiceConfig SERVICE = service(SchedulerKind.INTAKE);

    private int nextClient;
    private TestCluster cluster = new TestCluster(new Settings().services(SERVICE));

    private static ServiceConfig service(SchedulerKind scheduler) {
        ServiceConfig usual = Settings.service(VIP, 4);
        return new ServiceConfig(
                        usual.name(), usual.vip(), usual.forwarding(), scheduler, usual.orphan(), usual.servers())
                .withIntake(SETTINGS);
    }

    private ServiceIntake intake(int ilb) {
        return cluster.ilb(ilb).engine.services().getFirst().intake();
    }

    private Designation current(int ilb) {
        return intake(ilb).current();
    }

    private int responsible() {
        List<Integer> all = IntStream.range(0, cluster.ilbs.size())
                .filter(ilb -> cluster.ilb(ilb).isRunning() && intake(ilb).responsible())
                .boxed()
                .toList();
        assertThat(all).as("responsible ILBs").hasSize(1);
        return all.getFirst();
    }

    private List<Integer> others(int ilb) {
        return IntStream.range(0, cluster.ilbs.size())
                .filter(other -> other != ilb && cluster.ilb(other).isRunning())
                .boxed()
                .toList();
    }

    private static IpAddress node(int number) {
        return SERVICE.servers().get(number).endpoint().address();
    }

    private Server server(int ilb, IpAddress address) {
        return cluster.ilb(ilb).engine.services().getFirst().servers().stream()
                .filter(server -> server.endpoint().address().equals(address))
                .findAny()
                .orElseThrow();
    }

    private void reportLoad(IpAddress address, int perMille) {
        int ilb = others(-1).getFirst();
        ServerReport report = ServerReport.ofLoad(perMille);
        cluster.ilb(ilb).engine.onServerReport(server(ilb, address), report, cluster.now);
    }

    private void fails(IpAddress address) {
        for (int ilb : others(-1)) {
            cluster.ilb(ilb).engine.onServerReport(server(ilb, address), ServerReport.ofCheck(false), cluster.now);
        }
    }

    /** The servers that new connections through all running ILBs come to. */
    private Set<IpAddress> takers() {
        Set<IpAddress> takers = new HashSet<>();
        for (int i = 0; i < 30; i++) {
            for (int ilb : others(-1)) {
                List<TestCluster.Delivery> syn = cluster.send(ilb, client(20_000 + nextClient++), VIP, SYN);
                assertThat(syn).as("deliveries of a SYN").hasSize(1);
                takers.add(syn.getFirst().server().endpoint().address());
            }
        }
        return takers;
    }

    private void assertAllHold(IpAddress node) {
        assertThat(others(-1))
                .allSatisfy(ilb -> assertThat(current(ilb))
                        .as("at ILB %d", ilb)
                        .isEqualTo(current(others(-1).getFirst())));
        assertThat(current(others(-1).getFirst()).node()).isEqualTo(node);
    }

    private static boolean isIntake(TestCluster.InFlight message) {
        return !message.stream() && message.payload()[1] == MessageType.INTAKE.code();
    }

    private Endpoint bind(int ilb) {
        return cluster.ilb(ilb).bind;
    }

    @Test
    void allNewConnectionsOfAllIlbsGoToOneServer() {
        assertAllHold(node(0));
        assertThat(takers()).containsExactly(node(0));
        assertThat(intake(responsible()).unconfirmed()).isZero();
    }

    @Test
    void aLoadAboveTheThresholdMovesTheIntakeAndWhatItHadStays() {
        Server before = cluster.open(0, client(1), VIP);
        reportLoad(node(0), 750);
        cluster.advanceMillis(1_000);
        assertAllHold(node(0));
        reportLoad(node(0), 751);
        reportLoad(node(1), 100);
        cluster.advanceMillis(500);

        assertAllHold(node(2));
        assertThat(current(0).sequence()).isEqualTo(2);
        assertThat(takers()).containsExactly(node(2));
        assertThat(before.endpoint().address()).isEqualTo(node(0));
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, client(1), VIP, ACK))
                    .extracting(delivery -> delivery.server().endpoint().address())
                    .containsExactly(node(0));
        }
    }

    @Test
    void beforeItsLeastTimeIsOverNoLoadMovesTheIntake() {
        reportLoad(node(0), 900);
        cluster.advanceMillis(500);
        assertAllHold(node(1));
        reportLoad(node(1), 900);
        cluster.advanceMillis(400);
        assertAllHold(node(1));
        cluster.advanceMillis(600);
        assertAllHold(node(2));
    }

    @Test
    void whereAllAreAboveTheThresholdTheOneWithMostLeftKeepsIt() {
        for (int i = 0; i < 4; i++) {
            reportLoad(node(i), i == 2 ? 800 : 900);
        }
        cluster.advanceMillis(3_000);
        assertAllHold(node(2));
        assertThat(current(0).sequence()).isEqualTo(2);
    }

    @Test
    void theIntakeMovesWhenItsTimeIsUp() {
        cluster = new TestCluster(
                new Settings().services(SERVICE.withIntake(new IntakeSettings(750, 2_000_000_000L, 1_000_000_000))));
        takers();
        assertAllHold(node(0));
        cluster.advanceMillis(2_000);
        assertAllHold(node(1));
        assertThat(current(0).sequence()).isEqualTo(2);
        cluster.advanceMillis(2_000);
        assertThat(current(0).sequence()).isEqualTo(3);
    }

    @Test
    void nobodyIsSentToAnIntakeThatIsLostAndNobodyIsRefused() {
        cluster.loses(IntakeDesignationTest::isIntake);
        fails(node(0));
        assertThat(takers()).as("before any ILB has said a word").containsExactly(node(1));
        cluster.advanceMillis(200);
        assertThat(takers()).containsExactly(node(1));
        cluster.loses(message -> false);
        cluster.advanceMillis(200);
        assertAllHold(node(1));
    }

    @Test
    void aDesignationThatIsLostIsRepeatedUntilAllHaveConfirmed() {
        int responsible = responsible();
        int deaf = others(responsible).getFirst();
        cluster.loses(message -> isIntake(message) && message.to().equals(bind(deaf)));
        reportLoad(node(0), 800);
        cluster.advanceMillis(600);
        assertThat(current(deaf).node()).isEqualTo(node(0));
        assertThat(current(others(responsible).getLast()).node()).isEqualTo(node(1));
        assertThat(intake(responsible).unconfirmed()).isEqualTo(1);

        cluster.loses(message -> false);
        cluster.advanceMillis(110);
        assertAllHold(node(1));
        assertThat(intake(responsible).unconfirmed()).isZero();

        List<TestCluster.InFlight> more = new ArrayList<>();
        cluster.loses(message -> isIntake(message) && more.add(message));
        cluster.advanceMillis(2_000);
        assertThat(more).as("nothing is said that all have").isEmpty();
    }

    @Test
    void aLostConfirmationMakesItSaidAgain() {
        int responsible = responsible();
        cluster.loses(message -> isIntake(message) && message.to().equals(bind(responsible)));
        reportLoad(node(0), 800);
        cluster.advanceMillis(600);
        assertAllHold(node(1));
        assertThat(intake(responsible).unconfirmed()).isEqualTo(2);
        cluster.loses(message -> false);
        cluster.advanceMillis(110);
        assertThat(intake(responsible).unconfirmed()).isZero();
    }

    @Test
    void aDesignationThatComesLateOrTwiceChangesNothing() {
        int responsible = responsible();
        int follower = others(responsible).getFirst();
        List<TestCluster.InFlight> late = new ArrayList<>();
        cluster.loses(message -> isIntake(message) && message.to().equals(bind(follower)) && late.add(message));
        reportLoad(node(0), 800);
        cluster.advanceMillis(600);
        cluster.loses(message -> false);
        reportLoad(node(1), 800);
        cluster.advanceMillis(600);
        assertAllHold(node(2));
        long learned = intake(follower).changes(ServiceIntake.Cause.PEER);
        assertThat(late).isNotEmpty();

        for (TestCluster.InFlight message : late) {
            long messages = cluster.ilb(follower).engine.counters().get(Counter.PEER_MESSAGES);
            cluster.inject(message);
            assertThat(cluster.ilb(follower).engine.counters().get(Counter.PEER_MESSAGES))
                    .as("it is authentic and new")
                    .isEqualTo(messages + 1);
            cluster.inject(message);
        }
        assertAllHold(node(2));
        assertThat(intake(follower).changes(ServiceIntake.Cause.PEER)).isEqualTo(learned);
        cluster.advanceMillis(500);
        assertAllHold(node(2));
        assertThat(current(0).sequence()).isEqualTo(3);
    }

    @Test
    void theBackupFinishesAMoveInTheMiddleOfWhichTheResponsibleIlbDied() {
        int responsible = responsible();
        List<Integer> rest = others(responsible);
        for (int told : rest) {
            cluster = new TestCluster(new Settings().services(SERVICE));
            cluster.loses(message -> isIntake(message) && !message.to().equals(bind(told)));
            reportLoad(node(0), 800);
            // Whoever is told last decides: the other must not designate another one.
            reportLoad(node(1), 300);
            while (current(told).sequence() == 1) {
                cluster.advanceMillis(10);
            }
            cluster.kill(responsible);
            cluster.loses(message -> false);
            cluster.advanceMillis(1_000);

            assertAllHold(node(2));
            assertThat(current(told).sequence()).as("told %d", told).isEqualTo(2);
            assertThat(takers()).containsExactly(node(2));
        }
    }

    @Test
    void theBackupDecidesWhereTheResponsibleIlbDiedBeforeItCouldTellAnyone() {
        int responsible = responsible();
        long made = others(responsible).stream()
                .mapToLong(ilb -> intake(ilb).changes(ServiceIntake.Cause.LOAD))
                .sum();
        cluster.loses(IntakeDesignationTest::isIntake);
        reportLoad(node(0), 800);
        cluster.advanceMillis(500);
        assertThat(current(responsible).sequence()).isEqualTo(2);
        cluster.kill(responsible);
        cluster.loses(message -> false);
        cluster.advanceMillis(1_000);

        assertAllHold(node(1));
        assertThat(current(responsible()).sequence()).isEqualTo(2);
        assertThat(others(responsible).stream()
                        .mapToLong(ilb -> intake(ilb).changes(ServiceIntake.Cause.LOAD))
                        .sum())
                .isEqualTo(made + 1);
    }

    @Test
    void whatTwoSidesOfAPartitionHaveDecidedEndsAsOne() {
        int first = responsible();
        cluster.cutOff(first);
        cluster.advanceMillis(1_000);
        assertThat(others(-1).stream().filter(ilb -> intake(ilb).responsible())).hasSize(2);
        reportOnBothSides(first);
        cluster.advanceMillis(1_500);
        Designation one = current(first);
        Designation other = current(others(first).getFirst());
        assertThat(one.node()).isNotEqualTo(other.node());

        cluster.heal();
        cluster.advanceMillis(1_500);
        assertAllHold(current(0).node());
        assertThat(current(0)).isGreaterThanOrEqualTo(one).isGreaterThanOrEqualTo(other);
        assertThat(takers()).hasSize(1);
        assertThat(intake(responsible()).unconfirmed()).isZero();
    }

    @Test
    void whatTheOthersDecidedDuringAPartitionCountsAfterIt() {
        int first = responsible();
        Designation before = current(first);
        cluster.cutOff(first);
        theOthersDecide(first);
        assertThat(current(first)).isEqualTo(before);
        cluster.heal();
        // It is heard before it hears: of all that it hears then, nothing tells of another view.
        cluster.loses(message -> message.to().equals(bind(first)));
        cluster.advanceMillis(500);
        assertTheirDecisionCounts(first);
    }

    @Test
    void whatTheOthersDecidedWhileTheyDidNotHearTheResponsibleIlbCountsAfterIt() {
        int first = responsible();
        // It hears them all the time, and has no reason to doubt them but their views.
        cluster.loses(message -> message.from().equals(bind(first)));
        theOthersDecide(first);
        assertTheirDecisionCounts(first);
    }

    private void theOthersDecide(int first) {
        Designation before = current(first);
        cluster.advanceMillis(1_000);
        for (int ilb : others(first)) {
            // Their own checks, which say nothing to it.
            cluster.ilb(ilb)
                    .engine
                    .onServerReport(server(ilb, before.node()), ServerReport.ofCheck(false), cluster.now);
        }
        cluster.advanceMillis(1_500);
        assertThat(current(others(first).getFirst())).isGreaterThan(before);
    }

    private void assertTheirDecisionCounts(int first) {
        Designation decided = current(others(first).getFirst());
        cluster.loses(message -> false);
        cluster.advanceMillis(1_500);
        assertThat(responsible()).isEqualTo(first);
        assertThat(current(first)).isGreaterThanOrEqualTo(decided);
        assertAllHold(current(first).node());
    }

    /** Each side hears of other loads, and decides something else. */
    private void reportOnBothSides(int first) {
        for (int ilb : others(-1)) {
            for (int number = 0; number < 4; number++) {
                ServerReport report = ServerReport.ofLoad(number == (ilb == first ? 3 : 2) ? 0 : 900);
                cluster.ilb(ilb).engine.onServerReport(server(ilb, node(number)), report, cluster.now);
            }
        }
    }

    @Test
    void aNewcomerHearsWhoItIs() {
        cluster = new TestCluster(new Settings().running(2).services(SERVICE));
        reportLoad(node(0), 800);
        cluster.advanceMillis(500);
        cluster.start(2);
        cluster.advanceMillis(1_500);
        assertAllHold(node(1));
        assertThat(current(2).sequence()).isEqualTo(2);
        for (int ilb = 0; ilb < 2; ilb++) {
            cluster.kill(ilb);
            cluster.advanceMillis(1_500);
            cluster.restart(ilb);
            cluster.advanceMillis(1_500);
            assertThat(current(ilb).sequence()).as("restarted %d", ilb).isEqualTo(2);
        }
        assertThat(takers()).containsExactly(node(1));
    }

    @Test
    void anotherThresholdCountsFromTheReloadOn() {
        reportLoad(node(0), 500);
        cluster.advanceMillis(1_000);
        assertAllHold(node(0));
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.ilb(ilb).engine.reconfigure(List.of(SERVICE.withIntake(new IntakeSettings(400, 0, 1_000_000_000))));
        }
        cluster.advanceMillis(50);
        assertAllHold(node(1));
    }

    @Test
    void anIntakeThatTheConfigurationDropsIsReplaced() {
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.ilb(ilb)
                    .engine
                    .reconfigure(List.of(SERVICE.withServers(SERVICE.servers().subList(1, 4))));
        }
        assertThat(takers()).as("before any ILB has said a word").containsExactly(node(1));
        cluster.advanceMillis(50);
        assertAllHold(node(1));
    }

    @Test
    void eachServiceHasAnIntakeOfItsOwn() {
        ServiceConfig other = new ServiceConfig(
                        "other",
                        Endpoint.parse("10.9.0.2:80"),
                        Forwarding.DIRECT,
                        SchedulerKind.INTAKE,
                        Orphan.HASH,
                        SERVICE.servers())
                .withIntake(SETTINGS);
        cluster = new TestCluster(new Settings().services(SERVICE, other));
        reportLoad(node(0), 800);
        cluster.advanceMillis(500);
        for (int ilb = 0; ilb < 3; ilb++) {
            List<Service> services = cluster.ilb(ilb).engine.services();
            assertThat(services.get(0).intake().current().node()).isEqualTo(node(1));
            assertThat(services.get(1).intake().current().node()).isEqualTo(node(0));
        }
    }

    @Test
    void aSchedulerThatIsChangedToAndFroFindsTheIntakeAsItWas() {
        reportLoad(node(0), 800);
        cluster.advanceMillis(500);
        for (SchedulerKind kind : List.of(SchedulerKind.ROUND_ROBIN, SchedulerKind.INTAKE)) {
            for (int ilb = 0; ilb < 3; ilb++) {
                cluster.ilb(ilb).engine.reconfigure(List.of(service(kind)));
            }
            assertThat(takers()).hasSize(kind == SchedulerKind.INTAKE ? 1 : 4);
        }
        assertThat(takers()).containsExactly(node(1));
    }
}
