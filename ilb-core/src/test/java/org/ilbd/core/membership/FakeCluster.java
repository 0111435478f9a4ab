package org.ilbd.core.membership;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.AssociationsMessage;
import org.ilbd.core.protocol.AssociationsWriter;
import org.ilbd.core.protocol.DecodeResult;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.MessageAuthenticator;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.MessageType;

/**
 * Some ILBs, as far as membership goes, on a network that loses, doubles, delays and reorders datagrams as one seed has it.
 * They send signed heartbeats and numbered broadcasts, and keep count of whether a broadcast can be missed unnoticed. Those
 * that are ACTIVE hand over, in as many ticks as the seed has it, to those that come and go.
 */
final class FakeCluster {
    static final long HEARTBEAT_MILLIS = 100;
    static final long TIMEOUT_MILLIS = 400;
    static final long TICK_MILLIS = 10;

    private static final byte[] KEY = "the key of the fake cluster".getBytes(StandardCharsets.US_ASCII);
    private static final Endpoint GROUP = Endpoint.parse("239.74.40.1:7440");

    private final Random random;
    private final boolean multicast;
    private final FakeClock clock = new FakeClock();
    private final long startNanos = clock.now();
    private final List<Node> nodes = new ArrayList<>();
    private final PriorityQueue<Datagram> network = new PriorityQueue<>();
    private final Set<Long> cuts = new HashSet<>();
    private final StringBuilder journal = new StringBuilder();
    private long datagrams;

    /** Set by the test. */
    double loss;

    double duplication;
    long maxDelayMillis = 2;
    /** In each tick, for each that is to be handed something. */
    double handOverProbability = 1;

    FakeCluster(Random random, int size, boolean multicast) {
        this.random = random;
        this.multicast = multicast;
        for (int i = 0; i < size; i++) {
            nodes.add(new Node(i));
        }
    }

