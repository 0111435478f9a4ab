package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Three ILBs behind a router that spreads packets over all of them, and three servers. */
class ClusterIT {
    private static final int ILBS = 3;
    private static final int SERVERS = 3;
    private static final String VIP = "target=10.9.0.1:80";

    @RegisterExtension
    final Lab lab = new Lab();

    @Test
    void withAffinityAllConnectionsOfAClientGoToOneServerAlsoAfterItsOwnerAndThenItsBackupWereKilled() {
        lab.up();
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs = new ArrayList<>(lab.startIlbs(
                ILBS, "--scheduler", "round-robin", "--set", "ilb.services.web.affinity { by = client-ip }"));
        OptionalInt server = OptionalInt.empty();
        while (true) {
            Traffic traffic = lab.startTraffic(VIP, "short-rate=400", "short-limit=400");
            traffic.awaitShorts(400);
            Traffic.Report report = traffic.stop();
            assertThat(report.get("short-failed")).as(report.line()).isZero();
            OptionalInt now = IntStream.rangeClosed(1, SERVERS)
                    .filter(number -> report.get("short-server" + number) == 400)
                    .findAny();
            assertThat(now).as(report.line()).isPresent();
            assertThat(server.isEmpty() || server.equals(now)).as(report.line()).isTrue();
            server = now;
            List<Ilb> owners = ilbs.stream()
                    .filter(ilb -> ilb.scrape().value("ilbd_connections", "role=\"owned\"") > 0)
                    .toList();
            assertThat(owners).as("the client's owner").hasSize(1);
            if (ilbs.size() == 1) {
                return;
            }
            assertThat(ilbs.stream().mapToLong(ilb -> ilb.scrape().value("ilbd_affinity_clients")))
                    .filteredOn(clients -> clients == 1)
                    .as("the owner and the backup know the client")
                    .hasSize(2);
            ilbs.removeAll(owners);
            lab.ecmp(ilbs.stream().map(Ilb::host).toList());
            owners.getFirst().child().kill();
            lab.awaitView(ilbs, ilbs.size());
            await().atMost(Lab.PATIENCE)
                    .untilAsserted(() -> assertThat(ilbs).allSatisfy(ilb -> {
                        assertThat(ilb.scrape().value("ilbd_handover_in_progress"))
                                .isZero();
                    }));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"broadcast", "off"})
    void everyPacketIsAccountedFor(String cache) {
        lab.up();
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs = lab.startIlbs(ILBS, "--cache", cache, "--set", "ilb.connections.closing-timeout = 5m");
        assertThat(ilbs).allSatisfy(ilb -> {
            assertThat(ilb.get("/healthz")).isEqualTo("ok 200");
            assertThat(ilb.get("/readyz")).isEqualTo("active 200");
        });

        Traffic traffic = lab.startTraffic(VIP, "long=200", "short-rate=200", "short-limit=400");
        traffic.awaitOpen(200);
        traffic.awaitShorts(400);
        traffic.awaitRounds(2);
        await().atMost(Lab.PATIENCE).untilAsserted(() -> {
            List<Scrape> scrapes = scrapes(ilbs);
            assertThat(sum(scrapes, "ilbd_connections", "role=\"owned\""))
                    .as("those that are open, and those that linger")
                    .isEqualTo(600);
            assertThat(sum(scrapes, "ilbd_server_connections"))
                    .as("of them, not closing")
                    .isEqualTo(200);
            assertThat(scrapes)
                    .allSatisfy(scrape -> assertThat(scrape.value("ilbd_server_cluster_connections"))
                            .as("what the ILBs tell each other")
                            .isEqualTo(200));
        });
        Traffic.Report report = traffic.stop();
        assertThat(report.get("failed") + report.get("short-failed"))
                .as(report.line())
                .isZero();

        // Packets are under way until the last ACK and RST of the client has come through.
        await().atMost(Lab.PATIENCE).until(() -> settled(ilbs));
        List<Scrape> scrapes = scrapes(ilbs);
        assertThat(scrapes).allSatisfy(scrape -> {
            assertThat(scrape.value("ilbd_drops_total")).as("drops").isZero();
            assertThat(scrape.value("ilbd_service_packets_total", "direction=\"in\"")
                            + scrape.value("ilbd_received_forwarded_total"))
                    .as("in = out")
                    .isEqualTo(scrape.value("ilbd_server_packets_total")
                            + scrape.value("ilbd_forwarded_total")
                            + scrape.value("ilbd_forwarded_syns_total"));
            assertThat(scrape.value("ilbd_peers", "state=\"active\"")).isEqualTo(ILBS - 1);
            assertThat(scrape.value("ilbd_up")).isEqualTo(1);
            assertThat(scrape.value("ilbd_server_up")).isEqualTo(SERVERS);
        });
        assertThat(sum(scrapes, "ilbd_received_forwarded_total"))
                .isEqualTo(sum(scrapes, "ilbd_forwarded_total") + sum(scrapes, "ilbd_forwarded_syns_total"));
        assertThat(sum(scrapes, "ilbd_forwarded_syns_total")).isEqualTo(600);
        assertThat(sum(scrapes, "ilbd_server_packets_total"))
                .isEqualTo(sum(scrapes, "ilbd_service_packets_total"))
                .isGreaterThan(600 * 4);
        assertThat(sum(scrapes, "ilbd_server_bytes_total")).isEqualTo(sum(scrapes, "ilbd_service_bytes_total"));
    }

