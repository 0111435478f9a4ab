package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.ilbd.core.scheduler.PeerThresholds;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** Three ILBs, each with a server on its own host: ILB n has server n. */
class PeerSchedulerTest {
    private static final int CONNECTIONS = 60;

    private TestCluster cluster = cluster(3);

    private static ServiceConfig service(PeerThresholds thresholds) {
        ServiceConfig plain = Settings.service(VIP, 3);
        return new ServiceConfig(
                        plain.name(),
                        plain.vip(),
                        plain.forwarding(),
                        SchedulerKind.PEER,
                        plain.orphan(),
                        plain.servers())
                .withPolicy(ServicePolicy.DEFAULT.withPeer(thresholds));
    }

    /** Only so many of the ILBs have a server. */
    private static TestCluster cluster(int hosting) {
        TestCluster cluster = new TestCluster(new Settings().services(service(PeerThresholds.DEFAULT)));
        for (int ilb = 0; ilb < hosting; ilb++) {
            Engine engine = cluster.ilb(ilb).engine;
            engine.setLocal(engine.services().getFirst().servers().get(ilb), true);
        }
        cluster.advanceMillis(200);
        return cluster;
    }

    private void load(int ilb, int perMille) {
        Engine engine = cluster.ilb(ilb).engine;
        ServerReport report = ServerReport.ofLoad(perMille);
        engine.onServerReport(engine.services().getFirst().servers().get(ilb), report, cluster.now);
        cluster.advanceMillis(10);
    }

    /** Opens connections through one ILB, and says how many each server gets. */
    private Map<Integer, Integer> open(int ilb, int firstClient) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            List<TestCluster.Delivery> syn = cluster.send(ilb, client(firstClient + i), VIP, SYN);
            assertThat(syn).hasSize(1);
            counts.merge(syn.getFirst().server().position(), 1, Integer::sum);
            assertThat(cluster.holders(client(firstClient + i), VIP)).hasSize(2);
        }
        return counts;
    }

    @Test
    void aHostServesWhatReachesItWhoeverOwnsIt() {
        for (int ilb = 0; ilb < 3; ilb++) {
            load(ilb, 500);
        }
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(open(ilb, 1_000 * ilb)).containsExactly(Map.entry(ilb, CONNECTIONS));
        }
    }

    @Test
    void aLoadedHostPassesOnWhatComesAndKeepsWhatItHas() {
        for (int ilb = 0; ilb < 3; ilb++) {
            load(ilb, 100 * ilb);
        }
        Server kept = cluster.open(0, client(9_000), VIP);
        assertThat(kept.position()).isZero();

        load(0, 900);

        assertThat(open(0, 1_000)).doesNotContainKey(0).containsKey(1);
        assertThat(open(1, 2_000)).containsExactly(Map.entry(1, CONNECTIONS));
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.send(ilb, client(9_000), VIP, ACK))
                    .extracting(delivery -> delivery.server().position())
                    .containsExactly(0);
        }
        load(0, 500);
        assertThat(open(0, 3_000)).containsExactly(Map.entry(0, CONNECTIONS));
    }

    @Test
    void aLoadIsKnownToAllWithTheNextTick() {
        load(2, 730);
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(cluster.ilb(ilb)
                            .engine
                            .services()
                            .getFirst()
                            .servers()
                            .get(2)
                            .load())
                    .as("at %d", ilb)
                    .isEqualTo(730);
        }
    }

    @Test
    void aRetransmissionThroughAnotherHostStaysWhereTheConnectionIs() {
        for (int client = 0; client < CONNECTIONS; client++) {
            assertThat(cluster.send(0, client(client), VIP, SYN)
                            .getFirst()
                            .server()
                            .position())
                    .isZero();
            assertThat(cluster.send(1, client(client), VIP, SYN)
                            .getFirst()
                            .server()
                            .position())
                    .isZero();
        }
    }

    @Test
    void nothingIsPassedOnToAHostWhoseIlbIsDead() {
        load(0, 900);
        load(1, 50);
        load(2, 300);
        assertThat(open(0, 1_000)).containsKey(1);

        cluster.kill(1);
        cluster.advanceMillis(1_500);
        load(0, 900);

        assertThat(open(0, 2_000)).containsExactly(Map.entry(2, CONNECTIONS));
        load(2, 900);
        assertThat(open(0, 3_000)).containsExactly(Map.entry(0, CONNECTIONS));
    }

    @Test
    void anIlbWithoutAServerGivesWhatReachesItToTheLeastLoaded() {
        cluster = cluster(2);
        load(0, 100);
        load(1, 10);
        assertThat(open(2, 1_000)).containsKey(1).doesNotContainKey(2);
    }

    @Test
    void thresholdsChangeByReload() {
        load(0, 400);
        load(1, 350);
        load(2, 400);
        assertThat(open(0, 1_000)).containsExactly(Map.entry(0, CONNECTIONS));
        for (int ilb = 0; ilb < 3; ilb++) {
            cluster.ilb(ilb).engine.reconfigure(List.of(service(new PeerThresholds(300, 50, 1))));
        }
        assertThat(open(0, 2_000)).containsExactly(Map.entry(1, CONNECTIONS));
    }

    @Test
    void aServerThatIsDownServesNothingOfWhatReachesItsHost() {
        load(0, 10);
        load(1, 20);
        load(2, 900);
        for (int ilb = 0; ilb < 3; ilb++) {
            Engine engine = cluster.ilb(ilb).engine;
            engine.onServerReport(
                    engine.services().getFirst().servers().getFirst(), ServerReport.ofCheck(false), cluster.now);
        }
        assertThat(open(0, 1_000)).doesNotContainKey(0);
    }

    @Test
    void aLoadThatIsReportedChangesNothingElseThatAgentsHaveSaid() {
        Engine engine = cluster.ilb(0).engine;
        Server server = engine.services().getFirst().servers().getFirst();
        engine.onServerReport(
                server,
                new ServerReport(
                        ServerReport.Source.AGENT,
                        Optional.empty(),
                        Optional.of(Administration.DRAIN),
                        OptionalInt.empty(),
                        OptionalInt.of(7),
                        OptionalInt.empty()),
                cluster.now);
        load(0, 10);
        assertThat(server.state()).isEqualTo(ServerState.DRAINING);
        assertThat(server.maxConnections()).isEqualTo(7);
        assertThat(server.load()).isEqualTo(10);
    }
}
