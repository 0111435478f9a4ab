package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.TcpHeader;

/** A server host: answers each request with twice as much, straight to the client. */
final class SimulatedServer implements TcpEndpoint.Host {
    private static final long TIME_WAIT_NANOS = 10 * EventQueue.SECOND;

    final Endpoint endpoint;
    private final Simulation simulation;
    private final Map<FourTuple, TcpEndpoint> endpoints = new LinkedHashMap<>();
    private boolean up = true;
    private long changedNanos = Long.MIN_VALUE / 2;
    private boolean drained;
    private int weightPercent = 100;
    private int limit;

    SimulatedServer(Endpoint endpoint, Simulation simulation) {
        this.endpoint = endpoint;
        this.simulation = simulation;
    }

    /** Its agent says from now on that it is to drain, or is not. */
    void drain(boolean isDrained) {
        drained = isDrained;
        changed();
    }

    /** Its agent says from now on that its share is so many percent, 1 or more. */
    void weigh(int percent) {
        weightPercent = percent;
    }

    /** Its agent says from now on that it takes so many connections at a time; 0 for as many as there are. */
    void limit(int connections) {
        limit = connections;
        changed();
    }

    boolean isDrained() {
        return drained;
    }

    int limit() {
        return limit;
    }

    /** What its agent answers when it is asked, with a load if it is to have one. */
    ServerReport report(OptionalInt load) {
        return new ServerReport(
                ServerReport.Source.AGENT,
                Optional.empty(),
                Optional.of(drained ? Administration.DRAIN : Administration.READY),
                OptionalInt.of(weightPercent),
                OptionalInt.of(limit),
                load);
    }

    /** It has gone down or come up, was added or removed, or another part of the connections is for it. */
    void changed() {
        changedNanos = simulation.queue().now();
    }

    /** When that was, last. */
    long changedNanos() {
        return changedNanos;
    }

    boolean isUp() {
        return up;
    }

    /** Whether it has accepted a connection by this very SYN. */
    boolean hasSeen(Segment syn) {
        TcpEndpoint tcp = endpoints.get(syn.tuple());
        return tcp != null && tcp.isMadeBy(syn);
    }

    void goDown() {
        up = false;
        List<TcpEndpoint> all = new ArrayList<>(endpoints.values());
        endpoints.clear();
        for (TcpEndpoint tcp : all) {
            tcp.vanish();
        }
    }

    void comeUp() {
        up = true;
    }

    void receive(Segment segment) {
        if (!up) {
            return;
        }
        FourTuple tuple = segment.tuple();
        TcpEndpoint tcp = endpoints.get(tuple);
        if (segment.isSyn() && (tcp == null || tcp.givesWayTo(segment))) {
            if (tcp != null) {
                tcp.vanish();
            }
            accept(segment, tuple);
        } else if (tcp != null) {
            tcp.receive(segment);
            if (tcp.state == TcpEndpoint.State.CLOSED) {
                endpoints.remove(tuple, tcp);
            }
        } else if (!segment.is(TcpHeader.RST)) {
            simulation
                    .trace()
                    .line(segment.connection(), () -> "server " + endpoint + " knows no such connection: RST");
            simulation.toClient(new Answer(segment.reset(), this));
        }
    }

    private void accept(Segment segment, FourTuple tuple) {
        Conversation conversation = simulation.clients().conversation(segment.connection(), segment.source());
        if (conversation == null) {
            // A SYN from nowhere: nobody waits for the answer.
            return;
        }
        int initial = (int) simulation.random().nextLong();
        TcpEndpoint accepted = new TcpEndpoint(conversation, false, initial, simulation.queue(), this);
        endpoints.put(tuple, accepted);
        accepted.accept(segment);
    }

    @Override
    public void transmit(TcpEndpoint from, int flags, int sequence, int acknowledgment, byte[] payload) {
        Conversation conversation = from.conversation;
        simulation.toClient(new Answer(
                new Segment(
                        conversation.vip,
                        conversation.client,
                        flags,
                        sequence,
                        acknowledgment,
                        payload,
                        conversation.number),
                this));
    }

    /** A segment on its way to a client, and who sent it. */
    record Answer(Segment segment, SimulatedServer server) {}

    @Override
    public void connected(TcpEndpoint endpoint) {}

    @Override
    public void received(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        long owed = tcp.received() * Conversation.ANSWER_FACTOR - tcp.written();
        if (owed > 0) {
            tcp.write((int) owed);
        }
        if (conversation.ending == Conversation.Ending.SERVER_CLOSES
                && tcp.received() == (long) conversation.rounds * TcpEndpoint.UNIT) {
            tcp.finish();
        }
        if (tcp.peerFinished()) {
            if (conversation.ending == Conversation.Ending.HALF_CLOSE) {
                goOn(tcp);
            } else {
                tcp.finish();
            }
        }
    }

    private void goOn(TcpEndpoint tcp) {
        Conversation conversation = tcp.conversation;
        if (!tcp.isOpen()) {
            return;
        }
        if (conversation.tailDone == conversation.tailUnits || conversation.finishNow) {
            tcp.finish();
            return;
        }
        conversation.tailDone++;
        tcp.write(TcpEndpoint.UNIT);
        simulation.queue().in(conversation.tailGapNanos, () -> goOn(tcp));
    }

    @Override
    public void closed(TcpEndpoint tcp) {
        if (tcp.state == TcpEndpoint.State.TIME_WAIT) {
            simulation.queue().in(TIME_WAIT_NANOS, () -> forget(tcp));
        } else {
            forget(tcp);
        }
    }

    private void forget(TcpEndpoint tcp) {
        tcp.vanish();
        endpoints.remove(tcp.conversation.tuple, tcp);
    }

    @Override
    public void reset(TcpEndpoint tcp) {
        forget(tcp);
        simulation.trace().line(tcp.conversation.number, () -> "server " + endpoint + " was sent a RST");
        simulation.oracle().serverReset(this, tcp.conversation);
    }

    @Override
    public void wrongData(TcpEndpoint tcp, String what) {
        simulation.oracle().violation(1, "server " + endpoint + ": " + what, tcp.conversation);
    }

    @Override
    public String toString() {
        return endpoint.address().toString();
    }
}
