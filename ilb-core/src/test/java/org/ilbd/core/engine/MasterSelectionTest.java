package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.OpenConnections.client;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.engine.TestCluster.InFlight;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.PacketBuilder;
import org.ilbd.core.protocol.MessageType;
import org.ilbd.core.protocol.SelectionMessage;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

/** {@code authority = master}: who is asked for a new connection's server, and what becomes of the connection if nobody answers. */
class MasterSelectionTest {
    /** Whose owner, for a VIP, is the master. */
    private static final String NOBODY = "0.0.0.0:0";

    private static final int SOME_MILLIS = 20;
    /** More than {@link SelectionPolicy#DEFAULT_MASTER_TIMEOUT_NANOS} and a tick, less than until a failure is noticed. */
    private static final int TIMEOUT_MILLIS = 70;

    private final Roles roles = Roles.among(0, 1, 2);
    private final int master = roles.owner(NOBODY, VIP);
    private final TestCluster cluster = cluster(SchedulerKind.ROUND_ROBIN, 3);

    private static ServiceConfig service(SchedulerKind scheduler, int servers) {
        ServiceConfig plain = Settings.service(VIP, servers);
        return new ServiceConfig(
                        plain.name(), plain.vip(), plain.forwarding(), scheduler, plain.orphan(), plain.servers())
                .withSelection(SelectionPolicy.DEFAULT.by(Authority.MASTER));
    }

    private static TestCluster cluster(SchedulerKind scheduler, int servers) {
        return new TestCluster(new Settings().services(service(scheduler, servers)));
    }

    /** A client whose connection the master neither owns nor backs up, from a number on. */
    private String strangerToMaster(int from) {
        return IntStream.iterate(from, i -> i + 1)
                .mapToObj(OpenConnections::client)
                .filter(client -> !roles.holders(client, VIP).contains(master))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isSelection(InFlight datagram, SelectionMessage.Kind kind) {
        return datagram.isOfType(MessageType.SELECTION)
                && datagram.payload()[SelectionMessage.KIND_OFFSET] == kind.code();
    }

    private long count(int ilb, Counter counter) {
        return cluster.ilb(ilb).engine.counters().get(counter);
    }

    private Map<Endpoint, Integer> share(TestCluster among, int from, int connections) {
        Map<Endpoint, Integer> counts = new HashMap<>();
        for (int i = from; i < from + connections; i++) {
            for (Delivery syn : among.send(i % 3, client(i), VIP, SYN)) {
                counts.merge(syn.server().endpoint(), 1, Integer::sum);
            }
        }
        return counts;
    }

    @Test
    void masterSelectsForAllOwners() {
        // Three owners that take turns each for themselves would not agree so well.
        assertThat(share(cluster, 0, 90).values()).containsExactly(30, 30, 30);

        long asked = IntStream.range(0, 90)
                .filter(i -> roles.owner(client(i), VIP) != master)
                .count();
        assertThat(count(master, Counter.SELECTIONS_AS_MASTER)).isEqualTo(asked).isPositive();
        assertThat(count(master, Counter.SELECTION_REQUESTS)).isZero();
        for (int ilb = 0; ilb < 3; ilb++) {
            assertThat(count(ilb, Counter.SELECTION_ANSWERS)).isEqualTo(count(ilb, Counter.SELECTION_REQUESTS));
            assertThat(count(ilb, Counter.SELECTION_TIMEOUTS)).isZero();
        }
    }

    @Test
    void connectionIsOnTwoIlbsBeforeItsServerSeesTheSyn() {
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);

        List<Delivery> deliveries = cluster.send(owner, client, VIP, SYN);

        assertThat(deliveries).extracting(Delivery::ilb).containsExactly(roles.backup(client, VIP));
        assertThat(cluster.holders(client, VIP)).isEqualTo(roles.holders(client, VIP));
        assertThat(cluster.send(master, client, VIP, ACK))
                .extracting(Delivery::server)
                .extracting(Server::endpoint)
                .containsExactly(deliveries.getFirst().server().endpoint());
    }

