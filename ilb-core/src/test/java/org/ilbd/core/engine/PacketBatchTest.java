package org.ilbd.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ilbd.core.engine.TestCluster.ACK;
import static org.ilbd.core.engine.TestCluster.FIN_ACK;
import static org.ilbd.core.engine.TestCluster.SYN;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.ilbd.core.engine.TestCluster.Delivery;
import org.ilbd.core.packet.PacketBuilder;
import org.junit.jupiter.api.Test;

/** Packets that come together mean what they mean one by one. */
class PacketBatchTest {
    private static final String VIP = "10.9.0.1:80";

    private static byte[] packet(int client, int flags) {
        return PacketBuilder.from("10.1.0.2:" + (20_000 + client), VIP)
                .flags(flags)
                .tcp();
    }

    private static TestCluster cluster(int ilbs) {
        return TestCluster.of(ilbs);
    }

    private static List<String> serversOf(List<Delivery> deliveries) {
        return deliveries.stream().map(d -> d.server().endpoint().toString()).toList();
    }

    @Test
    void aConnectionMayBeginAndGoOnInOneBatch() {
        TestCluster cluster = cluster(1);

        List<Delivery> delivered = cluster.send(
                0, List.of(packet(1, SYN), packet(1, ACK), packet(2, SYN), packet(1, ACK), packet(2, ACK)));

        assertThat(delivered).hasSize(5);
        List<String> servers = serversOf(delivered);
        assertThat(servers.get(1)).isEqualTo(servers.get(0));
        assertThat(servers.get(3)).isEqualTo(servers.get(0));
        assertThat(servers.get(4)).isEqualTo(servers.get(2)).isNotEqualTo(servers.get(0));
        assertThat(cluster.ilb(0).engine.counters().get(Counter.ORPHANS)).isZero();
    }

    @Test
    void eachPacketOfABatchGoesToItsOwnConnectionsServer() {
        for (int ilbs : new int[] {1, 3}) {
            TestCluster cluster = cluster(ilbs);
            Map<String, String> opened = new HashMap<>();
            List<byte[]> packets = new ArrayList<>();
            for (int client = 0; client < PacketBatch.CAPACITY; client++) {
                String endpoint = "10.1.0.2:" + (20_000 + client);
                opened.put(endpoint, cluster.open(0, endpoint, VIP).endpoint().toString());
                packets.add(packet(client, client % 2 == 0 ? ACK : FIN_ACK));
            }

            List<Delivery> delivered = cluster.send(0, packets);

            assertThat(delivered).hasSize(PacketBatch.CAPACITY);
            for (Delivery delivery : delivered) {
                String client = opened.keySet().stream()
                        .filter(delivery.tuple()::contains)
                        .findAny()
                        .orElseThrow();
                assertThat(delivery.server().endpoint().toString()).isEqualTo(opened.get(client));
            }
            cluster.ilbs.forEach(ilb -> ilb.engine.owned().checkConsistency());
        }
    }

    @Test
    void aPacketThatMeetsADefectCostsNoLaterBatch() {
        TestCluster cluster = cluster(1);
        List<byte[]> packets = IntStream.range(0, PacketBatch.CAPACITY)
                .mapToObj(client -> packet(client, SYN))
                .toList();
        cluster.ilb(0).defective = true;
        assertThatThrownBy(() -> cluster.send(0, packets)).hasMessage("a defect");

        List<Delivery> delivered = cluster.send(0, packets);

        assertThat(delivered)
                .extracting(Delivery::tuple)
                .doesNotHaveDuplicates()
                .hasSize(PacketBatch.CAPACITY);
        cluster.ilb(0).engine.owned().checkConsistency();
    }

    @Test
    void whatIsNoPacketOfAServiceHoldsUpNobody() {
        TestCluster cluster = cluster(1);
        byte[] cut = new byte[] {0x45, 0};

        List<Delivery> delivered = cluster.send(0, List.of(packet(1, SYN), cut, packet(1, ACK)));

        assertThat(delivered).hasSize(2);
        assertThat(cluster.ilb(0).engine.counters().dropped(DropReason.TRUNCATED))
                .isEqualTo(1);
    }
}
