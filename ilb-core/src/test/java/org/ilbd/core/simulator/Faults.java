package org.ilbd.core.simulator;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.protocol.AssociationsMessage;
import org.ilbd.core.protocol.ForwardHeader;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.MessageType;

/** Hosts that do what no host must, one for each thing that the oracle is to find. */
final class Faults {
    /** ILBs of the schedules that these are for. */
    static final int ILBS = 3;

    private Faults() {}

    /** Delivers the 50th packet with data to another server. */
    static final class Misdelivers extends Relay {
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
    static final class Swallows extends Relay {
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
    static final class SkipsTheBackup extends Relay {
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
                Server server = ilb(host).engine.held(packet.tuple());
                super.deliver(packet, Objects.requireNonNull(server));
            } else {
                super.send(peer, datagram, offset, length);
            }
        }
    }

    /** Opens no stream to an ILB that was not there from the start. */
    static final class IgnoresNewcomers extends Relay {
        IgnoresNewcomers(EngineOutput host) {
            super(host);
        }

        @Override
        public boolean canTransfer(Endpoint peer) {
            return Cluster.place(peer) < ILBS && super.canTransfer(peer);
        }
    }

    /** Invariant 6: says nothing of any connection, but with its packets. */
    static final class AnnouncesNothing extends Relay {
        AnnouncesNothing(EngineOutput host) {
            super(host);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            if (MessageHeader.type(datagram, offset) != MessageType.ASSOCIATIONS) {
                super.send(peer, datagram, offset, length);
            }
        }
    }

    /** Invariant 3: a newcomer does not tell the first ILB that it is ACTIVE. */
    static final class KeepsItsStateToItself extends Relay {
        KeepsItsStateToItself(EngineOutput host) {
            super(host);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            boolean says = MessageHeader.type(datagram, offset) == MessageType.ID
                    && datagram.get(ValueLayout.JAVA_BYTE, offset + IdMessage.STATE_OFFSET) == IlbState.ACTIVE.code();
            if (!says || ilb(host).index < ILBS || Cluster.place(peer) != 0) {
                super.send(peer, datagram, offset, length);
            }
        }
    }

    /** Invariant 3: does not tell the last of the first ILBs who the intake is. */
    static final class KeepsTheIntakeToItself extends Relay {
        KeepsTheIntakeToItself(EngineOutput host) {
            super(host);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            if (MessageHeader.type(datagram, offset) != MessageType.INTAKE || Cluster.place(peer) != ILBS - 1) {
                super.send(peer, datagram, offset, length);
            }
        }
    }

    /** Invariant 4: sends some packets on to the next ILB, as if they had just come, instead of delivering them. */
    static final class PassesOn extends Relay {
        private static final ValueLayout.OfLong COUNTER =
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

        private final MemorySegment made = MemorySegment.ofArray(new long[1_024]);
        private long counter;

        PassesOn(EngineOutput host) {
            super(host);
        }

        @Override
        public void deliver(Packet packet, Server server) {
            if (packet.payloadLength() == 0 || packet.tuple().sourcePort() % 7 != 0) {
                super.deliver(packet, server);
                return;
            }
            SimulatedIlb ilb = ilb(host);
            Endpoint next = ilb.engine
                    .membership()
                    .peers()
                    .get(ilb.engine.membership().peers().size() - 1)
                    .endpoint();
            int tag = ilb.id.tag();
            int header =
                    ForwardHeader.encode(made, 0, tag, ilb.engine.membership().incarnation(), 1, tag, tag, false);
            MemorySegment.copy(packet.segment(), packet.offset(), made, header, packet.length());
            send(next, made, 0, header + packet.length());
        }

