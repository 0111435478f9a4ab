package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.engine.TestCluster.Ilb;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.MessageType;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** All connections of a client go to the same server, whoever dies or comes; the scheduler is round-robin, which forgets. */
class AffinityTest {
    private static final String CLIENT = "10.1.7.9";
    private static final int TIMEOUT_MILLIS = 60_000;
    private static final Affinity AFFINITY = new Affinity(32, 64, TIMEOUT_MILLIS);
    private static final int CLIENTS = 30;

    private int lastPort = 20_000;

    private static ServiceConfig service(String vip, Affinity affinity) {
        return Settings.service(vip, 4).withAffinity(affinity);
    }

    private static TestCluster cluster(int ilbs) {
        return new TestCluster(new Settings().ilbs(ilbs).services(service(VIP, AFFINITY)));
    }

    /** Opens one more connection of that client. */
    private Endpoint open(TestCluster cluster, int ilb, String address) {
        return open(cluster, ilb, address, VIP);
    }

    private Endpoint open(TestCluster cluster, int ilb, String address, String vip) {
        String client = (address.contains(":") ? "[" + address + "]" : address) + ":" + ++lastPort;
        return cluster.open(ilb, client, vip).endpoint();
    }

    private static String client(int number) {
        return "10.1." + number + ".2";
    }

