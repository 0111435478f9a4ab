package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** What checks and agents say of a server, and what becomes of that at every ILB. */
class ServerReportTest {

    private final TestCluster cluster = TestCluster.of(3);

    private static ServerReport agent(
            Optional<Boolean> up, Optional<Administration> administration, OptionalInt weight, OptionalInt load) {
        return new ServerReport(ServerReport.Source.AGENT, up, administration, weight, OptionalInt.empty(), load);
    }

    private static ServerReport administration(Administration administration) {
        return agent(Optional.empty(), Optional.of(administration), OptionalInt.empty(), OptionalInt.empty());
    }

    private static ServerReport weight(int percent) {
        return agent(Optional.empty(), Optional.empty(), OptionalInt.of(percent), OptionalInt.empty());
    }

    private static ServerReport load(int perMille) {
        return agent(Optional.empty(), Optional.empty(), OptionalInt.empty(), OptionalInt.of(perMille));
    }

    private Server server(int ilb, int number) {
        return cluster.ilb(ilb).engine.services().getFirst().servers().get(number);
    }

    private void report(int ilb, int number, ServerReport report) {
        cluster.ilb(ilb).engine.onServerReport(server(ilb, number), report, cluster.now);
    }

    /** How many of so many new connections each server gets. */
    private Map<Endpoint, Integer> share(int connections) {
        Map<Endpoint, Integer> counts = new HashMap<>();
        for (int i = 0; i < connections; i++) {
            cluster.send(i % 3, client(1_000 + i), VIP, SYN)
                    .forEach(syn -> counts.merge(syn.server().endpoint(), 1, Integer::sum));
        }
        return counts;
    }

