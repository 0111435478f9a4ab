package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.MessageType;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** An intake of several instances, its history, and clients that come again. */
class IntakeNodeTest {
    private static final Endpoint FIRST = Endpoint.parse("10.2.0.100:81");
    private static final Endpoint SECOND = Endpoint.parse("10.2.0.100:82");
    private static final Endpoint OTHER = Endpoint.parse("10.2.0.101:81");
    private static final ServiceConfig SERVICE = new ServiceConfig(
            "web",
            Endpoint.parse(VIP),
            Forwarding.NAT,
            SchedulerKind.INTAKE,
            Orphan.RESET,
            List.of(new ServerConfig(FIRST, 1), new ServerConfig(SECOND, 1), new ServerConfig(OTHER, 1)));

    private final TestCluster cluster = new TestCluster(new Settings().services(SERVICE));
    private final List<TestCluster.InFlight> said = new ArrayList<>();
    private int nextClient = 100;

    private void listen() {
        // Nothing is lost: what a predicate refuses goes its way.
        cluster.loses(message -> {
            if (!message.stream() && message.payload()[1] == MessageType.INTAKE.code()) {
                said.add(message);
            }
            return false;
        });
    }

    private Service service(int ilb) {
        return cluster.ilb(ilb).engine.services().getFirst();
    }

    private Server server(int ilb, Endpoint endpoint) {
        return service(ilb).servers().stream()
                .filter(server -> server.endpoint().equals(endpoint))
                .findAny()
                .orElseThrow();
    }

    private void fails(Endpoint endpoint) {
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.ilb(ilb).engine.onServerReport(server(ilb, endpoint), ServerReport.ofCheck(false), cluster.now);
        }
    }

    private Set<Endpoint> takers() {
        Set<Endpoint> takers = new HashSet<>();
        for (int i = 0; i < 30; i++) {
            takers.add(cluster.open(i % 3, client(nextClient++), VIP).endpoint());
        }
        return takers;
    }

    private long changes(ServiceIntake.Cause cause) {
        long sum = 0;
        for (int ilb = 0; ilb < 3; ilb++) {
            sum += service(ilb).intake().changes(cause);
        }
        return sum;
    }

    @Test
    void aChangeBetweenHostsIsOneMessageToEachIlbAndOneBetweenInstancesIsNone() {
        assertThat(takers()).containsExactlyInAnyOrder(FIRST, SECOND);
        listen();

        fails(FIRST);
        assertThat(takers()).containsExactly(SECOND);
        cluster.advanceMillis(500);
        assertThat(said).as("within a node").isEmpty();

        fails(SECOND);
        cluster.advanceMillis(500);
        assertThat(takers()).containsExactly(OTHER);
        assertThat(said).as("two are told, and both confirm").hasSize(4);
        assertThat(service(0).intake().current().sequence()).isEqualTo(2);
    }

    @Test
    void theHistoryIsCountedByCauseAndByNode() {
        // While they start, several ILBs may designate, each alone.
        long first = changes(ServiceIntake.Cause.FIRST);
        long peer = changes(ServiceIntake.Cause.PEER);
        long[] before = times(FIRST);
        assertThat(before).doesNotContain(0);
        assertThat(times(OTHER)).containsOnly(0);

        cluster.ilb(0).engine.onServerReport(server(0, FIRST), ServerReport.ofLoad(900), cluster.now);
        cluster.advanceMillis(1_500);
        fails(OTHER);
        cluster.advanceMillis(500);

        assertThat(changes(ServiceIntake.Cause.LOAD)).isEqualTo(1);
        assertThat(changes(ServiceIntake.Cause.LOST)).isEqualTo(1);
        assertThat(changes(ServiceIntake.Cause.TIME)).isZero();
        assertThat(changes(ServiceIntake.Cause.FIRST)).isEqualTo(first);
        assertThat(changes(ServiceIntake.Cause.PEER)).as("two learn of each").isEqualTo(peer + 4);
        assertThat(times(OTHER)).containsOnly(1);
        assertThat(times(FIRST))
                .isEqualTo(Arrays.stream(before).map(times -> times + 1).toArray());
    }

    private long[] times(Endpoint node) {
        return IntStream.range(0, 3)
                .mapToLong(ilb -> service(ilb).intake().timesDesignated(node.address()))
                .toArray();
    }

    @Test
    void aClientWhoseSessionHasEndedComesToTheIntakeOfThatMoment() {
        assertThat(cluster.open(0, client(1), VIP).endpoint().address()).isEqualTo(FIRST.address());
        fails(FIRST);
        fails(SECOND);
        cluster.advanceMillis(500);
        assertThat(cluster.send(1, client(1), VIP, ACK))
                .as("while it lasts")
                .extracting(delivery -> delivery.server().endpoint().address())
                .containsExactly(FIRST.address());

        cluster.send(0, client(1), VIP, FIN_ACK);
        cluster.advanceMillis(60_000);
        assertThat(cluster.send(2, client(1), VIP, SYN))
                .extracting(delivery -> delivery.server().endpoint())
                .containsExactly(OTHER);
    }
}
