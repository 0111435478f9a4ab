package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.List;
import java.util.stream.IntStream;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.protocol.MessageType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code authority = master}: a new connection of an overloaded owner, which the master has its backup own. */
class AssignedOwnerTest {
    private static final int CONNECTIONS = 90;
    private static final int SETTLED_MILLIS = 3_000;

    private final Roles roles = Roles.among(0, 1, 2);
    private final TestCluster cluster = new TestCluster(new Settings().services(service(800, 200)));
    private final OpenConnections connections = new OpenConnections(cluster);

    private static ServiceConfig service(int overload, int difference) {
        return Settings.service(VIP, 3)
                .withSelection(SelectionPolicy.DEFAULT.by(Authority.MASTER).withOverload(overload, difference));
    }

    private void load(int... perMille) {
        for (int ilb = 0; ilb < perMille.length; ilb++) {
            cluster.ilb(ilb).engine.setHostLoad(perMille[ilb]);
        }
        cluster.advanceMillis(200);
    }

    private static TestCluster twoOfWhichIsOverloaded(int overloaded, ServiceConfig service) {
        TestCluster two = new TestCluster(new Settings().ilbs(2).services(service));
        two.ilb(overloaded).engine.setHostLoad(1_000);
        two.ilb(1 - overloaded).engine.setHostLoad(100);
        two.advanceMillis(200);
        return two;
    }

    private int owned(int ilb) {
        return cluster.ilb(ilb).engine.ownedCount();
    }

    /** How many connections an ILB owns by score, in a view of these, of those that are open. */
    private int byScore(int ilb, int... view) {
        Roles of = Roles.among(view);
        return (int) connections.clients().stream()
                .filter(client -> of.owner(client, VIP) == ilb)
                .count();
    }

    /** Each connection has one owner, at which alone it counts as its server's. */
    private void assertEachOwnedOnce(int... view) {
        assertThat(IntStream.of(view).map(this::owned).sum()).isEqualTo(CONNECTIONS);
        for (int ilb : view) {
            assertThat(cluster.ilb(ilb).engine.services().getFirst().servers().stream()
                            .mapToInt(Server::connections)
                            .sum())
                    .isEqualTo(owned(ilb));
        }
    }

