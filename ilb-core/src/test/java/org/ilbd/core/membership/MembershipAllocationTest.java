package org.ilbd.core.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.protocol.Allocation;
import org.junit.jupiter.api.Test;

class MembershipAllocationTest {
    private final FakeClock clock = new FakeClock();
    private final Ilb b = new Ilb("10.2.0.12", "10.2.0.12:7440");
    private final Ilb c = new Ilb("10.2.0.13", "10.2.0.13:7440");
    private final Membership membership = new Membership(
            IlbId.parse("10.2.0.11"),
            1,
            100 * FakeClock.MILLI,
            400 * FakeClock.MILLI,
            List.of(b.endpoint, c.endpoint),
            Optional.empty(),
            new RecordingListener(),
            clock.now());

    @Test
    void ordinaryLifeAllocatesNothing() {
        b.sendTo(membership, clock);
        c.sendTo(membership, clock);
        b.handOverTo(membership, clock);
        c.handOverTo(membership, clock);
        assertThat(membership.activeIds()).hasSize(3);
        double bytes = Allocation.bytesPerRun(() -> {
            clock.advanceMillis(10);
            c.broadcastSequence++;
            membership.onBroadcast(c.id.tag(), c.incarnation, c.broadcastSequence);
            b.sendTo(membership, clock);
            c.sendTo(membership, clock);
            membership.onTick(clock.now());
        });

        assertThat(membership.activeIds()).hasSize(3);
        assertThat(bytes).isZero();
    }
}
