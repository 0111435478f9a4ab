package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.engine.TestCluster.Ilb;
import org.ilbd.core.packet.Endpoint;

/** Connections that go on in a {@link TestCluster}, and the server that each must stay on. */
final class OpenConnections {
    static final String VIP = "10.9.0.1:80";

    /** Connections that are opened between two ticks. */
    private static final int ROUND = 50;

    private final TestCluster cluster;
    private final Map<String, Endpoint> servers = new LinkedHashMap<>();
    private int clients;

    OpenConnections(TestCluster cluster) {
        this.cluster = cluster;
    }

    /** Opens so many more, through one running ILB after the other; their clients. */
    List<String> open(int count) {
        List<String> opened = new ArrayList<>();
        List<Ilb> running = cluster.ilbs.stream().filter(Ilb::isRunning).toList();
        for (int i = 0; i < count; i++) {
            String client = client(clients++);
            int ilb = running.get(i % running.size()).index;
            List<Delivery> syn = cluster.send(ilb, client, VIP, TestCluster.SYN);
            assertThat(syn)
                    .as("deliveries of the SYN of %s through %d", client, ilb)
                    .hasSize(1);
            servers.put(client, syn.getFirst().server().endpoint());
            opened.add(client);
            assertServed(ilb, client);
            if (i % ROUND == ROUND - 1) {
                cluster.advanceMillis(10);
            }
        }
        cluster.advanceMillis(10);
        return opened;
    }

    static String client(int number) {
        return "10.1." + (number >> 14) + ".2:" + (20_000 + (number & 0x3fff));
    }

    Collection<String> clients() {
        return List.copyOf(servers.keySet());
    }

    Endpoint server(String client) {
        return Objects.requireNonNull(servers.get(client), client);
    }

    /** Ends one, by a FIN through that ILB; it is no more looked after. */
    void end(int ilb, String client) {
        cluster.send(ilb, client, VIP, TestCluster.FIN_ACK);
        servers.remove(client);
    }

    /** Looks after one that the test has opened itself. */
    void adopt(String client, Endpoint server) {
        servers.put(client, server);
    }

    /** A client uses the port of a connection that has ended again. */
    void reopen(int ilb, String client) {
        servers.put(client, cluster.open(ilb, client, VIP).endpoint());
    }

    /** Sends a packet of each through each running ILB: it arrives once, at its server. */
    void assertAllServed() {
        for (Ilb ilb : cluster.ilbs) {
            for (String client : ilb.isRunning() ? clients() : List.<String>of()) {
                assertServed(ilb.index, client);
            }
        }
    }

    void assertServed(int ilb, String client) {
        assertThat(cluster.send(ilb, client, VIP, TestCluster.ACK))
                .as("%s through %d", client, ilb)
                .extracting(Delivery::server)
                .extracting(Server::endpoint)
                .containsExactly(server(client));
    }

    /** Each is in the LTOC of its owner and of its backup in the view of those ILBs, with its server, and of nobody else. */
    void assertHeldBy(int... view) {
        Roles roles = Roles.among(view);
        for (String client : clients()) {
            assertThat(cluster.holders(client, VIP)).as(client).isEqualTo(roles.holders(client, VIP));
            for (int holder : roles.holders(client, VIP)) {
                assertThat(cluster.ilb(holder).held(client, VIP))
                        .as("%s at %d", client, holder)
                        .contains(server(client));
            }
        }
        int owned = 0;
        for (Ilb ilb : cluster.ilbs) {
            owned += ilb.isRunning() ? ilb.engine.ownedCount() : 0;
            ilb.engine.owned().checkConsistency();
            ilb.engine.cache().checkConsistency();
        }
        assertThat(owned).as("each has one owner").isEqualTo(servers.size());
    }

    /** How many packets the running ILBs gave away as nobody's since their start. */
    long orphans() {
        return cluster.ilbs.stream()
                .filter(Ilb::isRunning)
                .mapToLong(ilb -> ilb.engine.counters().get(Counter.ORPHANS))
                .sum();
    }

    /** Associations on one ILB only, as the running ones see it. */
    int underReplicated() {
        return cluster.ilbs.stream()
                .filter(Ilb::isRunning)
                .mapToInt(ilb -> ilb.engine.underReplicated())
                .sum();
    }
}
