package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.testing.AllocatedBytes;
import org.junit.jupiter.api.Test;

class IntakeTest {
    private static Intake started(ServerSet servers) {
        return (Intake) Servers.started(SchedulerKind.INTAKE, servers);
    }

    private static IpAddress node(int number) {
        return Servers.endpoint(number).address();
    }

    private static ServerSet at(String... endpoints) {
        int[] weights = new int[endpoints.length];
        Arrays.fill(weights, 1);
        return new ServerSet(Stream.of(endpoints).map(Endpoint::parse).toList(), weights);
    }

    @Test
    void theDesignatedOneTakesEverythingHoweverLoaded() {
        ServerSet servers = Servers.weighted(5, 1, 5);
        Intake intake = started(servers);
        servers.setLoad(1, 1_000);
        intake.designate(node(1));
        assertThat(Servers.counts(intake, 3, 100)).containsExactly(0, 100, 0);
        assertThat(intake.load()).isEqualTo(1_000);
    }

    @Test
    void theOneWithMostLeftIsRatedBestAndOfEqualOnesTheSmallestAddress() {
        ServerSet servers = Servers.weighted(1, 4, 2, 4);
        Intake intake = started(servers);
        assertThat(intake.bestRated()).contains(node(1));
        servers.setLoad(1, 600);
        servers.setLoad(3, 599);
        assertThat(intake.bestRated()).contains(node(2));
        servers.setLoad(2, 200);
        assertThat(intake.bestRated()).as("4 x 401 above 2 x 800 and 4 x 400").contains(node(3));
        servers.setLoad(3, 600);
        assertThat(intake.bestRated()).as("2 x 800, 4 x 400").contains(node(1));
        assertThat(Servers.counts(intake, 4, 10)).as("the stand-in").containsExactly(0, 10, 0, 0);
    }

    @Test
    void theSuccessorIsAnotherWhoseLoadIsNotAboveTheThreshold() {
        ServerSet servers = Servers.weighted(1, 100, 1);
        Intake intake = started(servers);
        intake.designate(node(0));
        servers.setLoad(1, 751);
        assertThat(intake.successor(750)).contains(node(2));
        servers.setLoad(1, 750);
        assertThat(intake.successor(750)).contains(node(1));
        servers.setLoad(1, 900);
        servers.setLoad(2, 800);
        assertThat(intake.successor(750)).isEmpty();
        servers.setLoad(0, 999);
        assertThat(intake.bestRated()).contains(node(1));
    }

    @Test
    void aLoadThatNobodyReportsIsOneOfTheLimitsAndOtherwiseNone() {
        ServerSet servers = Servers.weighted(1, 1);
        Intake intake = started(servers);
        intake.designate(node(0));
        servers.setConnections(0, 60);
        assertThat(intake.load()).isEqualTo(Intake.UNKNOWN);
        assertThat(intake.bestRated()).as("fewer for its weight").contains(node(1));
        servers.setLimit(0, 80);
        assertThat(intake.load()).isEqualTo(750);
        servers.setLoad(0, 100);
        assertThat(intake.load()).as("a report is better").isEqualTo(100);
    }

    @Test
    void aFullOneTakesNoneAndTheBestRatedStandsIn() {
        ServerSet servers = Servers.weighted(1, 2, 3);
        Intake intake = started(servers);
        intake.designate(node(0));
        servers.setLimit(0, 10);
        servers.setConnections(0, 9);
        assertThat(intake.takesNew()).isTrue();
        assertThat(Servers.sequence(intake, 2)).isEqualTo("0 0");
        servers.setConnections(0, 10);
        assertThat(intake.takesNew()).isFalse();
        assertThat(Servers.sequence(intake, 2)).isEqualTo("2 2");
        servers.setAvailable(2, false);
        intake.update(servers);
        assertThat(Servers.sequence(intake, 2)).isEqualTo("1 1");
    }

    @Test
    void aStandInGoesOnUntilItCannotOrAnotherIsDesignated() {
        ServerSet servers = Servers.equal(3);
        Intake intake = started(servers);
        for (int i = 0; i < 10; i++) {
            assertThat(intake.select(SelectionHash.mix(i))).isZero();
            servers.setConnections(0, i + 1);
        }
        servers.setAvailable(0, false);
        intake.update(servers);
        assertThat(Servers.sequence(intake, 2)).isEqualTo("1 1");
        servers.setAvailable(0, true);
        intake.update(servers);
        assertThat(Servers.sequence(intake, 2)).isEqualTo("1 1");
        assertThat(intake.standIn()).contains(node(1));
        intake.designate(node(2));
        assertThat(intake.standIn()).isEmpty();
        assertThat(Servers.sequence(intake, 2)).isEqualTo("2 2");
    }

    @Test
    void whenAllAreFullOneOfThemIsNamedSoThatItCanBeSaid() {
        ServerSet servers = Servers.equal(2);
        Intake intake = started(servers);
        servers.setLimit(0, 1);
        servers.setLimit(1, 1);
        servers.setConnections(0, 1);
        servers.setConnections(1, 1);
        assertThat(intake.select(1)).isNotNegative();
        assertThat(intake.bestRated()).isEmpty();
    }

    @Test
    void instancesOnOneHostAreOneNode() {
        ServerSet servers = at("10.3.0.2:80", "10.3.0.1:81", "10.3.0.2:81", "10.3.0.1:80", "10.3.0.3:80");
        Intake intake = started(servers);
        assertThat(intake.bestRated()).as("two of weight 1").contains(IpAddress.parse("10.3.0.1"));
        intake.designate(IpAddress.parse("10.3.0.2"));
        for (int i = 0; i < 40; i++) {
            int position = intake.select(SelectionHash.mix(i));
            servers.setConnections(position, servers.connections(position) + 1);
        }
        assertThat(List.of(servers.connections(0), servers.connections(2))).containsExactly(20, 20);

        servers.setLoad(0, 300);
        servers.setLoad(2, 400);
        assertThat(intake.load()).as("its host's").isEqualTo(400);
        servers.setAvailable(0, false);
        intake.update(servers);
        assertThat(intake.takesNew()).isTrue();
        assertThat(Servers.sequence(intake, 3)).as("one of its two is down").isEqualTo("2 2 2");
    }

    @Test
    void aDesignationHoldsThroughAnotherSet() {
        Intake intake = started(at("10.3.0.1:80", "10.3.0.2:80"));
        intake.designate(IpAddress.parse("10.3.0.2"));
        intake.update(at("10.3.0.3:80", "10.3.0.2:80", "10.3.0.1:80"));
        assertThat(intake.select(7)).isEqualTo(1);
        intake.update(at("10.3.0.3:80", "10.3.0.1:80"));
        assertThat(intake.takesNew()).isFalse();
        assertThat(intake.select(7)).as("the smallest address").isEqualTo(1);
    }

    @Test
    void aStandInCostsNoAllocation() {
        ServerSet servers = Servers.equal(50);
        Intake intake = started(servers);
        intake.designate(IpAddress.parse("10.99.0.1"));
        assertThat(AllocatedBytes.of(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        servers.setConnections(i % 50, i);
                        servers.setLimit(i % 50, i % 2 + 1);
                        intake.select(SelectionHash.mix(i));
                    }
                }))
                .isZero();
    }
}