    @Test
    void whatAnAgentSaysToOneIlbCountsForAllWithTheNextTick() {
        report(0, 1, administration(Administration.DRAIN));
        cluster.advanceMillis(10);

        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(server(ilb, 1).state()).as("at %d", ilb).isEqualTo(ServerState.DRAINING);
        }
        assertThat(share(30)).doesNotContainKey(server(0, 1).endpoint()).hasSize(2);
    }

    @Test
    void drainKeepsWhatIsEstablishedAndReadyEndsIt() {
        Server server = cluster.open(0, client(1), VIP);
        for (int number = 0; number < 3; number++) {
            if (server(0, number).endpoint().equals(server.endpoint())) {
                report(2, number, administration(Administration.DRAIN));
                cluster.advanceMillis(20);
                assertThat(cluster.send(1, client(1), VIP, ACK))
                        .extracting(delivery -> delivery.server().endpoint())
                        .containsExactly(server.endpoint());
                report(2, number, administration(Administration.READY));
                cluster.advanceMillis(20);
            }
        }
        assertThat(share(30)).hasSize(3);
    }

    @Test
    void theYoungerOfTwoReportsCounts() {
        report(0, 0, weight(50));
        cluster.advanceMillis(20);
        report(1, 0, weight(10));
        cluster.advanceMillis(1_000);

        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(server(ilb, 0).effectiveWeight()).as("at %d", ilb).isEqualTo(0.08);
        }
        report(0, 0, weight(200));
        cluster.advanceMillis(1_000);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(server(ilb, 0).effectiveWeight()).as("at %d", ilb).isEqualTo(2);
        }
    }

    @Test
    void aNewcomerHearsWhatWasSaidBefore() {
        report(0, 0, administration(Administration.MAINTENANCE));
        cluster.advanceMillis(100);
        cluster.kill(2);
        cluster.advanceMillis(1_000);
        cluster.restart(2);
        cluster.advanceMillis(1_000);

        assertThat(server(2, 0).state()).isEqualTo(ServerState.MAINTENANCE);
    }

    @Test
    void whatAChecksFindsIsEachIlbsOwnJudgementThatTheOthersCanSee() {
        report(0, 0, ServerReport.ofCheck(false));
        cluster.advanceMillis(1_000);

        assertThat(server(0, 0).state()).isEqualTo(ServerState.DOWN);
        assertThat(server(0, 0).downAtPeers()).isZero();
        for (int ilb = 1; ilb < 3; ilb++) {
            assertThat(server(ilb, 0).state()).isEqualTo(ServerState.ACTIVE);
            assertThat(server(ilb, 0).downAtPeers()).isEqualTo(1);
        }
        cluster.kill(0);
        cluster.advanceMillis(1_000);
        assertThat(server(1, 0).downAtPeers()).isZero();
    }

    @Test
    void aServerIsUpOnlyIfNeitherItsCheckNorItsAgentSaysOtherwise() {
        ServerReport agentDown = agent(Optional.of(false), Optional.empty(), OptionalInt.empty(), OptionalInt.empty());
        report(0, 0, agentDown);
        report(0, 0, ServerReport.ofCheck(true));
        cluster.advanceMillis(20);
        assertThat(server(0, 0).state()).isEqualTo(ServerState.DOWN);
        assertThat(server(1, 0).state()).isEqualTo(ServerState.DOWN);

        report(1, 0, ServerReport.withoutAgent());
        cluster.advanceMillis(20);
        assertThat(server(0, 0).state()).isEqualTo(ServerState.ACTIVE);
        report(0, 0, ServerReport.ofCheck(false));
        assertThat(server(0, 0).state()).isEqualTo(ServerState.DOWN);
    }

    @Test
    void maintenanceIsNotEndedByACheckThatPasses() {
        report(0, 0, administration(Administration.MAINTENANCE));
        report(0, 0, ServerReport.ofCheck(true));

        assertThat(server(0, 0).state()).isEqualTo(ServerState.MAINTENANCE);
    }

    @Test
    void aLoadIsKnownToAllUntilItIsTooOld() {
        report(1, 2, load(730));
        cluster.advanceMillis(200);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(server(ilb, 2).load()).as("at %d", ilb).isEqualTo(730);
        }
        cluster.advanceMillis(5_500);
        assertThat(server(0, 2).load()).isEqualTo(730);
        cluster.advanceMillis(500);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(server(ilb, 2).load()).as("at %d", ilb).isEqualTo(-1);
        }
        report(1, 2, load(10));
        report(1, 2, weight(50));
        assertThat(server(1, 2).load()).as("a report without a load").isEqualTo(-1);
    }

    @Test
    void aReloadMayFindALoadTooOldThatNoTickHasForgotten() {
        report(0, 2, load(730));
        ServiceConfig service = cluster.ilb(0).engine.services().getFirst().config();
        List<ServerConfig> more = new ArrayList<>(service.servers());
        more.addFirst(new ServerConfig(Endpoint.parse("10.2.0.200:80"), 1));
        cluster.now += 7_000_000_000L;
        cluster.send(0, client(1), VIP, SYN);

        cluster.ilb(0)
                .engine
                .reconfigure(List.of(new ServiceConfig(
                        service.name(),
                        service.vip(),
                        service.forwarding(),
                        service.scheduler(),
                        service.orphan(),
                        more)));

        assertThat(cluster.ilb(0).engine.services().getFirst().servers())
                .hasSize(4)
                .allMatch(server -> server.load() == -1);
    }

    @Test
    void weightsOfAgentsShareOutTheConnections() {
        cluster.ilb(0).engine.leave(cluster.now);
        cluster.ilb(1).engine.leave(cluster.now);
        cluster.advanceMillis(500);
        report(2, 0, weight(200));
        report(2, 1, weight(50));
        cluster.advanceMillis(200);

        assertThat(share(70))
                .containsEntry(server(2, 0).endpoint(), 40)
                .containsEntry(server(2, 1).endpoint(), 10)
                .containsEntry(server(2, 2).endpoint(), 20);
    }

    @Test
    void weightZeroDrains() {
        report(0, 0, weight(0));
        cluster.advanceMillis(20);

        assertThat(server(1, 0).state()).isEqualTo(ServerState.DRAINING);
        assertThat(share(30)).doesNotContainKey(server(1, 0).endpoint());
    }

    @Test
    void figuresOutOfRangeAreRefused() {
        assertThatThrownBy(() -> weight(257)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> load(1_001)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> load(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void thousandServersLoadsGoRoundInFiveHeartbeats() {
        ServiceConfig service = new ServiceConfig(
                "web",
                Endpoint.parse(VIP),
                Forwarding.DIRECT,
                SchedulerKind.LEAST_CONNECTIONS,
                Orphan.HASH,
                IntStream.range(0, 1_000)
                        .mapToObj(i ->
                                new ServerConfig(Endpoint.parse("10.3." + i / 250 + "." + (1 + i % 250) + ":80"), 1))
                        .toList());
        TestCluster large = new TestCluster(new Settings().ilbs(2).services(service));
        for (Server server : large.ilb(0).engine.services().getFirst().servers()) {
            large.ilb(0).engine.onServerReport(server, load(500), large.now);
        }
        large.advanceMillis(510);

        assertThat(large.ilb(1).engine.services().getFirst().servers())
                .extracting(Server::load)
                .containsOnly(500);
    }
}
