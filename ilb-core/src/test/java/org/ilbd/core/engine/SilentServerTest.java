package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.RST;
import static org.ilbd.core.engine.TestCluster.SYN;
import static org.ilbd.core.engine.TestCluster.SYN_ACK;

import java.util.List;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.PacketBuilder;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that does not answer is noticed between its checks. */
class SilentServerTest {
    private static final PassiveHealth PASSIVE = new PassiveHealth(5, 5_000_000_000L, 10_000_000_000L);

    private static TestCluster cluster(Forwarding forwarding, OnDown onDown, int servers) {
        return cluster(new Settings().ilbs(1), forwarding, onDown, servers);
    }

    private static TestCluster cluster(Settings settings, Forwarding forwarding, OnDown onDown, int servers) {
        ServiceConfig service = new ServiceConfig(
                        "web",
                        Endpoint.parse(VIP),
                        forwarding,
                        SchedulerKind.ROUND_ROBIN,
                        Orphan.HASH,
                        IntStream.range(0, servers)
                                .mapToObj(i -> new ServerConfig(Endpoint.parse("10.2.0.10" + i + ":80"), 1))
                                .toList())
                .withPolicy(new ServicePolicy(
                        0, onDown, AllDown.DROP, 0, 0, ServicePolicy.DEFAULT_REPORT_MAX_AGE_NANOS, PASSIVE));
        return new TestCluster(settings.services(service));
    }

    private final TestCluster cluster = cluster(Forwarding.DIRECT, OnDown.RESET, 2);

    private static Server server(TestCluster cluster, int number) {
        return cluster.ilb(0).engine.services().getFirst().servers().get(number);
    }

    /** Clients open connections; those at the answering server get through, the others send their SYN again a second later. */
    private static void open(TestCluster cluster, int from, int connections, List<Server> answering) {
        for (int i = from; i < from + connections; i++) {
            Server server = cluster.send(0, client(i), VIP, SYN).getFirst().server();
            if (answering.contains(server)) {
                cluster.send(0, client(i), VIP, ACK);
            }
        }
        cluster.advanceMillis(1_000);
        for (int i = from; i < from + connections; i++) {
            cluster.send(0, client(i), VIP, SYN);
        }
    }

    @Test
    void aServerThatAnswersNobodyGetsNoNewConnectionForAWhile() {
        Server silent = server(cluster, 0);
        open(cluster, 0, 10, List.of(server(cluster, 1)));

        assertThat(silent.state()).isEqualTo(ServerState.DOWN);
        assertThat(silent.silent()).isTrue();
        assertThat(silent.up()).as("what checks say").isTrue();
        assertThat(cluster.ilb(0).engine.counters().get(Counter.SILENT_SERVERS)).isEqualTo(1);
        for (int i = 100; i < 120; i++) {
            assertThat(cluster.send(0, client(i), VIP, SYN).getFirst().server()).isNotSameAs(silent);
        }
        cluster.advanceMillis(9_900);
        assertThat(silent.state()).isEqualTo(ServerState.DOWN);
        cluster.advanceMillis(300);
        assertThat(silent.state()).isEqualTo(ServerState.ACTIVE);
    }

    @Test
    void aCheckThatPassesEndsIt() {
        open(cluster, 0, 10, List.of(server(cluster, 1)));
        assertThat(server(cluster, 0).state()).isEqualTo(ServerState.DOWN);
        cluster.ilb(0).engine.onServerReport(server(cluster, 0), ServerReport.ofCheck(true), cluster.now);

        assertThat(server(cluster, 0).state()).isEqualTo(ServerState.ACTIVE);
    }

    @Test
    void nobodyLosesAnEstablishedConnectionForIt() {
        Server victim = cluster.open(0, client(500), VIP);
        cluster.advanceMillis(1_000);
        List<Server> others = cluster.ilb(0).engine.services().getFirst().servers().stream()
                .filter(server -> server != victim)
                .toList();
        open(cluster, 0, 10, others);
        assertThat(victim.state()).isEqualTo(ServerState.DOWN);

        assertThat(cluster.send(0, client(500), VIP, ACK)).hasSize(1);
    }

    @Test
    void synsThatGotLostSayNothingAgainstAServerThatAnswersOthers() {
        for (int i = 0; i < 40; i++) {
            cluster.send(0, client(i), VIP, SYN);
        }
        cluster.advanceMillis(100);
        for (int i = 0; i < 4; i++) {
            cluster.send(0, client(i), VIP, ACK);
        }
        cluster.advanceMillis(900);
        for (int i = 4; i < 40; i++) {
            cluster.send(0, client(i), VIP, SYN);
        }
        assertThat(server(cluster, 0).state()).isEqualTo(ServerState.ACTIVE);
        assertThat(server(cluster, 1).state()).isEqualTo(ServerState.ACTIVE);
    }

