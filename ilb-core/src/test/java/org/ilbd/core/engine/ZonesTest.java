package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ilbd.core.engine.OpenConnections.VIP;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.IpPrefix;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code prefer-zone}: which servers are near, and when a connection goes further. */
class ZonesTest {
    private static final int A = Zones.number("a");
    private static final int B = Zones.number("b");
    private static final List<Zones.Client> CLIENTS = List.of(
            new Zones.Client(IpPrefix.parse("10.1.0.0/16"), A),
            new Zones.Client(IpPrefix.parse("10.1.64.0/18"), B),
            new Zones.Client(IpPrefix.parse("10.2.0.0/16"), Zones.number("without servers")));

    /** Servers 0 and 1 are in zone a, 2 and 3 in b, 4 in none; the ILBs are in b. */
    private static TestCluster cluster(Authority authority, SchedulerKind scheduler) {
        return new TestCluster(new Settings().services(service(authority, scheduler, 800, CLIENTS)));
    }

    private static ServiceConfig service(
            Authority authority, SchedulerKind scheduler, int loadLimit, List<Zones.Client> clients) {
        ServiceConfig plain = Settings.service(VIP, 5);
        List<ServerConfig> servers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int zone = i < 2 ? A : i < 4 ? B : Zones.NOWHERE;
            servers.add(new ServerConfig(plain.servers().get(i).endpoint(), 1, 0, false, zone));
        }
        SelectionPolicy policy =
                new SelectionPolicy(authority, 50_000_000, 800, 200, false, true, loadLimit, new Zones(B, clients));
        return new ServiceConfig(plain.name(), plain.vip(), plain.forwarding(), scheduler, plain.orphan(), servers)
                .withSelection(policy);
    }

    /** How many of 40 connections of a network's clients each server gets, by the last digit of its address. */
    private static Map<Integer, Integer> share(TestCluster cluster, String network) {
        Map<Integer, Integer> counts = new TreeMap<>();
        for (int i = 0; i < 40; i++) {
            cluster.send(i % 3, network + (1 + i) + ":" + (30_000 + i), VIP, SYN)
                    .forEach(syn -> counts.merge(number(syn.server()), 1, Integer::sum));
        }
        return counts;
    }

    private static int number(Server server) {
        return (int) server.endpoint().address().low() % 256 - 100;
    }

    private static void report(TestCluster cluster, int number, ServerReport report) {
        for (TestCluster.Ilb ilb : cluster.ilbs) {
            for (Server server : ilb.engine.services().getFirst().servers()) {
                if (number(server) == number) {
                    ilb.engine.onServerReport(server, report, cluster.now);
                }
            }
        }
    }

    private static ServerReport load(int perMille) {
        return new ServerReport(
                ServerReport.Source.AGENT,
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.of(perMille));
    }

    @ParameterizedTest
    @EnumSource(Authority.class)
    void clientsZoneComesFirst(Authority authority) {
        TestCluster cluster = cluster(authority, SchedulerKind.ROUND_ROBIN);
        assertThat(share(cluster, "10.1.0.")).containsOnlyKeys(0, 1);
        assertThat(share(cluster, "10.1.64.")).containsOnlyKeys(2, 3);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "INTAKE")
    void anySchedulerSelectsWithinAZone(SchedulerKind scheduler) {
        TestCluster cluster = cluster(Authority.MASTER, scheduler);
        Map<Integer, Integer> share = share(cluster, "10.1.0.");
        assertThat(share).containsOnlyKeys(0, 1);
        assertThat(share.values()).allMatch(count -> count >= 5);
    }

    @Test
    void anIntakeIsOneForAllZones() {
        TestCluster cluster = cluster(Authority.OWNER, SchedulerKind.INTAKE);
        Map<Integer, Integer> near = share(cluster, "10.1.0.");
        assertThat(near).hasSize(1).containsExactlyEntriesOf(share(cluster, "10.1.64."));
    }

    @Test
    void ilbsZoneComesNextAndThenAnyServer() {
        TestCluster cluster = cluster(Authority.MASTER, SchedulerKind.ROUND_ROBIN);
        assertThat(share(cluster, "10.2.0.")).containsOnlyKeys(2, 3);
        assertThat(share(cluster, "10.3.0.")).containsOnlyKeys(2, 3);
        report(cluster, 2, ServerReport.ofCheck(false));
        report(cluster, 3, ServerReport.ofCheck(false));
        cluster.advanceMillis(200);
        assertThat(share(cluster, "10.4.0.")).containsOnlyKeys(0, 1, 4);
        assertThat(share(cluster, "10.1.65.")).containsOnlyKeys(0, 1, 4);
    }

    @Test
    void loadedServersArePassedOver() {
        TestCluster cluster = cluster(Authority.MASTER, SchedulerKind.ROUND_ROBIN);
        report(cluster, 0, load(800));
        cluster.advanceMillis(20);
        assertThat(share(cluster, "10.1.0.")).containsOnlyKeys(1);
        report(cluster, 1, load(999));
        cluster.advanceMillis(20);
        assertThat(share(cluster, "10.1.1.")).containsOnlyKeys(2, 3);
        report(cluster, 0, load(799));
        cluster.advanceMillis(20);
        assertThat(share(cluster, "10.1.2.")).containsOnlyKeys(0);
    }

    @Test
    void loadLimitAndPrefixesChangeByReload() {
        TestCluster cluster = cluster(Authority.MASTER, SchedulerKind.ROUND_ROBIN);
        report(cluster, 0, load(500));
        cluster.advanceMillis(20);
        assertThat(share(cluster, "10.1.0.")).containsOnlyKeys(0, 1);

        reload(cluster, service(Authority.MASTER, SchedulerKind.ROUND_ROBIN, 500, CLIENTS));
        assertThat(share(cluster, "10.1.1.")).containsOnlyKeys(1);

        List<Zones.Client> moved = List.of(new Zones.Client(IpPrefix.parse("10.1.0.0/16"), B));
        reload(cluster, service(Authority.MASTER, SchedulerKind.ROUND_ROBIN, 500, moved));
        assertThat(share(cluster, "10.1.2.")).containsOnlyKeys(2, 3);
    }

    private static void reload(TestCluster cluster, ServiceConfig service) {
        cluster.ilbs.forEach(ilb -> ilb.engine.reconfigure(List.of(service)));
    }

    @Test
    void tableFindsTheLongestPrefix() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            List<Zones.Client> clients = new ArrayList<>();
            for (int i = random.nextInt(20); i > 0; i--) {
                clients.add(new Zones.Client(randomPrefix(random), 1 + random.nextInt(5)));
            }
            ZoneTable table = new ZoneTable(clients);
            for (int i = 0; i < 200; i++) {
                IpAddress address = randomAddress(random);
                assertThat(table.zoneOf(address.ipv6(), address.high(), address.low()))
                        .as("%s in %s, seed %d", address, clients, seed)
                        .isEqualTo(byWalk(clients, address));
            }
        }
    }

    /** Few bits differ, so that prefixes and addresses meet. */
    private static IpAddress randomAddress(Random random) {
        boolean ipv6 = random.nextBoolean();
        return new IpAddress(
                ipv6,
                ipv6 ? (long) random.nextInt(4) << 62 | random.nextInt(4) : 0,
                ipv6
                        ? (long) random.nextInt(4) << 62 | random.nextInt(4)
                        : (long) random.nextInt(8) << 29 | random.nextInt(4));
    }

    private static IpPrefix randomPrefix(Random random) {
        IpAddress address = randomAddress(random);
        int bits = address.ipv6() ? 128 : 32;
        int length = random.nextInt(bits + 1);
        long high = address.high();
        long low = address.low();
        for (int i = length; i < bits; i++) {
            int at = bits - 1 - i;
            high &= at >= 64 ? ~(1L << (at - 64)) : -1L;
            low &= at < 64 ? ~(1L << at) : -1L;
        }
        return new IpPrefix(new IpAddress(address.ipv6(), high, low), length);
    }

    private static int byWalk(List<Zones.Client> clients, IpAddress address) {
        int longest = -1;
        int zone = Zones.NOWHERE;
        for (Zones.Client client : clients) {
            IpPrefix prefix = client.prefix();
            boolean in = prefix.address().ipv6() == address.ipv6();
            for (int i = 0; in && i < prefix.length(); i++) {
                in = IpPrefix.bit(address.ipv6(), address.high(), address.low(), i)
                        == IpPrefix.bit(
                                address.ipv6(),
                                prefix.address().high(),
                                prefix.address().low(),
                                i);
            }
            if (in && prefix.length() >= longest) {
                longest = prefix.length();
                zone = client.zone();
            }
        }
        return zone;
    }

    @Test
    void prefixesAreReadStrictly() {
        assertThat(IpPrefix.parse("10.1.0.0/16")).hasToString("10.1.0.0/16");
        assertThat(IpPrefix.parse("fd00:1::/32")).hasToString("fd00:1::/32");
        for (String wrong :
                List.of("10.1.0.0", "10.1.0.1/16", "10.1.0.0/33", "fd00::/129", "10.1.0.0/-1", "/8", "a/8")) {
            assertThatThrownBy(() -> IpPrefix.parse(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
