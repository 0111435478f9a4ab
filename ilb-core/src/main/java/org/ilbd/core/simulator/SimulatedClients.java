package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.TcpHeader;
import org.jspecify.annotations.Nullable;

/** All clients: they keep a number of connections open, and use the ports of those that ended again. */
final class SimulatedClients implements TcpEndpoint.Host {
    private static final long TIME_WAIT_NANOS = 3 * EventQueue.SECOND;
    private static final long ARRIVAL_NANOS = 30 * EventQueue.MILLISECOND;
    private static final int FIRST_PORT = 40_000;

    /** Longer than a crash is unnoticed by router and peers together, and the retransmission that comes after it. */
    private static final long STUCK_NANOS = 12 * EventQueue.SECOND;

    private final Simulation simulation;
    private final EventQueue queue;
    private final SplittableRandom random;
    private final int wanted;
    private final long idleNanos;
    private final boolean ipv6;
    private final Map<Integer, Conversation> conversations = new LinkedHashMap<>();
    private final Map<Endpoint, TcpEndpoint> endpoints = new LinkedHashMap<>();
    private int lastNumber;
    private int lastPort = FIRST_PORT;
    private int open;
    private boolean finishing;
    private @Nullable SimulatedServer answering;

    SimulatedClients(Simulation simulation, Schedule schedule, SplittableRandom random) {
        this.simulation = simulation;
        this.queue = simulation.queue();
        this.random = random;
        this.wanted = schedule.connections();
        this.ipv6 = schedule.ipv6();
        // A refresh that is lost leaves the owner a half of the timeout behind; the rest is for the next one.
        this.idleNanos = schedule.establishedTimeoutMillis() * EventQueue.MILLISECOND / 5 * 2;
    }

    void begin() {
        arrive();
        queue.in(EventQueue.SECOND, this::findStuck);
    }

    private void arrive() {
        if (!finishing) {
            if (open < wanted) {
                open(newClient(), false);
            }
            queue.in(random.nextLong(2 * ARRIVAL_NANOS), this::arrive);
        }
    }

    private Endpoint newClient() {
        lastPort++;
        return new Endpoint(address(lastPort % 7), lastPort);
    }

    /** An address that no client has, for SYNs from nowhere. */
    Endpoint stranger(int number) {
        return new Endpoint(address(100 + number % 50), 1_024 + number % 60_000);
    }

    private IpAddress address(int number) {
        return IpAddress.parse((ipv6 ? "2001:db8:1::" : "10.1.0.") + (1 + number));
    }

    private void open(Endpoint client, boolean again) {
        lastNumber++;
        Conversation conversation = new Conversation(lastNumber, client, simulation.vip(), random, idleNanos);
        conversations.put(lastNumber, conversation);
        // RFC 6528: a clock of 4 us and a constant for the 4-tuple, so that a port that is used again goes on behind
        // itself.
        int initial = (int) (queue.now() / 4_000) + client.hashCode() * 0x9E37_79B9;
        TcpEndpoint tcp = new TcpEndpoint(conversation, true, initial, queue, this);
        endpoints.put(client, tcp);
        open++;
        conversation.progressNanos = queue.now();
        conversation.openedNanos = queue.now();
        conversation.again = again;
        simulation.trace().line(lastNumber, () -> "client opens " + conversation);
        tcp.connect();
    }

    /** The connection with this number, if it is that client's. */
    @Nullable
    Conversation conversation(int number, Endpoint client) {
        Conversation conversation = conversations.get(number);
        return conversation != null && conversation.client.equals(client) ? conversation : null;
    }

    /** The connection with this number, or null. */
    @Nullable
    Conversation conversation(int number) {
        return conversations.get(number);
    }

    /** The number of the connection that a client has at that port; 0 if it has none. */
    int openAt(Endpoint client) {
        TcpEndpoint tcp = endpoints.get(client);
        return tcp == null ? 0 : tcp.conversation.number;
    }

    Iterable<Conversation> conversations() {
        return conversations.values();
    }

    int opened() {
        return lastNumber;
    }

    boolean allOver() {
        return open == 0;
    }

    /** Those that are not over, for people. */
    String open() {
        return endpoints.values().stream()
                .filter(tcp -> !tcp.conversation.over)
                .limit(3)
                .map(tcp -> tcp.conversation + " " + tcp)
                .toList()
                .toString();
    }

    /** Nobody opens anything any more, and what is open has one more exchange and then ends. */
    void finish() {
        finishing = true;
        for (TcpEndpoint tcp : new ArrayList<>(endpoints.values())) {
            Conversation conversation = tcp.conversation;
            if (!conversation.over && !conversation.finishNow) {
                conversation.finishNow = true;
                queue.in(random.nextLong(300 * EventQueue.MILLISECOND), () -> {
                    if (isIdle(tcp)) {
                        request(tcp);
                    }
                });
            }
        }
    }

    void receive(SimulatedServer.Answer answer) {
        Segment segment = answer.segment();
        TcpEndpoint tcp = endpoints.get(segment.destination());
        if (tcp == null) {
            if (!segment.is(TcpHeader.RST)) {
                simulation.toCluster(segment.reset());
            }
            return;
        }
        simulation.trace().line(tcp.conversation.number, () -> "client has from " + answer.server() + ": " + segment);
        answering = answer.server();
        tcp.receive(segment);
    }

    @Override
    public void transmit(TcpEndpoint from, int flags, int sequence, int acknowledgment, byte[] payload) {
        Conversation conversation = from.conversation;
        simulation.toCluster(new Segment(
                conversation.client, conversation.vip, flags, sequence, acknowledgment, payload, conversation.number));
    }