    /** One connection of each of some clients, through one running ILB after the other; their servers. */
    private List<Endpoint> openAll(TestCluster cluster) {
        List<Ilb> running = cluster.ilbs.stream().filter(Ilb::isRunning).toList();
        List<Endpoint> servers = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            servers.add(open(cluster, running.get(lastPort % running.size()).index, client(i)));
        }
        return servers;
    }

    private static int clients(TestCluster cluster) {
        return cluster.ilbs.stream()
                .filter(Ilb::isRunning)
                .mapToInt(ilb -> ilb.engine.owned().clients())
                .sum();
    }

    /** Each of them is at two ILBs that run, and with each of its connections. */
    private static void assertOnTwoIlbs(TestCluster cluster, int... view) {
        Roles roles = Roles.among(view);
        assertThat(clients(cluster)).isEqualTo(2 * CLIENTS);
        for (int i = 0; i < CLIENTS; i++) {
            assertThat(cluster.holders(client(i) + ":0", VIP)).isEqualTo(roles.holders(client(i) + ":0", VIP));
        }
    }

    @Test
    void connectionsOfAClientGoToOneServerThroughWhicheverIlb() {
        TestCluster cluster = cluster(3);
        assertThat(new HashSet<>(openAll(cluster))).as("of other clients").hasSize(4);
        Set<Endpoint> servers = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            servers.add(open(cluster, i % 3, CLIENT));
            // So that it is not always the same one's turn.
            open(cluster, i % 3, "10.3." + i + ".1");
        }
        assertThat(servers).hasSize(1);
    }

    @Test
    void oneOwnerAndOneBackupHoldAllConnectionsOfAClient() {
        TestCluster cluster = cluster(3);
        for (int i = 0; i < 50; i++) {
            open(cluster, i % 3, CLIENT);
        }
        Roles roles = Roles.among(0, 1, 2);
        int owner = roles.owner(CLIENT + ":0", VIP);
        int backup = roles.backup(CLIENT + ":0", VIP);
        assertThat(cluster.ilb(owner).engine.ownedCount()).isEqualTo(50);
        assertThat(cluster.ilb(backup).engine.backedUpCount()).isEqualTo(50);
        assertThat(cluster.ilb(3 - owner - backup).engine.owned().size()).isZero();
    }

    @Test
    void clientsTableEntryIsNoConnection() {
        TestCluster cluster = cluster(2);
        Endpoint server = open(cluster, 0, CLIENT);
        for (Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.owned().clients()).isEqualTo(1);
            assertThat(ilb.engine.owned().size(ConnectionState.HALF_OPEN)).isZero();
            assertThat(ilb.engine.owned().size(ConnectionState.ESTABLISHED)).isEqualTo(1);
            assertThat(ilb.engine.ownedCount() + ilb.engine.backedUpCount()).isEqualTo(1);
        }
        cluster.advanceMillis(1_000);
        assertThat(serverAt(cluster, 0, server).clusterConnections()).isEqualTo(1);
        assertThat(cluster.ilb(0).engine.services().getFirst().clusterConnections())
                .isEqualTo(1);
    }

    @Test
    void packetFromPortZeroDoesNotReachTheEntry() {
        TestCluster cluster = cluster(1);
        Endpoint server = open(cluster, 0, CLIENT);
        for (int flags : new int[] {TestCluster.SYN, TestCluster.ACK, TestCluster.FIN_ACK, TestCluster.RST}) {
            assertThat(cluster.send(0, CLIENT + ":0", VIP, flags)).isEmpty();
        }
        assertThat(cluster.ilb(0).engine.counters().dropped(DropReason.NO_PORT)).isEqualTo(4);
        assertThat(cluster.ilb(0).engine.owned().clients()).isEqualTo(1);
        assertThat(open(cluster, 0, CLIENT)).isEqualTo(server);
    }

    @Test
    void clientsKeepTheirServersAfterTheOwnersCrash() {
        TestCluster cluster = cluster(3);
        List<Endpoint> servers = openAll(cluster);
        cluster.kill(0);
        cluster.advanceMillis(1_000);
        assertOnTwoIlbs(cluster, 1, 2);
        assertThat(openAll(cluster)).isEqualTo(servers);
    }

    @Test
    void clientsKeepTheirServersAfterTheCrashOfTheOwnerAndThenOfItsBackup() {
        TestCluster cluster = cluster(4);
        List<Endpoint> servers = openAll(cluster);
        cluster.kill(0);
        cluster.advanceMillis(1_000);
        cluster.kill(1);
        cluster.advanceMillis(1_000);
        assertOnTwoIlbs(cluster, 2, 3);
        assertThat(openAll(cluster)).isEqualTo(servers);
    }

    @Test
    void clientsKeepTheirServersWhenAnIlbLeaves() {
        TestCluster cluster = cluster(3);
        List<Endpoint> servers = openAll(cluster);
        cluster.ilb(1).engine.leave(cluster.now);
        cluster.advanceMillis(1_000);
        assertThat(cluster.ilb(1).engine.isReleased()).isTrue();
        cluster.kill(1);
        cluster.advanceMillis(1_000);
        assertOnTwoIlbs(cluster, 0, 2);
        assertThat(openAll(cluster)).isEqualTo(servers);
    }

    @Test
    void clientsKeepTheirServersWhenAnIlbJoinsAndTheFirstOnesCrash() {
        TestCluster cluster = new TestCluster(new Settings().ilbs(3).running(2).services(service(VIP, AFFINITY)));
        List<Endpoint> servers = openAll(cluster);
        cluster.start(2);
        cluster.advanceMillis(1_000);
        assertThat(cluster.ilb(2).state()).isEqualTo(IlbState.ACTIVE);
        assertOnTwoIlbs(cluster, 0, 1, 2);
        assertThat(openAll(cluster)).isEqualTo(servers);
        cluster.kill(0);
        cluster.advanceMillis(1_000);
        cluster.kill(1);
        cluster.advanceMillis(1_000);
        assertThat(openAll(cluster)).isEqualTo(servers);
    }

    @Test
    void backupKnowsAClientWhoseFirstSynHasJustPassed() {
        TestCluster cluster = cluster(2);
        int owner = Roles.among(0, 1).owner(CLIENT + ":0", VIP);
        Endpoint server = cluster.send(owner, CLIENT + ":1000", VIP, TestCluster.SYN)
                .getFirst()
                .server()
                .endpoint();
        cluster.kill(owner);
        // The survivor has given other clients servers meanwhile, so that its turn is anywhere.
        cluster.advanceMillis(600);
        open(cluster, 1 - owner, client(1));
        for (int i = 0; i < 5; i++) {
            assertThat(open(cluster, 1 - owner, CLIENT)).isEqualTo(server);
        }
    }

    @Test
    void backupKnowsAClientWhoseSynWasOvertakenByTheAnnouncement() {
        TestCluster cluster = cluster(2);
        int owner = Roles.among(0, 1).owner(CLIENT + ":0", VIP);
        Predicate<TestCluster.InFlight> syns = datagram -> datagram.isOfType(MessageType.FORWARD);
        List<TestCluster.InFlight> late = new ArrayList<>();
        cluster.loses(datagram -> syns.test(datagram) && late.add(datagram));
        assertThat(cluster.send(owner, CLIENT + ":1000", VIP, TestCluster.SYN)).isEmpty();
        cluster.advanceMillis(10);
        cluster.loses(datagram -> false);
        late.forEach(cluster::inject);
        Endpoint server = cluster.deliveries.getLast().server().endpoint();
        cluster.kill(owner);
        cluster.advanceMillis(600);
        open(cluster, 1 - owner, client(1));
        for (int i = 0; i < 5; i++) {
            assertThat(open(cluster, 1 - owner, CLIENT)).isEqualTo(server);
        }
    }

    @Test
    void entryLastsFromTheLastNewConnection() {
        TestCluster cluster = cluster(2);
        Endpoint server = open(cluster, 0, CLIENT);
        for (int i = 0; i < 3; i++) {
            cluster.advanceMillis(TIMEOUT_MILLIS * 3 / 4);
            assertThat(open(cluster, 0, CLIENT)).isEqualTo(server);
        }
        cluster.advanceMillis(TIMEOUT_MILLIS * 9 / 8);
        assertThat(clients(cluster)).isZero();
        assertThat(open(cluster, 0, CLIENT))
                .as("the next one in turn, not the client's last")
                .isNotEqualTo(server);
    }

    @Test
    void eachServiceHasItsOwnTimeout() {
        String other = "10.9.0.2:80";
        Affinity longer = new Affinity(32, 64, 10 * TIMEOUT_MILLIS);
        TestCluster cluster =
                new TestCluster(new Settings().ilbs(1).services(service(VIP, AFFINITY), service(other, longer)));
        Endpoint server = open(cluster, 0, CLIENT);
        Endpoint ofOther = open(cluster, 0, CLIENT, other);
        cluster.advanceMillis(TIMEOUT_MILLIS);
        assertThat(open(cluster, 0, CLIENT)).isNotEqualTo(server);
        assertThat(open(cluster, 0, CLIENT, other)).isEqualTo(ofOther);
    }

    @Test
    void handoverDoesNotMakeAnEntryYounger() {
        TestCluster cluster = cluster(3);
        openAll(cluster);
        int latest = latestCreation(cluster);
        cluster.advanceMillis(TIMEOUT_MILLIS / 2);
        cluster.kill(0);
        cluster.advanceMillis(1_000);
        assertOnTwoIlbs(cluster, 1, 2);
        assertThat(latestCreation(cluster)).isBetween(latest, latest + 1);
    }

    /** When the youngest entry of all was made: the engines have one clock, from one start. */
    private static int latestCreation(TestCluster cluster) {
        int latest = 0;
        for (Ilb ilb : cluster.ilbs) {
            OwnedConnections table = ilb.engine.owned();
            int slot = ilb.isRunning() ? table.nextSlot(-1) : OwnedConnections.NONE;
            for (; slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
                latest = Math.max(latest, table.createdMillis(slot));
            }
        }
        return latest;
    }

    @Test
    void clientOfAServerThatWentDownGetsAnotherAndStaysThere() {
        TestCluster cluster = cluster(3);
        Endpoint first = open(cluster, 0, CLIENT);
        report(cluster, first, false);
        Endpoint second = open(cluster, 1, CLIENT);
        assertThat(second).isNotEqualTo(first);
        report(cluster, first, true);
        for (int i = 0; i < 20; i++) {
            assertThat(open(cluster, i % 3, CLIENT)).isEqualTo(second);
        }
        int owner = Roles.among(0, 1, 2).owner(CLIENT + ":0", VIP);
        cluster.kill(owner);
        cluster.advanceMillis(1_000);
        assertThat(open(cluster, (owner + 1) % 3, CLIENT))
                .as("its backup knows of the change")
                .isEqualTo(second);
    }

    @Test
    void afterAPartitionTheLatestServerOfAClientCounts() {
        for (int latest : new int[] {0, 2}) {
            TestCluster cluster = cluster(4);
            Endpoint first = open(cluster, 0, CLIENT);
            cluster.cutOff(0, 1);
            cluster.advanceMillis(1_000);
            assertThat(open(cluster, 2 - latest, CLIENT)).isEqualTo(first);
            cluster.advanceMillis(100);
            report(cluster, first, false);
            Endpoint second = open(cluster, latest, CLIENT);
            report(cluster, first, true);
            cluster.heal();
            cluster.advanceMillis(2_000);
            for (int i = 0; i < 4; i++) {
                assertThat(open(cluster, i, CLIENT)).isEqualTo(second).isNotEqualTo(first);
            }
        }
    }

    @Test
    void clientOfAServerThatDrainsGetsAnother() {
        TestCluster cluster = cluster(2);
        Endpoint first = open(cluster, 0, CLIENT);
        ServiceConfig all = service(VIP, AFFINITY);
        List<ServerConfig> fewer = all.servers().stream()
                .filter(server -> !server.endpoint().equals(first))
                .toList();
        cluster.ilbs.forEach(ilb -> ilb.engine.reconfigure(List.of(all.withServers(fewer))));
        Endpoint second = open(cluster, 0, CLIENT);
        assertThat(second).isNotEqualTo(first);
        cluster.ilbs.forEach(ilb -> ilb.engine.reconfigure(List.of(all)));
        assertThat(open(cluster, 1, CLIENT)).isEqualTo(second);
    }

    @Test
    void portThatIsUsedAgainGoesWhereItsClientBelongs() {
        TestCluster cluster = cluster(2);
        String connection = CLIENT + ":1000";
        Endpoint first = cluster.open(0, connection, VIP).endpoint();
        cluster.send(0, connection, VIP, TestCluster.FIN_ACK);
        report(cluster, first, false);
        Endpoint second = open(cluster, 0, CLIENT);
        report(cluster, first, true);
        assertThat(cluster.open(0, connection, VIP).endpoint()).isEqualTo(second);
    }

    @Test
    void addressesWithTheSamePrefixAreOneClient() {
        TestCluster cluster =
                new TestCluster(new Settings().ilbs(3).services(service(VIP, new Affinity(24, 64, TIMEOUT_MILLIS))));
        Set<Endpoint> servers = new HashSet<>();
        for (int i = 1; i < 60; i++) {
            servers.add(open(cluster, i % 3, "10.1.7." + i));
        }
        assertThat(servers).hasSize(1);
        assertThat(clients(cluster)).isEqualTo(2);
        for (int i = 1; i < 60; i++) {
            servers.add(open(cluster, i % 3, "10.2." + i + ".1"));
        }
        assertThat(servers).as("of other networks").hasSize(4);
    }

    @Test
    void hostsOfOneIpv6NetworkAreOneClient() {
        String vip = "[2001:db8:9::1]:80";
        TestCluster cluster = new TestCluster(new Settings().ilbs(3).services(service(vip, AFFINITY)));
        Set<Endpoint> servers = new HashSet<>();
        for (int i = 1; i < 60; i++) {
            servers.add(open(cluster, i % 3, "2001:db8:1:7:" + i + "::9", vip));
        }
        assertThat(servers).hasSize(1);
        for (int i = 1; i < 60; i++) {
            servers.add(open(cluster, i % 3, "2001:db8:2:" + i + "::9", vip));
        }
        assertThat(servers).as("of other networks").hasSize(4);
    }

    @Test
    void floodOfSynsPushesOutNoClientWithAConnection() {
        TestCluster cluster = new TestCluster(
                new Settings().ilbs(2).clients(40).halfOpen(2_000).services(service(VIP, AFFINITY)));
        List<Endpoint> servers = openAll(cluster);
        for (int i = 0; i < 1_000; i++) {
            cluster.send(i % 2, "10.66." + (i >> 8) + "." + (i & 255) + ":999", VIP, TestCluster.SYN);
        }
        for (Ilb ilb : cluster.ilbs) {
            assertThat(ilb.engine.owned().clients()).isEqualTo(40);
            ilb.engine.owned().checkConsistency();
        }
        assertThat(openAll(cluster)).isEqualTo(servers);
        cluster.advanceMillis(30_000);
        assertThat(clients(cluster)).as("the flood is forgotten, they are not").isEqualTo(2 * CLIENTS);
    }

    @Test
    void ofMoreClientsThanThereIsRoomForTheLatestAreRemembered() {
        TestCluster cluster = new TestCluster(
                new Settings().ilbs(2).clients(10).established(CLIENTS).services(service(VIP, AFFINITY)));
        List<Endpoint> servers = openAll(cluster);
        assertThat(clients(cluster)).isEqualTo(20);
        assertThat(cluster.ilb(0).engine.owned().size(ConnectionState.ESTABLISHED))
                .as("no connection had to give way")
                .isEqualTo(CLIENTS);
        for (int i = CLIENTS - 1; i >= CLIENTS - 10; i--) {
            assertThat(open(cluster, 0, client(i))).isEqualTo(servers.get(i));
        }
    }

    @Test
    void connectionsWithoutAnAssociationGoByTheirClientToo() {
        TestCluster cluster = new TestCluster(new Settings().ilbs(2).halfOpen(0).services(service(VIP, AFFINITY)));
        Set<Endpoint> servers = new HashSet<>();
        for (int i = 0; i < 30; i++) {
            String connection = CLIENT + ":" + (1_000 + i);
            servers.add(cluster.send(0, connection, VIP, TestCluster.SYN)
                    .getFirst()
                    .server()
                    .endpoint());
            servers.add(cluster.send(1, connection, VIP, TestCluster.ACK)
                    .getFirst()
                    .server()
                    .endpoint());
        }
        assertThat(servers).hasSize(1);
    }

    @Test
    void connectionsOutliveAReloadThatTurnsAffinityOnOrOff() {
        TestCluster cluster = TestCluster.of(3);
        OpenConnections connections = new OpenConnections(cluster);
        connections.open(200);
        for (ServiceConfig config : List.of(service(VIP, AFFINITY), Settings.service(VIP, 4))) {
            for (Ilb ilb : cluster.ilbs) {
                ilb.engine.reconfigure(List.of(config));
                cluster.advanceMillis(50);
                connections.assertAllServed();
            }
            cluster.advanceMillis(500);
            connections.assertAllServed();
            assertThat(connections.orphans()).isZero();
            Roles roles = Roles.among(0, 1, 2);
            for (String client : connections.clients()) {
                String key = config.affinity().isPresent() ? client.substring(0, client.indexOf(':')) + ":0" : client;
                assertThat(cluster.holders(client, VIP)).as(client).containsAll(roles.holders(key, VIP));
            }
        }
    }

    @Test
    void ilbsWithDifferentAffinityNoticeIt() {
        assertThat(digest(Settings.service(VIP, 4)))
                .isNotEqualTo(digest(service(VIP, AFFINITY)))
                .isEqualTo(digest(Settings.service(VIP, 4)));
        assertThat(digest(service(VIP, AFFINITY)))
                .isNotEqualTo(digest(service(VIP, new Affinity(24, 64, TIMEOUT_MILLIS))))
                .isNotEqualTo(digest(service(VIP, new Affinity(32, 56, TIMEOUT_MILLIS))))
                .isNotEqualTo(digest(service(VIP, new Affinity(32, 64, 1))));
    }

    @Test
    void maglevSendsAClientToTheSameServerAfterAllIsForgotten() {
        ServiceConfig maglev = new ServiceConfig(
                        "web",
                        Endpoint.parse(VIP),
                        Forwarding.DIRECT,
                        SchedulerKind.MAGLEV,
                        Orphan.HASH,
                        Settings.service(VIP, 4).servers())
                .withAffinity(AFFINITY);
        TestCluster cluster = new TestCluster(new Settings().ilbs(2).services(maglev));
        List<Endpoint> servers = openAll(cluster);
        cluster.kill(0);
        cluster.kill(1);
        cluster.restart(0);
        cluster.restart(1);
        cluster.advanceMillis(2_000);
        assertThat(clients(cluster)).isZero();
        assertThat(openAll(cluster)).isEqualTo(servers);
        List<Delivery> orphan = cluster.send(0, client(3) + ":60000", VIP, TestCluster.ACK);
        assertThat(orphan)
                .extracting(Delivery::server)
                .extracting(Server::endpoint)
                .containsExactly(servers.get(3));
    }

    private static long digest(ServiceConfig config) {
        ServiceTable table = new ServiceTable();
        table.configure(List.of(config), 0);
        return table.digest();
    }

    private static void report(TestCluster cluster, Endpoint server, boolean up) {
        for (Ilb ilb : cluster.ilbs) {
            ilb.engine.onServerReport(serverAt(cluster, ilb.index, server), ServerReport.ofCheck(up), cluster.now);
        }
    }

    private static Server serverAt(TestCluster cluster, int ilb, Endpoint endpoint) {
        return cluster.ilb(ilb).engine.services().getFirst().servers().stream()
                .filter(server -> server.endpoint().equals(endpoint))
                .findAny()
                .orElseThrow();
    }
}