    @Test
    void ownerSelectsByItselfWhenTheMasterIsDead() {
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        cluster.kill(master);

        assertThat(cluster.send(owner, client, VIP, SYN)).isEmpty();
        cluster.advanceMillis(TIMEOUT_MILLIS);

        assertThat(cluster.deliveries).hasSize(1);
        assertThat(cluster.holders(client, VIP)).isEqualTo(roles.holders(client, VIP));
        assertThat(count(owner, Counter.SELECTION_TIMEOUTS)).isEqualTo(1);
    }

    @Test
    void ownerSelectsByItselfWhenRequestOrAnswerIsLost() {
        for (SelectionMessage.Kind kind : SelectionMessage.Kind.values()) {
            String client = strangerToMaster(kind.code() * 1_000);
            int before = cluster.deliveries.size();
            cluster.loses(datagram -> isSelection(datagram, kind));

            assertThat(cluster.send(roles.owner(client, VIP), client, VIP, SYN)).isEmpty();
            cluster.advanceMillis(TIMEOUT_MILLIS);

            assertThat(cluster.deliveries).as("%s lost", kind).hasSize(before + 1);
        }
    }

    @Test
    void lateAndDuplicatedAnswersChangeNothing() {
        List<InFlight> answers = new ArrayList<>();
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.ANSWER) && answers.add(datagram));
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        // So that the owner's own turn is another server's than the master's.
        share(cluster, 1_000, 1);
        cluster.advanceMillis(TIMEOUT_MILLIS);
        answers.clear();
        cluster.send(owner, client, VIP, SYN);
        cluster.advanceMillis(TIMEOUT_MILLIS);
        var held = cluster.ilb(owner).held(client, VIP);
        int before = cluster.deliveries.size();

        cluster.loses(datagram -> false);
        InFlight late = answers.getFirst();
        cluster.inject(late);
        cluster.inject(late);

        assertThat(count(owner, Counter.SELECTION_LATE_ANSWERS)
                        + cluster.ilb(owner).engine.counters().dropped(DropReason.PEER_REPLAY))
                .isEqualTo(2);
        assertThat(cluster.deliveries).hasSize(before);
        assertThat(cluster.ilb(owner).held(client, VIP)).isEqualTo(held).isPresent();
    }

    @Test
    void synThatComesAgainMeanwhileAsksNoSecondTime() {
        List<InFlight> requests = new ArrayList<>();
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.REQUEST) && requests.add(datagram));
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);

        cluster.send(owner, client, VIP, SYN);
        cluster.advanceMillis(SOME_MILLIS);
        cluster.send((owner + 1) % 3, client, VIP, SYN);
        cluster.send(owner, client, VIP, SYN);

        assertThat(requests).hasSize(1);
        assertThat(cluster.deliveries).isEmpty();
        assertThat(cluster.ilb(owner).engine.counters().dropped(DropReason.SELECTION_PENDING))
                .isEqualTo(2);
        cluster.advanceMillis(TIMEOUT_MILLIS);
        assertThat(cluster.deliveries).hasSize(1);
    }

    @Test
    void masterRepeatsItsAnswerToTheOwnerThatComesNext() {
        List<InFlight> answers = new ArrayList<>();
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.ANSWER) && answers.add(datagram));
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        int backup = roles.backup(client, VIP);
        cluster.send(owner, client, VIP, SYN);
        cluster.kill(owner);
        cluster.advanceMillis(1_000);
        // Others have had their turns meanwhile.
        share(cluster, 1_000, 1);
        cluster.advanceMillis(TIMEOUT_MILLIS);
        int before = cluster.deliveries.size();
        cluster.loses(datagram -> false);

        List<Delivery> syn = cluster.send(backup, client, VIP, SYN);

        assertThat(cluster.deliveries).hasSize(before + 1);
        assertThat(named(answers.getFirst()))
                .isEqualTo(syn.getFirst().server().endpoint().toString());
    }

    private static String named(InFlight answer) {
        int at = SelectionMessage.SERVER_ADDRESS_OFFSET;
        byte[] bytes = answer.payload();
        return (bytes[at] & 0xFF) + "." + (bytes[at + 1] & 0xFF) + "." + (bytes[at + 2] & 0xFF) + "."
                + (bytes[at + 3] & 0xFF) + ":80";
    }

    @Test
    void backupIsTheMasterWhenItHasDied() {
        share(cluster, 0, 9);
        cluster.kill(master);
        cluster.advanceMillis(1_000);
        int next = roles.backup(NOBODY, VIP);
        long before = count(next, Counter.SELECTIONS_AS_MASTER);
        Roles left =
                Roles.among(IntStream.range(0, 3).filter(ilb -> ilb != master).toArray());
        List<String> clients = IntStream.range(100, 160)
                .mapToObj(OpenConnections::client)
                .filter(client -> left.owner(client, VIP) != next)
                .toList();
        int deliveries = cluster.deliveries.size();

        clients.forEach(client -> cluster.send(next, client, VIP, SYN));

        assertThat(cluster.deliveries).hasSize(deliveries + clients.size());
        assertThat(count(next, Counter.SELECTIONS_AS_MASTER) - before).isEqualTo(clients.size());
    }

    @Test
    void ownerSelectsByItselfWhenTooManyWait() {
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.REQUEST));
        int owner = (master + 1) % 3;
        List<String> clients = IntStream.range(0, 100_000)
                .mapToObj(OpenConnections::client)
                .filter(client -> roles.owner(client, VIP) == owner)
                .limit(WaitingSyns.ROOM + 5)
                .toList();

        clients.forEach(client -> cluster.send(owner, client, VIP, SYN));

        assertThat(cluster.deliveries).hasSize(5);
        assertThat(count(owner, Counter.SELECTIONS_WITHOUT_ROOM)).isEqualTo(5);
        cluster.advanceMillis(TIMEOUT_MILLIS);
        // There is room for no more than these half-open ones; the others are served without state.
        assertThat(cluster.deliveries).hasSize(clients.size());
        // The room is there again.
        cluster.loses(datagram -> false);
        assertThat(cluster.send(owner, strangerToMaster(50_000), VIP, SYN)).hasSize(1);
        assertThat(count(owner, Counter.SELECTIONS_WITHOUT_ROOM)).isEqualTo(5);
    }

    @Test
    void ownerSelectsByItselfForASynThatIsTooLongToWait() {
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        byte[] syn = PacketBuilder.from(client, VIP)
                .flags(SYN)
                .payload(new byte[WaitingSyns.MAX_PACKET_BYTES])
                .tcp();

        assertThat(cluster.send(owner, syn)).hasSize(1);
        assertThat(count(owner, Counter.SELECTIONS_WITHOUT_ROOM)).isEqualTo(1);
        assertThat(cluster.holders(client, VIP)).isEqualTo(roles.holders(client, VIP));
    }

    @Test
    void synIsDroppedThatHasWaitedForLongerThanItsClient() {
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.REQUEST));
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        cluster.send(owner, client, VIP, SYN);
        cluster.pause(owner);
        cluster.advanceMillis(1_500);
        cluster.resume(owner);
        cluster.advanceMillis(TIMEOUT_MILLIS);

        assertThat(cluster.deliveries).isEmpty();
        assertThat(cluster.ilb(owner).engine.counters().dropped(DropReason.SELECTION_PENDING))
                .isEqualTo(1);
    }

    @Test
    void masterCountsWhatItHasSelectedBeforeItsOwnersReportIt() {
        TestCluster least = cluster(SchedulerKind.LEAST_CONNECTIONS, 3);

        // No ILB has reported any of these when the last is selected.
        assertThat(share(least, 0, 90).values()).containsExactly(30, 30, 30);

        // And reports replace what was expected.
        least.advanceMillis(1_000);
        for (Server server : least.ilb(master).engine.services().getFirst().servers()) {
            assertThat(server.clusterConnections()).isEqualTo(30);
        }
    }

    @Test
    void noServerAtTheMasterIsNoServerForTheOwnerOnlyIfItSaysSoItself() {
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        for (Server server : cluster.ilb(master).engine.services().getFirst().servers()) {
            cluster.ilb(master).engine.onServerReport(server, ServerReport.ofCheck(false), cluster.now);
        }

        assertThat(cluster.send(owner, client, VIP, SYN)).hasSize(1);
    }

    @Test
    void ownerDoesNotTakeAServerThatItsOwnChecksFindDown() {
        for (int i = 0; i < 30; i++) {
            String client = client(i);
            int owner = roles.owner(client, VIP);
            Server first =
                    cluster.ilb(owner).engine.services().getFirst().servers().getFirst();
            cluster.ilb(owner).engine.onServerReport(first, ServerReport.ofCheck(false), cluster.now);
            cluster.send(owner, client, VIP, SYN);
            assertThat(cluster.ilb(owner).held(client, VIP))
                    .isPresent()
                    .hasValueSatisfying(server -> assertThat(server).isNotEqualTo(first.endpoint()));
        }
    }

    @Test
    void clientGetsItsLastServerAgain() {
        ServiceConfig service = service(SchedulerKind.ROUND_ROBIN, 3);
        SelectionPolicy byMaster = service.selection();
        TestCluster sticky = new TestCluster(new Settings()
                .services(service.withSelection(new SelectionPolicy(
                        byMaster.authority(), byMaster.masterTimeoutNanos(), 800, 200, true, false, 800, Zones.NONE))));
        Endpoint first =
                sticky.send(0, "10.1.7.7:1000", VIP, SYN).getFirst().server().endpoint();
        for (int i = 1; i < 30; i++) {
            sticky.send(i % 3, client(i), VIP, SYN);
            assertThat(sticky.send(i % 3, "10.1.7.7:" + (1_000 + i), VIP, SYN))
                    .extracting(syn -> syn.server().endpoint())
                    .containsExactly(first);
        }
        // It is known to owners that have asked for it, so a new master hears of it with their requests.
        sticky.kill(master);
        sticky.advanceMillis(1_000);
        for (int i = 0; i < 10; i++) {
            assertThat(sticky.send((master + 1) % 3, "10.1.7.7:" + (2_000 + i), VIP, SYN))
                    .extracting(syn -> syn.server().endpoint())
                    .containsExactly(first);
        }
        // While that takes new connections.
        for (TestCluster.Ilb ilb : sticky.ilbs) {
            for (Server server : ilb.engine.services().getFirst().servers()) {
                if (server.endpoint().equals(first)) {
                    ilb.engine.onServerReport(server, ServerReport.ofCheck(false), sticky.now);
                }
            }
        }
        assertThat(sticky.send((master + 1) % 3, "10.1.7.7:3000", VIP, SYN))
                .hasSize(1)
                .noneMatch(syn -> syn.server().endpoint().equals(first));
    }

    @Test
    void authorityChangesByReloadWhileSynsWait() {
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.REQUEST));
        String client = strangerToMaster(0);
        int owner = roles.owner(client, VIP);
        cluster.send(owner, client, VIP, SYN);
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            ilb.engine.reconfigure(List.of(Settings.service(VIP, 3)));
        }
        cluster.advanceMillis(TIMEOUT_MILLIS);

        assertThat(cluster.deliveries).hasSize(1);
        assertThat(cluster.send(owner, strangerToMaster(100), VIP, SYN)).hasSize(1);
        assertThat(count(owner, Counter.SELECTION_REQUESTS)).isEqualTo(1);
    }

    @Test
    void masterTimeoutChangesByReloadAlsoForSynsThatWait() {
        cluster.loses(datagram -> isSelection(datagram, SelectionMessage.Kind.REQUEST));
        String client = strangerToMaster(0);
        SelectionPolicy patient =
                new SelectionPolicy(Authority.MASTER, 300_000_000, 800, 200, false, false, 800, Zones.NONE);
        cluster.send(roles.owner(client, VIP), client, VIP, SYN);
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            ilb.engine.reconfigure(List.of(service(SchedulerKind.ROUND_ROBIN, 3).withSelection(patient)));
        }

        cluster.advanceMillis(TIMEOUT_MILLIS);
        assertThat(cluster.deliveries).isEmpty();
        cluster.advanceMillis(300);
        assertThat(cluster.deliveries).hasSize(1);
    }
}