    private static boolean settled(List<Ilb> ilbs) {
        List<Scrape> scrapes = scrapes(ilbs);
        return sum(scrapes, "ilbd_server_packets_total") == sum(scrapes, "ilbd_service_packets_total");
    }

    @Test
    void aServerThatIsDownGetsNoNewConnectionUntilItIsUpAgain() {
        lab.up();
        lab.startServers(IntStream.of(1, 3), 80);
        Child server2 = lab.startServers(IntStream.of(2), 80);
        List<Ilb> ilbs =
                lab.startIlbs(ILBS, "--set", "ilb.services.web.health { interval = 200ms, timeout = 200ms, rise = 3 }");
        Traffic before = lab.startTraffic(VIP, "short-rate=200", "short-limit=100");
        before.awaitShorts(100);
        assertThat(before.stop().get("short-server2")).isPositive();

        server2.kill();
        awaitServer2(ilbs, 0);
        Traffic down = lab.startTraffic(VIP, "long=100", "short-rate=200", "short-limit=200");
        down.awaitOpen(100);
        down.awaitShorts(200);
        Traffic.Report report = down.report();
        assertThat(report.get("short-done")).as(report.line()).isEqualTo(200);
        assertThat(report.get("short-server2") + report.get("long-server2"))
                .as(report.line())
                .isZero();

        lab.startServers(IntStream.of(2), 80);
        awaitServer2(ilbs, 1);
        Traffic after = lab.startTraffic(VIP, "short-rate=200", "short-limit=200");
        after.awaitShorts(200);
        Traffic.Report again = after.stop();
        assertThat(again.get("short-failed")).as(again.line()).isZero();
        assertThat(again.get("short-server2")).as(again.line()).isPositive();
        // Those of the others have not noticed.
        down.awaitRounds(2);
        Traffic.Report last = down.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
    }

    private static void awaitServer2(List<Ilb> ilbs, int up) {
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbs.stream()
                        .allMatch(ilb -> ilb.scrape().value("ilbd_server_up", "server=\"10.2.0.102:80\"") == up));
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "nat"})
    void superSegmentsReachTheServerWhole(String forwarding) {
        lab.up("--forwarding", forwarding);
        lab.startServers(SERVERS, 80);
        List<Ilb> ilbs = lab.startIlbs(ILBS, "--forwarding", forwarding);

        Traffic traffic = lab.startTraffic(VIP, "long=8", "size=2000000", "interval=0");
        traffic.awaitOpen(8);
        traffic.awaitRounds(3);
        Traffic.Report report = traffic.stop();

        assertThat(report.get("failed")).as(report.line()).isZero();
        assertThat(report.get("checked")).as(report.line()).isEqualTo(report.get("sent"));
        List<Scrape> scrapes = scrapes(ilbs);
        long bytes = sum(scrapes, "ilbd_server_bytes_total");
        long packets = sum(scrapes, "ilbd_server_packets_total");
        // Bare ACKs of the echo are among them.
        assertThat(bytes / packets).as("mean length of a packet").isGreaterThan(3 * 1500);
    }

    private static List<Scrape> scrapes(List<Ilb> ilbs) {
        return ilbs.stream().map(Ilb::scrape).toList();
    }

    private static long sum(List<Scrape> scrapes, String name, String... labels) {
        return scrapes.stream().mapToLong(scrape -> scrape.value(name, labels)).sum();
    }
}
