package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A router that changes its mind about which ILB gets which packet, while data flows. */
class EcmpIT {
    private static final int CONNECTIONS = 500;
    private static final int ILBS = 3;
    private static final int SERVERS = 3;

    /** Another order moves connections between ILBs as subsets do; at the end all of them again. */
    private static final List<List<String>> CHOICES = List.of(
            List.of("ilb3", "ilb1", "ilb2"), List.of("ilb2"), List.of("ilb3", "ilb1"), List.of("ilb2", "ilb3", "ilb1"));

    /** What two cores can do with all the connections of two families. */
    private static final String INTERVAL = "interval=600";

    @RegisterExtension
    final Lab lab = new Lab();

    /** {@link ChaosIT} does it with {@code direct} and caches. */
    @ParameterizedTest
    @CsvSource({"direct, off", "nat, broadcast"})
    void changesOfTheRoutersChoiceBreakNoConnectionOfEitherFamily(String forwarding, String cache) {
        boolean nat = forwarding.equals("nat");
        int port = nat ? 8080 : 80;
        lab.up("--family", "both", "--forwarding", forwarding);
        lab.startServers(SERVERS, port);
        List<Ilb> ilbs = lab.startIlbs(
                ILBS,
                "--family",
                "both",
                "--forwarding",
                forwarding,
                "--cache",
                cache,
                // The Maglev table would find the right server for a packet whose connection nobody knows.
                "--scheduler",
                "round-robin",
                "--server-port",
                Integer.toString(port));
        List<Traffic> families = Stream.of("10.9.0.1:80", "[fd00:9::1]:80")
                .map(vip -> lab.startTraffic("target=" + vip, "long=" + CONNECTIONS, INTERVAL))
                .toList();
        families.forEach(traffic -> traffic.awaitOpen(CONNECTIONS));

        for (List<String> choice : CHOICES) {
            lab.ecmp(choice);
            if (nat) {
                // The way back is as free: any ILB turns the servers' addresses into the VIP.
                lab.gateways(SERVERS, choice);
            }
            families.forEach(traffic -> traffic.awaitRounds(2));
        }

        families.forEach(EcmpIT::assertWhole);
        assertThat(ilbs).allSatisfy(ilb -> {
            Scrape scrape = ilb.scrape();
            assertThat(scrape.value("ilbd_orphans_total")).isZero();
            // Each was asked for connections that it neither owns nor backs up.
            String answeredBy = cache.equals("off") ? "ilbd_forwarded_total" : "ilbd_served_cached_total";
            assertThat(scrape.value(answeredBy)).as(answeredBy).isGreaterThan(2 * CONNECTIONS);
            if (cache.equals("off")) {
                assertThat(scrape.value("ilbd_served_cached_total")).isZero();
            }
        });
    }

    private static void assertWhole(Traffic traffic) {
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
        assertThat(last.get("open")).as(last.line()).isEqualTo(CONNECTIONS);
        assertThat(last.get("waiting")).as(last.line()).isZero();
        assertThat(last.get("checked"))
                .as(last.line())
                .isEqualTo(last.get("sent"))
                .isPositive();
        for (int server = 1; server <= SERVERS; server++) {
            assertThat(last.get("long-server" + server)).as(last.line()).isPositive();
        }
    }
}
