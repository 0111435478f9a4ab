package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** More SYNs than there is room for. */
@Tag("alone")
class SynFloodIT {
    private static final int CONNECTIONS = Integer.getInteger("ilbd.it.connections", 1_000);
    private static final int HALF_OPEN = 2_000;
    private static final int ILBS = 3;
    /** Each is at two of three ILBs, so this is ten times the room of each. */
    private static final int SYNS = 10 * HALF_OPEN * ILBS / 2;

    private static final int RATE = 10_000;

    @RegisterExtension
    final Lab lab = new Lab().compiledInFull();

    @Test
    void establishedConnectionsGoOnAndNewOnesStillGetThrough() {
        lab.up("--servers", "2");
        lab.startServers(2, 80);
        Hole hole = new Hole(lab, ILBS);
        List<Ilb> ilbs = lab.startIlbs(
                ILBS,
                Stream.concat(
                                Stream.of("--set", Lab.PATIENT, "--set", "ilb.connections.half-open = " + HALF_OPEN),
                                Hole.OPTIONS.stream())
                        .toArray(String[]::new));
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "long=" + CONNECTIONS, "short-rate=100");
        traffic.awaitOpen(CONNECTIONS);
        Traffic.Report before = traffic.report();

        hole.flood(SYNS, RATE);
        Traffic.Report during = traffic.report();

        List<Scrape> scrapes = ilbs.stream().map(Ilb::scrape).toList();
        assertThat(scrapes).allSatisfy(scrape -> {
            assertThat(scrape.value("ilbd_connection_states", "state=\"half_open\""))
                    .as("the flood fills its room and no more")
                    .isBetween(HALF_OPEN * 9 / 10L, (long) HALF_OPEN);
            assertThat(scrape.value("ilbd_stateless_syns_total")).isPositive();
            assertThat(scrape.value("ilbd_evictions_total", "table=\"owned\"")).isZero();
        });
        assertThat(during.get("short-done")).as(during.line()).isGreaterThan(before.get("short-done"));
        traffic.awaitRounds(2);
        Traffic.Report last = traffic.stop();
        System.out.println("flood of " + SYNS + " SYNs: " + last);
        assertThat(last.get("failed") + last.get("short-failed"))
                .as(last.line())
                .isZero();
        assertThat(last.get("checked")).as(last.line()).isEqualTo(last.get("sent"));
    }
}
