package org.ilbd.core.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Server;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.protocol.ForwardHeader;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.MessageType;
import org.junit.jupiter.api.Test;

/** Hosts that do what they must not, to show that each check finds it. */
class CheckerTest {
    private static final int ILBS = 3;
    private static final Set<EventKind> NOTHING = EnumSet.noneOf(EventKind.class);

    @Test
    void packetAtTheWrongServerIsFound() {
        assertThat(firstViolation(Misdelivers::new, NOTHING).invariant()).isEqualTo(1);
    }

    @Test
    void packetThatNeverArrivesIsFound() {
        Violation violation = firstViolation(Swallows::new, NOTHING);

        assertThat(violation.invariant()).isEqualTo(1);
        assertThat(violation.what()).contains("stuck");
    }

    @Test
    void synThatDoesNotGoThroughTheBackupIsFound() {
        assertThat(firstViolation(SkipsTheBackup::new, NOTHING).invariant()).isEqualTo(2);
    }

    @Test
    void newcomerThatIsNeverToldIsFound() {
        assertThat(firstViolation(IgnoresNewcomers::new, EnumSet.of(EventKind.JOIN))
                        .invariant())
                .isIn(3, 5);
    }

    @Test
    void explanationIsShorterAndFailsInTheSameWay() {
        Simulator simulator = new Simulator(IgnoresNewcomers::new);
        for (long seed = 1; seed <= 1_000; seed++) {
            Schedule schedule = Schedule.random(
                    seed, ILBS, EnumSet.of(EventKind.JOIN, EventKind.RESHUFFLE, EventKind.SYN_BURST), false);
            if (schedule.events().size() == 4
                    && !simulator.run(schedule).isGood()
                    && simulator.run(schedule.with(List.of())).isGood()) {
                Simulator.Explanation explanation = simulator.explain(schedule);
                assertThat(explanation.shortest().events())
                        .hasSize(1)
                        .allMatch(event -> event.kind() == EventKind.JOIN && !event.hasCompanion());
                assertThat(explanation.violations()).isNotEmpty();
                assertThat(explanation.lines()).anyMatch(line -> line.contains("EVENT join"));
                return;
            }
        }
        throw new AssertionError("no schedule of that kind");
    }

    private static Violation firstViolation(UnaryOperator<EngineOutput> tamper, Set<EventKind> kinds) {
        for (long seed = 1; seed <= 5; seed++) {
            Outcome outcome = new Simulator(tamper).run(Schedule.random(seed, ILBS, kinds, false));
            if (!outcome.isGood()) {
                return outcome.violations().get(0);
            }
        }
        throw new AssertionError("nothing was found");
    }

    /** Delivers the 50th packet with data to another server. */
    private static final class Misdelivers extends Relay {
        private int count;

        Misdelivers(EngineOutput host) {
            super(host);
        }

        @Override
        public void deliver(Packet packet, Server server) {
            List<Server> servers = server.service().servers();
            boolean wrong = packet.payloadLength() > 0 && ++count == 50;
            super.deliver(packet, wrong ? servers.get((servers.indexOf(server) + 1) % servers.size()) : server);
        }
    }

    /** Loses all packets of one client port once they carry data. */
    private static final class Swallows extends Relay {
        Swallows(EngineOutput host) {
            super(host);
        }

        @Override
        public void deliver(Packet packet, Server server) {
            if (packet.payloadLength() == 0 || packet.tuple().sourcePort() % 7 != 0) {
                super.deliver(packet, server);
            }
        }
    }

    /** Sends the backup everything but the SYNs, which it delivers itself. */
    private static final class SkipsTheBackup extends Relay {
        private final ForwardHeader header = new ForwardHeader();
        private final Packet packet = new Packet();

        SkipsTheBackup(EngineOutput host) {
            super(host);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            boolean forwards = MessageHeader.type(datagram, offset) == MessageType.FORWARD;
            if (forwards) {
                header.decode(datagram, offset, length);
            }
            if (forwards && header.hasAssociation()) {
                packet.parse(datagram, header.packetOffset(), header.packetLength());
                SimulatedIlb ilb = (SimulatedIlb) host;
                Server server = ilb.engine.held(packet.tuple());
                super.deliver(packet, java.util.Objects.requireNonNull(server));
            } else {
                super.send(peer, datagram, offset, length);
            }
        }
    }

    /** Opens no stream to an ILB that was not there from the start. */
    private static final class IgnoresNewcomers extends Relay {
        IgnoresNewcomers(EngineOutput host) {
            super(host);
        }

        @Override
        public boolean canTransfer(Endpoint peer) {
            return Cluster.place(peer) < ILBS && super.canTransfer(peer);
        }
    }
}