        /** Numbers what it makes and what the engine has made in one series. */
        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            counter++;
            datagram.set(COUNTER, offset + MessageHeader.COUNTER_OFFSET, counter);
            super.send(peer, datagram, offset, length);
        }
    }

    /** Invariant 5: no stream takes anything once there are clients. */
    static final class HandsNothingOver extends Relay {
        HandsNothingOver(EngineOutput host) {
            super(host);
        }

        @Override
        public boolean canTransfer(Endpoint peer) {
            return ilb(host).lastPacketNanos() == 0 && super.canTransfer(peer);
        }
    }

    /** Invariant 5: each frame of a stream arrives and is acknowledged, with nothing in it. */
    static final class SendsEmptyFrames extends Relay {
        SendsEmptyFrames(EngineOutput host) {
            super(host);
        }

        @Override
        public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
            if (MessageHeader.type(message, offset) == MessageType.ASSOCIATIONS) {
                message.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset + AssociationsMessage.COUNT_OFFSET, (short) 0);
                super.transfer(peer, message, offset, AssociationsMessage.RECORDS_OFFSET);
            } else {
                super.transfer(peer, message, offset, length);
            }
        }
    }

    /** Invariant 6: a SYN costs somebody's established association. */
    static final class EvictsTheEstablished extends Relay {
        private final ForwardHeader header = new ForwardHeader();
        private final Packet packet = new Packet();

        EvictsTheEstablished(EngineOutput host) {
            super(host);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            if (MessageHeader.type(datagram, offset) == MessageType.FORWARD) {
                header.decode(datagram, offset, length);
                packet.parse(datagram, header.packetOffset(), header.packetLength());
                if (packet.isSyn() && header.hasAssociation()) {
                    evict(ilb(host).engine.owned());
                }
            }
            super.send(peer, datagram, offset, length);
        }

        private static void evict(OwnedConnections table) {
            for (int slot = table.nextSlot(-1); slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
                if (table.state(slot) == ConnectionState.ESTABLISHED) {
                    table.remove(slot);
                    return;
                }
            }
        }
    }

    /** Invariant 6: an engine has more room than the schedule gives it, and uses it. */
    enum Table {
        HALF_OPEN,
        CACHE;

        private static final int SMALL = 10;
        private static final int LARGE = 1_000;

        /** One in which the room is not enough, which harms nobody. */
        Schedule crowded() {
            Schedule any = Schedule.random(1, ILBS, EnumSet.of(EventKind.SYN_BURST), false);
            return new Schedule(
                    any.seed(),
                    ILBS,
                    any.connections(),
                    false,
                    0,
                    0,
                    0,
                    false,
                    CacheFill.BROADCAST,
                    any.scheduler(),
                    any.authority(),
                    any.orphan(),
                    any.establishedTimeoutMillis(),
                    this == HALF_OPEN ? SMALL : LARGE,
                    this == CACHE ? SMALL : LARGE,
                    false,
                    any.allDown(),
                    any.fallback(),
                    any.events());
        }

        EngineConfig withMoreRoom(EngineConfig config) {
            return with(config, LARGE, LARGE, config.services());
        }
    }

    /** Where connections of a client belong together, the ILBs do not know it. */
    static EngineConfig withoutAffinity(EngineConfig config) {
        List<ServiceConfig> services = config.services().stream()
                .map(service -> new ServiceConfig(
                        service.name(),
                        service.vip(),
                        service.forwarding(),
                        service.scheduler(),
                        service.orphan(),
                        service.servers()))
                .toList();
        return with(config, config.halfOpen(), config.cacheCapacity(), services);
    }

    private static EngineConfig with(
            EngineConfig config, int halfOpen, int cacheCapacity, List<ServiceConfig> services) {
        return with(config, halfOpen, cacheCapacity, config.closingTimeoutMillis(), services);
    }

    /** Invariant 6: what has closed stays for hours. */
    static EngineConfig forgetsNothing(EngineConfig config) {
        return with(config, config.halfOpen(), config.cacheCapacity(), 3_600_000, config.services());
    }

    private static EngineConfig with(
            EngineConfig config,
            int halfOpen,
            int cacheCapacity,
            int closingTimeoutMillis,
            List<ServiceConfig> services) {
        return new EngineConfig(
                config.id(),
                config.incarnation(),
                config.ownership(),
                config.ownershipSeed(),
                config.bind(),
                config.peers(),
                config.multicast(),
                config.heartbeatIntervalNanos(),
                config.failureTimeoutNanos(),
                config.keys(),
                config.established(),
                halfOpen,
                config.clients(),
                config.halfOpenTimeoutMillis(),
                config.establishedTimeoutMillis(),
                closingTimeoutMillis,
                config.cacheFill(),
                cacheCapacity,
                config.cacheTimeoutMillis(),
                config.tableKey0(),
                config.tableKey1(),
                services);
    }

    /** Invariant 6: an entry is listed as if it had been used days later, and others behind it. */
    static final class TouchesInTheFuture extends Relay {
        private int count;

        TouchesInTheFuture(EngineOutput host) {
            super(host);
        }

        @Override
        public void deliver(Packet packet, Server server) {
            OwnedConnections table = ilb(host).engine.owned();
            int slot = table.nextSlot(-1);
            if (++count == 50 && slot != OwnedConnections.NONE) {
                table.touch(slot, 1 << 29);
            }
            super.deliver(packet, server);
        }
    }

    /** Each ILB forgets what it was told of the servers, and takes something else for true. */
    static final class Overrules extends Relay {
        private final ServerReport report;

        Overrules(EngineOutput host, ServerReport report) {
            super(host);
            this.report = report;
        }

        static ServerReport agent(Administration administration, OptionalInt load) {
            return new ServerReport(
                    ServerReport.Source.AGENT,
                    Optional.empty(),
                    Optional.of(administration),
                    OptionalInt.of(100),
                    OptionalInt.of(0),
                    load);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            super.send(peer, datagram, offset, length);
            if (MessageHeader.type(datagram, offset) == MessageType.ID) {
                SimulatedIlb ilb = ilb(host);
                for (Server server : ilb.engine.services().get(0).servers()) {
                    ilb.overrule(server, report);
                }
            }
        }
    }

    /** Delivers SYNs to the fallback, whatever else there is. */
    static EngineConfig withoutFallback(EngineConfig config) {
        List<ServiceConfig> services = config.services().stream()
                .map(service -> service.withServers(service.servers().stream()
                        .map(server -> new ServerConfig(server.endpoint(), server.weight()))
                        .toList()))
                .toList();
        return with(config, config.halfOpen(), config.cacheCapacity(), services);
    }

    /** Takes no server for available. */
    static EngineConfig withoutServers(EngineConfig config) {
        List<ServiceConfig> services = config.services().stream()
                .map(service -> service.withServers(service.servers().stream()
                        .map(server -> new ServerConfig(server.endpoint(), 0))
                        .toList()))
                .toList();
        return with(config, config.halfOpen(), config.cacheCapacity(), services);
    }

    /** Invariant 7: one datagram is lost, in the first of all runs. */
    static final class LosesOne extends Relay {
        private final AtomicInteger everyRun;

        LosesOne(EngineOutput host, AtomicInteger everyRun) {
            super(host);
            this.everyRun = everyRun;
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            if (everyRun.incrementAndGet() != 500) {
                super.send(peer, datagram, offset, length);
            }
        }
    }

    private static SimulatedIlb ilb(EngineOutput host) {
        return (SimulatedIlb) host;
    }
}