    @Override
    public void connected(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        conversation.established = true;
        conversation.server = answering;
        if (answering != null && !answering.isUp()) {
            // Its SYN-ACK was on the way when it went down.
            giveUp(tcp, answering);
            return;
        }
        conversation.progressNanos = queue.now();
        conversation.connectedNanos = queue.now();
        simulation.affinity().connected(conversation);
        if (conversation.finishNow) {
            request(tcp);
        } else {
            think(tcp);
        }
    }

    private void think(TcpEndpoint tcp) {
        queue.in(tcp.conversation.thinkNanos, () -> {
            if (isIdle(tcp) && !tcp.conversation.finishNow) {
                request(tcp);
            }
        });
    }

    /** Whether there is nothing that it waits for. */
    private static boolean isIdle(TcpEndpoint tcp) {
        return tcp.state == TcpEndpoint.State.ESTABLISHED
                && tcp.received() == tcp.written() * Conversation.ANSWER_FACTOR
                && !(tcp.conversation.ending == Conversation.Ending.SERVER_CLOSES && !tcp.conversation.wantsMore());
    }

    private void request(TcpEndpoint tcp) {
        tcp.conversation.progressNanos = queue.now();
        tcp.write(TcpEndpoint.UNIT);
    }

    @Override
    public void received(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        conversation.progressNanos = queue.now();
        if (tcp.peerFinished()) {
            tcp.finish();
        } else if (tcp.state == TcpEndpoint.State.ESTABLISHED
                && tcp.received() == tcp.written() * Conversation.ANSWER_FACTOR) {
            conversation.roundsDone++;
            goOn(tcp);
        }
    }

    private void goOn(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        if (conversation.ending == Conversation.Ending.SERVER_CLOSES) {
            if (conversation.wantsMore()) {
                if (conversation.finishNow) {
                    request(tcp);
                } else {
                    think(tcp);
                }
            }
        } else if (conversation.wantsMore() && !conversation.finishNow) {
            think(tcp);
        } else if (conversation.ending == Conversation.Ending.CLIENT_RESETS) {
            tcp.abort();
            over(tcp);
            endpoints.remove(conversation.client, tcp);
        } else {
            tcp.finish();
        }
    }

    @Override
    public void closed(TcpEndpoint tcp) {
        over(tcp);
        queue.in(TIME_WAIT_NANOS, () -> endpoints.remove(tcp.conversation.client, tcp));
    }

    private void over(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        if (conversation.over) {
            return;
        }
        conversation.over = true;
        open--;
        simulation.trace().line(conversation.number, () -> "client is done: " + conversation);
        if (!finishing && random.nextBoolean()) {
            // Who closes second, or by a RST, is in no TIME-WAIT (RFC 9293, 3.6.1) and may use its port at once.
            // Who closes first may not, but a NAT may give its port to another host.
            int how = random.nextInt(3);
            long delay = how == 0 ? 0 : random.nextLong(how == 1 ? 30 * EventQueue.MILLISECOND : 8 * EventQueue.SECOND);
            queue.in(delay, () -> reuse(conversation.client));
        }
    }

    private void reuse(Endpoint client) {
        TcpEndpoint there = endpoints.get(client);
        if (!finishing && (there == null || !there.isOpen())) {
            open(client, true);
        }
    }

    @Override
    public void reset(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        simulation.trace().line(conversation.number, () -> "client was sent a RST: " + conversation);
        endpoints.remove(conversation.client, tcp);
        if (!conversation.over) {
            if (conversation.excuse == null) {
                simulation.oracle().broken("a RST came to the client", conversation);
            }
            over(tcp);
        }
    }

    @Override
    public void wrongData(TcpEndpoint tcp, String what) {
        simulation.oracle().violation(1, "client: " + what, tcp.conversation);
    }

    /** Gives up what waits for a server that has gone, and reports what waits for no such reason. */
    private void findStuck() {
        List<TcpEndpoint> all = new ArrayList<>(endpoints.values());
        for (TcpEndpoint tcp : all) {
            Conversation conversation = tcp.conversation;
            if (conversation.over || isIdle(tcp)) {
                continue;
            }
            boolean stuck = queue.now() - conversation.progressNanos > STUCK_NANOS;
            if (stuck
                    && !conversation.established
                    && simulation.servers().wasAnyLimitedSince(conversation.openedNanos)) {
                conversation.excuse = "no server may have had room";
            }
            if (stuck && conversation.excuse == null) {
                simulation.oracle().broken("stuck: " + tcp, conversation);
            }
            if (stuck || (finishing && conversation.excuse != null && !tcp.isSynchronised())) {
                tcp.vanish();
                endpoints.remove(conversation.client, tcp);
                over(tcp);
            }
        }
        queue.in(EventQueue.SECOND, this::findStuck);
    }

    /** A server has gone, with all connections that it had or was about to have. */
    void serverWentDown(SimulatedServer server) {
        for (TcpEndpoint tcp : new ArrayList<>(endpoints.values())) {
            Conversation conversation = tcp.conversation;
            if (conversation.over || conversation.server != server) {
                continue;
            }
            giveUp(tcp, server);
        }
    }

    private void giveUp(TcpEndpoint tcp, SimulatedServer server) {
        tcp.conversation.excuse = server + " went down";
        tcp.vanish();
        endpoints.remove(tcp.conversation.client, tcp);
        over(tcp);
    }
}
