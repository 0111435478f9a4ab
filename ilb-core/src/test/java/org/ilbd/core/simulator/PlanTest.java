package org.ilbd.core.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.AssociationState;
import org.ilbd.core.protocol.AssociationsWriter;
import org.ilbd.core.protocol.MessageHeader;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static Plan.Line line(Plan plan, CacheFill fill) {
        return plan.lines().stream()
                .filter(line -> line.fill() == fill)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void memoryIsThatOfTheTables() {
        Plan plan = new Plan(2, 1_000_000, 0);

        OwnedConnections table = new OwnedConnections(Arena.ofAuto(), 1_000_000, 1, 1, 1, 1, 1, 2);
        assertThat(plan.held()).isEqualTo(1_000_000);
        // The index is a power of two: up to a third of an entry more or less.
        assertThat(line(plan, CacheFill.OFF).memoryBytes() / table.memoryBytes())
                .isCloseTo(1, within(0.2));
        assertThat(line(plan, CacheFill.BROADCAST).memoryBytes())
                .isEqualTo(line(plan, CacheFill.OFF).memoryBytes());
    }

    @Test
    void datagramHoldsAsManyRecordsAsItsWriterPutsThere() {
        AssociationsWriter writer =
                new AssociationsWriter(Arena.ofAuto().allocate(MessageHeader.MAX_DATAGRAM_BYTES, Long.BYTES), 0);
        FourTuple tuple = new FourTuple().set(false, 0, 1, 2, 0, 3, 4);
        while (writer.append(AssociationState.ESTABLISHED, false, tuple, 0, 5, 80, 0, 0)) {
            // Until it is full.
        }
        assertThat(Plan.recordsPerDatagram()).isEqualTo(writer.count());
    }

    @Test
    void trafficGrowsWithTheRateAndWithWhoIsTold() {
        Plan quiet = new Plan(8, 1_000_000, 0);
        Plan busy = new Plan(8, 1_000_000, 100_000);

        for (CacheFill fill : CacheFill.values()) {
            assertThat(line(busy, fill).bitsPerSecond())
                    .as(fill.text())
                    .isGreaterThan(10 * line(quiet, fill).bitsPerSecond());
        }
        assertThat(line(quiet, CacheFill.OFF).datagramsPerSecond())
                .as("ID messages: ten a second to each of seven, and what the start took")
                .isBetween(70.0, 90.0);
        Plan large = new Plan(64, 1_000_000, 100_000);
        assertThat(line(large, CacheFill.BROADCAST).bitsPerSecond())
                .as("each new connection is told to 63")
                .isGreaterThan(line(large, CacheFill.ON_DEMAND).bitsPerSecond());
        assertThat(line(busy, CacheFill.BROADCAST).cached()).isEqualTo(750_000);
        assertThat(line(busy, CacheFill.ON_DEMAND).cached()).isBetween(1.0, 749_999.0);
    }

    @Test
    void whatADeadIlbHeldIsSharedOut() {
        Plan plan = new Plan(5, 1_000_000, 1_000);

        assertThat(plan.held()).isEqualTo(400_000);
        assertThat(plan.resent()).isEqualTo(100_000);
        assertThat(plan.replicationSeconds()).isBetween(0.1, 1.0);
        assertThat(plan.toString()).contains("5 ILBs, 1,000,000 connections", "broadcast", "on-demand", "off");
    }

    @Test
    void planForOneIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Plan(1, 1, 1)).withMessageContaining("2 ILBs");
    }
}
