package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One event in clusters of other kinds, and what two events at once may cost. */
@Tag("alone")
class ChaosVariantsIT {
    @RegisterExtension
    static final StandingCluster CLUSTER = new StandingCluster();

    @ParameterizedTest
    @CsvSource({"6, direct, REJOIN", "6, direct, TERMINATE", "4, nat, REJOIN", "4, nat, TERMINATE"})
    void breaksNothing(String family, String forwarding, ChaosEvent event) throws IOException {
        ChaosCluster cluster = CLUSTER.of(new ChaosCluster.Shape(family, forwarding, "round-robin", ChaosCluster.ILBS));
        cluster.run(event + ", IPv" + family + " " + forwarding, random -> event.happen(cluster, random));
    }

    /**
     * Of the connections that only the two knew, {@code orphan = hash} saves those of {@code maglev}, as long as the servers do not change. Of
     * another scheduler's it saves one here and there.
     */
    @ParameterizedTest
    @ValueSource(strings = {"maglev", "round-robin"})
    void twoKillsAtOnceBreakOnlyWhatTheTwoHeld(String scheduler) throws IOException {
        ChaosCluster cluster = CLUSTER.of(new ChaosCluster.Shape("4", "direct", scheduler, ChaosCluster.ILBS));
        cluster.runWithLoss("KILL of two at once, " + scheduler, random -> {
            List<Integer> numbers = cluster.numbers();
            Collections.shuffle(numbers, random);
            Set<Integer> held = heldBy(cluster, Set.of(numbers.get(0), numbers.get(1)));
            cluster.kill(numbers.get(0), numbers.get(1));
            cluster.awaitStable();
            List<Integer> broken = cluster.awaitRest();
            System.out.println("chaos: only the two held " + held.size() + " of " + ChaosCluster.CONNECTIONS
                    + ", of which " + broken.size() + " have broken");
            assertThat(held).hasSizeBetween(ChaosCluster.CONNECTIONS / 4, ChaosCluster.CONNECTIONS / 2);
            assertThat(held).containsAll(broken);
            if (scheduler.equals("maglev")) {
                assertThat(broken).isEmpty();
            }
        });
    }

    /** The client's ports of the connections that these two ILBs, and no other, hold. */
    private static Set<Integer> heldBy(ChaosCluster cluster, Set<Integer> two) {
        View view = new View(
                OwnershipMode.CRC32_MIXED,
                0,
                cluster.numbers().stream()
                        .map(number -> IlbId.parse("10.2.0." + (10 + number)))
                        .toList());
        Set<IlbId> ids = two.stream()
                .map(number -> IlbId.parse("10.2.0." + (10 + number)))
                .collect(Collectors.toSet());
        long client = IpAddress.parse("10.1.0.2").low();
        Endpoint vip = Endpoint.parse("10.9.0.1:80");
        FourTuple tuple = new FourTuple();
        Set<Integer> held = new HashSet<>();
        for (int port : cluster.traffic().ports()) {
            tuple.set(false, 0, client, port, 0, vip.address().low(), vip.port());
            long rank = view.rank(tuple);
            if (ids.contains(view.member(View.owner(rank))) && ids.contains(view.member(View.backup(rank)))) {
                held.add(port);
            }
        }
        return held;
    }
}