    /** Whoever the master is, it is once the overloaded one, and once the other. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void theBackupOwnsWhatAnOverloadedOwnerWouldOwn(int overloaded) {
        load(IntStream.range(0, 3).map(ilb -> ilb == overloaded ? 900 : 500).toArray());
        connections.open(CONNECTIONS);

        int[] expected = new int[3];
        for (String client : connections.clients()) {
            int owner = roles.owner(client, VIP);
            expected[owner == overloaded ? roles.backup(client, VIP) : owner]++;
        }
        assertThat(IntStream.range(0, 3).map(this::owned)).containsExactly(expected[0], expected[1], expected[2]);
        assertThat(owned(overloaded)).isZero();
        assertEachOwnedOnce(0, 1, 2);
        assertThat(cluster.ilb(overloaded).engine.counters().get(Counter.OWNED_BY_BACKUP))
                .isEqualTo(byScore(overloaded, 0, 1, 2))
                .isPositive();
        connections.assertHeldBy(0, 1, 2);
        connections.assertAllServed();
    }

    @ParameterizedTest
    @CsvSource({
        "801, 601, true", // just enough
        "800, 100, false", // not overloaded
        "900, 701, false", // the other is not so much better off
        "1000, 800, true",
    })
    void thresholdsAreThoseOfTheService(int ownersLoad, int othersLoad, boolean moves) {
        String client = client(0);
        int owner = roles.owner(client, VIP);
        load(IntStream.range(0, 3)
                .map(ilb -> ilb == owner ? ownersLoad : othersLoad)
                .toArray());

        cluster.open((owner + 1) % 3, client, VIP);

        assertThat(owned(owner)).isEqualTo(moves ? 0 : 1);
        assertThat(owned(roles.backup(client, VIP))).isEqualTo(moves ? 1 : 0);
    }

    @Test
    void thresholdsChangeByReload() {
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            ilb.engine.reconfigure(List.of(service(300, 50)));
        }
        String client = client(0);
        int owner = roles.owner(client, VIP);
        load(IntStream.range(0, 3).map(ilb -> ilb == owner ? 400 : 350).toArray());

        cluster.open(owner, client, VIP);

        assertThat(owned(roles.backup(client, VIP))).isEqualTo(1);
    }

    @Test
    void nothingMovesToAHostOfUnknownLoad() {
        String client = client(0);
        int owner = roles.owner(client, VIP);
        cluster.ilb(owner).engine.setHostLoad(1_000);
        cluster.advanceMillis(200);

        cluster.open(owner, client, VIP);

        assertThat(owned(owner)).isEqualTo(1);
    }

    @Test
    void theOwnersOwnWordOfItsLoadCountsBeforeItsNextHeartbeat() {
        int master = roles.owner("0.0.0.0:0", VIP);
        String client = IntStream.range(0, 1_000)
                .mapToObj(OpenConnections::client)
                .filter(candidate -> roles.owner(candidate, VIP) != master)
                .findFirst()
                .orElseThrow();
        load(100, 100, 100);
        cluster.ilb(roles.owner(client, VIP)).engine.setHostLoad(1_000);

        cluster.open(roles.owner(client, VIP), client, VIP);

        assertThat(owned(roles.backup(client, VIP))).isEqualTo(1);
    }

    @Test
    void aSynThatIsLostOnTheWayToItsOwnerComesAgain() {
        String client = client(0);
        int owner = roles.owner(client, VIP);
        int backup = roles.backup(client, VIP);
        load(IntStream.range(0, 3).map(ilb -> ilb == owner ? 1_000 : 100).toArray());
        cluster.loses(datagram -> datagram.isOfType(MessageType.FORWARD));
        assertThat(cluster.send(owner, client, VIP, SYN)).isEmpty();
        cluster.loses(datagram -> false);

        // The master would decide otherwise now; the association is there already.
        load(100, 100, 100);
        assertThat(cluster.send(owner, client, VIP, SYN)).hasSize(1);

        assertThat(owned(owner)).isZero();
        assertThat(owned(backup)).isEqualTo(1);
        assertThat(cluster.send(3 - owner - backup, client, VIP, ACK)).hasSize(1);
    }

    @Test
    void aPortsNextConnectionIsItsOwnersByScoreWhereOnlyTheOtherRemembersTheLastOne() {
        ServiceConfig service = Settings.service(VIP, 1).withSelection(SelectionPolicy.DEFAULT.by(Authority.MASTER));
        String client = client(0);
        int owner = Roles.among(0, 1).owner(client, VIP);
        int backup = 1 - owner;
        TestCluster two = twoOfWhichIsOverloaded(owner, service);
        two.open(owner, client, VIP);
        two.send(backup, client, VIP, FIN_ACK);
        two.advanceMillis(50);
        two.loses(datagram -> datagram.isOfType(MessageType.ASSOCIATIONS));
        for (int i = 0; i < 20; i++) {
            two.send(backup, client, VIP, ACK);
            two.advanceMillis(5_000);
        }
        two.loses(datagram -> false);
        assertThat(two.holders(client, VIP)).containsExactly(backup);
        two.ilb(owner).engine.setHostLoad(100);

        two.open(owner, client, VIP);

        assertThat(two.ilb(owner).engine.ownedCount()).isEqualTo(1);
        assertThat(two.ilb(backup).engine.ownedCount()).isZero();
    }

    @Test
    void whatIsToldOfAPortsEarlierConnectionWithAnotherServerAssignsNobodyTheOneOfNow() {
        String client = client(0);
        int owner = Roles.among(0, 1).owner(client, VIP);
        int backup = 1 - owner;
        TestCluster two = twoOfWhichIsOverloaded(owner, service(800, 200));
        Server earlier = two.open(owner, client, VIP);
        assertThat(two.ilb(backup).engine.ownedCount()).isEqualTo(1);
        two.send(owner, client, VIP, FIN_ACK);
        two.advanceMillis(50);
        two.ilb(owner).engine.setHostLoad(100);
        two.cutOff(backup);
        two.advanceMillis(1_000);
        two.ilb(owner)
                .engine
                .onServerReport(
                        two.ilb(owner).engine.services().getFirst().servers().stream()
                                .filter(server -> server.endpoint().equals(earlier.endpoint()))
                                .findAny()
                                .orElseThrow(),
                        ServerReport.ofCheck(false),
                        two.now);
        assertThat(two.open(owner, client, VIP).endpoint()).isNotEqualTo(earlier.endpoint());

        two.heal();
        two.advanceMillis(SETTLED_MILLIS);

        assertThat(two.holders(client, VIP)).containsExactly(0, 1);
        assertThat(two.ilb(owner).engine.ownedCount()).isEqualTo(1);
        assertThat(two.ilb(backup).engine.ownedCount()).isZero();
    }

    @Test
    void aNewcomerIsToldInOrderOfAConnectionThatItsBackupOwns() {
        TestCluster joined = new TestCluster(new Settings().running(2).services(service(800, 200)));
        joined.ilb(0).engine.setHostLoad(1_000);
        joined.ilb(1).engine.setHostLoad(100);
        joined.advanceMillis(200);
        OpenConnections opened = new OpenConnections(joined);
        opened.open(CONNECTIONS);
        assertThat(joined.ilb(0).engine.ownedCount()).isZero();
        joined.holdStreams(message -> message.from().equals(Settings.endpoint(0)));
        joined.start(2);
        joined.advanceMillis(200);
        joined.loses(datagram ->
                datagram.isOfType(MessageType.ASSOCIATIONS) && datagram.to().equals(Settings.endpoint(2)));
        opened.clients().forEach(client -> opened.end(1, client));
        joined.advanceMillis(50);
        joined.releaseStreams();
        joined.advanceMillis(1_000);

        assertThat(joined.ilb(2).engine.owned().size(ConnectionState.ESTABLISHED))
                .isZero();
        assertThat(joined.ilb(2).engine.owned().size(ConnectionState.CLOSING)).isPositive();
    }

    @Test
    void whoeverComesAndGoesEachConnectionHasOneOwner() {
        load(1_000, 100, 100);
        connections.open(CONNECTIONS);
        assertThat(owned(0)).isZero();
        int moved = byScore(0, 0, 1, 2);
        assertThat(moved).isPositive();

        // Of the moved ones, those whose assigned owner has gone are their owner's by score.
        cluster.kill(1);
        cluster.advanceMillis(SETTLED_MILLIS);
        assertEachOwnedOnce(0, 2);
        assertThat(owned(0)).isPositive().isLessThan(byScore(0, 0, 2));

        // It comes back under its id, and what was assigned to it is its own again, although nobody had it but the
        // others.
        cluster.start(1);
        cluster.advanceMillis(SETTLED_MILLIS);
        assertEachOwnedOnce(0, 1, 2);
        assertThat(owned(0)).isZero();

        // The owner by score goes: its backup owns what it has owned before.
        cluster.kill(0);
        cluster.advanceMillis(SETTLED_MILLIS);
        assertEachOwnedOnce(1, 2);
        cluster.ilb(2).engine.leave(cluster.now);
        cluster.advanceMillis(SETTLED_MILLIS);
        assertEachOwnedOnce(1);
        connections.assertAllServed();
        assertThat(connections.orphans()).isZero();
    }
}