    @Test
    void oneClientThatSendsItsSynAgainAndAgainIsNoEvidence() {
        cluster.send(0, client(0), VIP, SYN);
        cluster.send(0, client(1), VIP, SYN);
        for (int i = 0; i < 20; i++) {
            cluster.advanceMillis(600);
            cluster.send(0, client(0), VIP, SYN);
            cluster.send(0, client(1), VIP, SYN);
        }
        assertThat(server(cluster, 0).state()).isEqualTo(ServerState.ACTIVE);
        assertThat(server(cluster, 1).state()).isEqualTo(ServerState.ACTIVE);
    }

    /** A SYN goes to its server through the owner's backup, whose death is noticed before the SYN comes again, or later. */
    @ParameterizedTest
    @ValueSource(ints = {400, 1_500})
    void synsThatDiedWithTheirBackupSayNothingAgainstTheServer(int failureTimeoutMillis) {
        Settings settings = new Settings().ilbs(2).failureTimeoutMillis(failureTimeoutMillis);
        TestCluster two = cluster(settings, Forwarding.DIRECT, OnDown.KEEP, 2);
        List<String> clients = IntStream.range(0, 1_000)
                .mapToObj(OpenConnections::client)
                .filter(client -> Roles.among(0, 1).owner(client, VIP) == 0)
                .limit(40)
                .toList();
        two.kill(1);
        clients.forEach(client -> assertThat(two.send(0, client, VIP, SYN)).isEmpty());
        two.advanceMillis(1_000);
        clients.forEach(client -> two.send(0, client, VIP, SYN));

        assertThat(server(two, 0).state()).isEqualTo(ServerState.ACTIVE);
        assertThat(server(two, 1).state()).isEqualTo(ServerState.ACTIVE);

        // Those that come once it has been noticed do.
        two.advanceMillis(1_000);
        open(two, 5_000, 40, List.of());
        assertThat(two.ilb(0).engine.counters().get(Counter.SILENT_SERVERS)).isPositive();
    }

    /** Its answers went to the ILB that has died, until it has another gateway. */
    @Test
    void withNatSilenceSoonAfterAnIlbHasDiedSaysNothingAgainstTheServer() {
        TestCluster two = cluster(new Settings().ilbs(2), Forwarding.NAT, OnDown.KEEP, 2);
        two.advanceMillis(10_000);
        two.kill(1);
        two.advanceMillis(1_000);
        open(two, 0, 40, List.of());
        open(two, 100, 40, List.of());
        assertThat(two.ilb(0).engine.counters().get(Counter.SILENT_SERVERS)).isZero();

        two.advanceMillis(5_000);
        open(two, 200, 40, List.of());
        assertThat(two.ilb(0).engine.counters().get(Counter.SILENT_SERVERS)).isPositive();
    }

    @Test
    void theLastServerThatIsLeftIsNotTaken() {
        open(cluster, 0, 30, List.of());

        assertThat(IntStream.range(0, 2)
                        .filter(number -> server(cluster, number).state().isAvailable())
                        .count())
                .isEqualTo(1);
    }

    @Test
    void fewSynsOverALongTimeAreNoEvidence() {
        for (int i = 0; i < 8; i++) {
            cluster.send(0, client(2 * i), VIP, SYN);
            cluster.send(0, client(2 * i + 1), VIP, SYN);
            cluster.advanceMillis(1_000);
            cluster.send(0, client(2 * i), VIP, SYN);
            cluster.send(0, client(2 * i + 1), VIP, SYN);
            cluster.advanceMillis(1_000);
        }
        assertThat(server(cluster, 0).state()).isEqualTo(ServerState.ACTIVE);
        assertThat(server(cluster, 1).state()).isEqualTo(ServerState.ACTIVE);
    }

    @Test
    void withNatAServerThatRefusesIsNoticedAtOnce() {
        TestCluster nat = cluster(Forwarding.NAT, OnDown.KEEP, 2);
        for (int i = 0; i < 5; i++) {
            assertThat(server(nat, 0).state()).isEqualTo(ServerState.ACTIVE);
            answer(nat, i, RST | ACK);
        }
        assertThat(server(nat, 0).state()).isEqualTo(ServerState.DOWN);
    }

    @Test
    void withNatASynAckTakesBackWhatARefusalSaid() {
        TestCluster nat = cluster(Forwarding.NAT, OnDown.KEEP, 2);
        for (int i = 0; i < 20; i++) {
            answer(nat, i, i % 4 == 3 ? SYN_ACK : RST | ACK);
        }
        assertThat(server(nat, 0).state()).isEqualTo(ServerState.ACTIVE);
    }

    private static void answer(TestCluster cluster, int client, int flags) {
        cluster.send(
                0,
                PacketBuilder.from("10.2.0.100:80", client(client))
                        .flags(flags)
                        .sequence(0, 1)
                        .tcp());
        cluster.advanceMillis(10);
    }
}