    private record Datagram(long atMillis, long number, int from, int to, MemorySegment content)
            implements Comparable<Datagram> {
        @Override
        public int compareTo(Datagram other) {
            int byTime = Long.compare(atMillis, other.atMillis);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    List<Node> nodes() {
        return nodes;
    }

    /** Everything that happened. */
    String journal() {
        return journal.toString();
    }

    long millis() {
        return (clock.now() - startNanos) / FakeClock.MILLI;
    }

    void cut(int first, int second) {
        cuts.add(((long) first << 32) | second);
        cuts.add(((long) second << 32) | first);
    }

    void healAll() {
        cuts.clear();
    }

    void run(long millis) {
        for (long end = millis() + millis; millis() < end; ) {
            clock.advanceMillis(1);
            while (!network.isEmpty() && network.peek().atMillis <= millis()) {
                Datagram datagram = network.remove();
                nodes.get(datagram.to).arrive(datagram);
            }
            for (Node node : nodes) {
                // Each ILB ticks in its own phase.
                if (node.isRunning() && (millis() + node.index * 3L) % TICK_MILLIS == 0) {
                    node.tick();
                }
            }
        }
    }

    private void send(int from, MemorySegment content) {
        for (Node to : nodes) {
            boolean cut = cuts.contains(((long) from << 32) | to.index);
            if ((to.index == from && !multicast) || cut || random.nextDouble() < loss) {
                continue;
            }
            for (int copies = random.nextDouble() < duplication ? 2 : 1; copies > 0; copies--) {
                network.add(new Datagram(
                        millis() + 1 + random.nextLong(maxDelayMillis), datagrams++, from, to.index, content));
            }
        }
    }

    private static MemorySegment copyOf(MemorySegment segment) {
        return MemorySegment.ofArray(segment.toArray(ValueLayout.JAVA_BYTE));
    }

    /** One ILB; through restarts the same. */
    final class Node {
        final int index;
        final IlbId id;
        private final Endpoint endpoint;
        private final RecordingListener log = new RecordingListener();
        private final List<Datagram> waiting = new ArrayList<>();
        /** By tag: the last broadcast that was applied, while what was cached by it and before it is still valid. */
        private final Map<Integer, Integer> lastApplied = new HashMap<>();

        private final MemorySegment buffer = MemorySegment.ofArray(new byte[MessageHeader.MAX_DATAGRAM_BYTES]);
        private final AssociationsWriter writer = new AssociationsWriter(buffer, 0);
        private long incarnation = 100;
        private int sequence;
        private boolean alive;
        private boolean paused;
        Membership membership;
        private MessageAuthenticator authenticator;

        Node(int index) {
            this.index = index;
            this.id = IlbId.ofIndex(index);
            this.endpoint = Endpoint.parse("10.2.0." + (10 + index) + ":7440");
            this.membership = newMembership();
            this.authenticator = new MessageAuthenticator(List.of(KEY));
        }

        private Membership newMembership() {
            List<Endpoint> others = new ArrayList<>();
            for (int i = 0; i < 8 && !multicast; i++) {
                if (i != index) {
                    others.add(Endpoint.parse("10.2.0." + (10 + i) + ":7440"));
                }
            }
            return new Membership(
                    id,
                    incarnation,
                    HEARTBEAT_MILLIS * FakeClock.MILLI,
                    TIMEOUT_MILLIS * FakeClock.MILLI,
                    others,
                    multicast ? Optional.of(GROUP) : Optional.empty(),
                    new Ledger(),
                    clock.now());
        }

        boolean isAlive() {
            return alive;
        }

        boolean isRunning() {
            return alive && !paused;
        }

        void start() {
            journal.append(millis()).append(" start ").append(index).append('\n');
            incarnation++;
            sequence = 0;
            alive = true;
            paused = false;
            waiting.clear();
            lastApplied.clear();
            membership = newMembership();
            authenticator = new MessageAuthenticator(List.of(KEY));
        }

        void crash() {
            journal.append(millis()).append(" crash ").append(index).append('\n');
            alive = false;
        }

        void pause() {
            paused = true;
        }

        /** Goes on: first with what has piled up in the socket, as an event loop does. */
        void resume() {
            if (paused) {
                paused = false;
                List<Datagram> piledUp = List.copyOf(waiting);
                waiting.clear();
                piledUp.forEach(this::arrive);
            }
        }

        void leave() {
            membership.leave(clock.now());
        }

        void broadcast() {
            sequence++;
            writer.clear();
            sendSigned(writer.finishForAll(id.tag(), incarnation, sequence));
        }

        private void tick() {
            rejoinIfAway();
            membership.onTick(clock.now());
            handOver();
            if (membership.heartbeatDue(clock.now())) {
                membership.encodeIdMessage(buffer, 0, sequence, 0);
                sendSigned(IdMessage.finish(buffer, 0, IdMessage.UNKNOWN_LOAD));
                membership.heartbeatSent(clock.now());
            }
            write();
        }

        private void rejoinIfAway() {
            if (membership.noticeAbsence(clock.now()) && membership.selfState() == IlbState.ACTIVE) {
                incarnation++;
                membership.rejoin(incarnation, clock.now());
            }
        }

        /** What the transfer streams do: a message arrives, or is sent again when the stream is open again. */
        private void handOver() {
            for (Peer peer : List.copyOf(membership.peers())) {
                boolean wants = peer.state() == IlbState.JOINING || peer.state() == IlbState.LEAVING;
                if (membership.selfState() == IlbState.ACTIVE && wants && random.nextDouble() < handOverProbability) {
                    nodes.get((int) peer.id().low()).takeHandOver(this);
                }
            }
        }

        private void takeHandOver(Node from) {
            boolean cut = cuts.contains(((long) from.index << 32) | index);
            Peer peer = membership.peer(from.id.tag(), from.incarnation);
            if (isRunning() && !cut && peer != null) {
                membership.onHandedOver(peer, from.membership.viewDigest(), clock.now());
                write();
            }
        }

        private void write() {
            for (String event : log.take()) {
                journal.append(millis())
                        .append(' ')
                        .append(index)
                        .append(": ")
                        .append(event)
                        .append('\n');
            }
        }

        private void sendSigned(int length) {
            authenticator.sign(buffer, 0, length);
            send(index, copyOf(buffer.asSlice(0, length)));
        }

        private void arrive(Datagram datagram) {
            if (paused) {
                waiting.add(datagram);
            }
            if (!isRunning()) {
                return;
            }
            MemorySegment segment = copyOf(datagram.content);
            int length = (int) segment.byteSize();
            if (authenticator.verify(segment, 0, length) != MessageAuthenticator.Verdict.OK) {
                return;
            }
            rejoinIfAway();
            int tag = MessageHeader.senderTag(segment, 0);
            if (MessageHeader.type(segment, 0) == MessageType.ID) {
                arriveId(segment, length, nodes.get(datagram.from).endpoint);
            } else {
                AssociationsMessage message = new AssociationsMessage();
                require(message.decode(segment, 0, length) == DecodeResult.OK, "decodes");
                long sender = MessageHeader.incarnation(segment, 0);
                if (membership.onBroadcast(tag, sender, message.sequence())) {
                    Integer last = lastApplied.put(tag, message.sequence());
                    require(last == null || last + 1 == message.sequence(), "no gap goes unnoticed");
                }
            }
            write();
        }

        private void arriveId(MemorySegment segment, int length, Endpoint from) {
            IdMessage message = new IdMessage();
            require(message.decode(segment, 0, length) == DecodeResult.OK, "decodes");
            Reception reception =
                    membership.onIdMessage(message, false, 0, from.address().low(), from.port(), clock.now());
            Integer last = lastApplied.get(message.senderTag());
            if (reception == Reception.ACCEPTED && last != null) {
                require(last - message.broadcastSequence() >= 0, "the loss of the last broadcast is noticed");
            }
        }

        /** Whether nothing that this one has cached from another is behind what the other has sent. */
        boolean isUpToDateWith(Node other) {
            Integer last = lastApplied.get(other.id.tag());
            return last == null || last == other.sequence;
        }

        private void require(boolean condition, String what) {
            if (!condition) {
                throw new AssertionError("not true at " + millis() + " ms in " + index + ": " + what + "\n" + journal);
            }
        }

        /** Notes what is told, and forgets what was cached when it is to be forgotten. */
        private final class Ledger implements MembershipListener {
            @Override
            public void viewChanged(List<IlbId> activeIds) {
                log.viewChanged(activeIds);
            }

            @Override
            public void peerStateChanged(Peer peer, IlbState from, IlbState to) {
                log.peerStateChanged(peer, from, to);
            }

            @Override
            public void selfStateChanged(IlbState from, IlbState to) {
                log.selfStateChanged(from, to);
            }

            @Override
            public void peerRestarted(Peer peer, long oldIncarnation) {
                log.peerRestarted(peer, oldIncarnation);
            }

            @Override
            public void broadcastGap(Peer peer) {
                log.broadcastGap(peer);
                lastApplied.remove(peer.tag());
            }

            @Override
            public void wasAway(long awayNanos) {
                log.wasAway(awayNanos);
                lastApplied.clear();
            }

            @Override
            public void duplicateId(Endpoint source, long incarnation) {
                log.duplicateId(source, incarnation);
            }

            @Override
            public void viewsDiffer(Peer peer, boolean differ) {
                log.viewsDiffer(peer, differ);
            }
        }
    }
}
