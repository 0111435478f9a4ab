package org.ilbd.core.simulator;

import static org.ilbd.core.packet.TcpHeader.ACK;
import static org.ilbd.core.packet.TcpHeader.FIN;
import static org.ilbd.core.packet.TcpHeader.RST;
import static org.ilbd.core.packet.TcpHeader.SYN;

import java.nio.ByteBuffer;

/**
 * One end of a TCP connection (RFC 9293), as much of it as an ILB can be hurt by: handshake, data both ways with go-back-N,
 * retransmission with exponential back-off (RFC 6298), half-close, FIN both ways, reset, challenge ACK (RFC 5961). Offsets are
 * from the initial sequence number: the SYN is 0, the first byte of data 1, the FIN follows the last.
 */
final class TcpEndpoint {
    enum State {
        SYN_SENT,
        SYN_RECEIVED,
        ESTABLISHED,
        FIN_WAIT,
        CLOSE_WAIT,
        LAST_ACK,
        CLOSING,
        TIME_WAIT,
        CLOSED
    }

    /** Bytes of one unit of data, of which every word names its stream and its place. */
    static final int UNIT = 16;

    private static final int WINDOW_BYTES = 16 * UNIT;
    private static final int MAX_SEGMENT_BYTES = 4 * UNIT;
    private static final long INITIAL_SYN_TIMEOUT = EventQueue.SECOND;
    private static final long INITIAL_TIMEOUT = 200 * EventQueue.MILLISECOND;
    private static final long MAX_TIMEOUT = 2 * EventQueue.SECOND;

    /** The end's surroundings. */
    interface Host {
        void transmit(TcpEndpoint from, int flags, int sequence, int acknowledgment, byte[] payload);

        void connected(TcpEndpoint endpoint);

        /** There is more data than before, or the peer has sent its FIN. */
        void received(TcpEndpoint endpoint);

        /** Both directions are closed in an orderly way. */
        void closed(TcpEndpoint endpoint);

        void reset(TcpEndpoint endpoint);

        /** What arrived is not what was sent. */
        void wrongData(TcpEndpoint endpoint, String what);
    }

    final Conversation conversation;
    final boolean client;
    private final EventQueue queue;
    private final Host host;
    private final int initialSequence;

    State state;
    private int initialReceived;
    private long unacknowledged;
    private long next;
    private long highest;
    private long written;
    private boolean finishing;
    private long expected;
    private boolean peerFinished;
    private long timeout;
    private int timer;
    private boolean armed;

    TcpEndpoint(Conversation conversation, boolean client, int initialSequence, EventQueue queue, Host host) {
        this.conversation = conversation;
        this.client = client;
        this.initialSequence = initialSequence;
        this.queue = queue;
        this.host = host;
        this.state = client ? State.SYN_SENT : State.SYN_RECEIVED;
        this.timeout = INITIAL_SYN_TIMEOUT;
    }

    /** The client's first step. */
    void connect() {
        next = 1;
        highest = 1;
        transmitControl(SYN, 0);
        arm();
    }

    /** The server's first step. */
    void accept(Segment syn) {
        initialReceived = syn.sequence();
        expected = 1;
        next = 1;
        highest = 1;
        transmitControl(SYN | ACK, 0);
        arm();
    }

    /** Bytes of data that came from the peer, in order. */
    long received() {
        return expected - 1 - (peerFinished ? 1 : 0);
    }

    /** Bytes of data that the peer has acknowledged. */
    long acknowledged() {
        return Math.min(unacknowledged - 1, written);
    }

    long written() {
        return written;
    }

    boolean peerFinished() {
        return peerFinished;
    }

    boolean isOpen() {
        return state != State.CLOSED && state != State.TIME_WAIT;
    }

    boolean isSynchronised() {
        return state != State.SYN_SENT && state != State.SYN_RECEIVED;
    }

    /** Whether the segment is the SYN that made this end, once more. */
    boolean isMadeBy(Segment syn) {
        return syn.sequence() == initialReceived;
    }

    /** Whether a new SYN may take the place of this end, which is in TIME-WAIT (RFC 9293, 3.10.7.4; RFC 6191). */
    boolean givesWayTo(Segment syn) {
        return state == State.TIME_WAIT && offset(syn.sequence()) >= expected;
    }

    /** Sends that many bytes more, a multiple of {@link #UNIT}. */
    void write(int bytes) {
        written += bytes;
        pump();
    }

    /** Sends a FIN behind what was written. */
    void finish() {
        if (!finishing) {
            finishing = true;
            pump();
        }
    }

    /** Ends it at once. */
    void abort() {
        host.transmit(this, RST | ACK, initialSequence + (int) next, initialReceived + (int) expected, new byte[0]);
        end(State.CLOSED);
    }

    /** Forgets it without a word, as a host that goes down. */
    void vanish() {
        end(State.CLOSED);
    }

    private void end(State to) {
        state = to;
        timer++;
        armed = false;
    }

    private long finOffset() {
        return 1 + written;
    }

    private void pump() {
        if (!isSynchronised() || state == State.CLOSED || state == State.TIME_WAIT) {
            return;
        }
        while (next < finOffset() && next - unacknowledged < WINDOW_BYTES) {
            int length = (int) Math.min(MAX_SEGMENT_BYTES, finOffset() - next);
            host.transmit(this, ACK, initialSequence + (int) next, acknowledgment(), data(next - 1, length));
            next += length;
        }
        if (finishing && next == finOffset()) {
            host.transmit(this, FIN | ACK, initialSequence + (int) next, acknowledgment(), new byte[0]);
            next++;
            if (state == State.ESTABLISHED) {
                state = State.FIN_WAIT;
            } else if (state == State.CLOSE_WAIT) {
                state = State.LAST_ACK;
            }
        }
        highest = Math.max(highest, next);
        if (unacknowledged < next && !armed) {
            arm();
        }
    }

    private void arm() {
        armed = true;
        int mine = ++timer;
        queue.in(timeout, () -> {
            if (mine == timer && state != State.CLOSED) {
                timeOut();
            }
        });
    }

    private void timeOut() {
        timeout = Math.min(timeout * 2, MAX_TIMEOUT);
        armed = false;
        switch (state) {
            case SYN_SENT -> transmitControl(SYN, 0);
            case SYN_RECEIVED -> transmitControl(SYN | ACK, 0);
            default -> {
                next = unacknowledged;
                pump();
                return;
            }
        }
        arm();
    }

    private void transmitControl(int flags, long at) {
        host.transmit(this, flags, initialSequence + (int) at, (flags & ACK) == 0 ? 0 : acknowledgment(), new byte[0]);
    }

    private void acknowledge() {
        host.transmit(this, ACK, initialSequence + (int) next, acknowledgment(), new byte[0]);
    }

    private int acknowledgment() {
        return initialReceived + (int) expected;
    }

    private long offset(int sequence) {
        int difference = sequence - initialReceived;
        return difference;
    }

    void receive(Segment segment) {
        switch (state) {
            case SYN_SENT -> receiveInSynSent(segment);
            case CLOSED -> {}
            default -> receiveSynchronised(segment);
        }
    }

    private void receiveInSynSent(Segment segment) {
        if (segment.is(ACK) && segment.acknowledgment() - initialSequence != 1) {
            if (!segment.is(RST)) {
                host.transmit(this, RST, segment.acknowledgment(), 0, new byte[0]);
            }
        } else if (segment.is(RST)) {
            if (segment.is(ACK)) {
                end(State.CLOSED);
                host.reset(this);
            }
        } else if (segment.is(SYN) && segment.is(ACK)) {
            initialReceived = segment.sequence();
            expected = 1;
            established();
            acknowledge();
            host.connected(this);
            pump();
        }
    }

    private void established() {
        unacknowledged = 1;
        state = State.ESTABLISHED;
        timeout = INITIAL_TIMEOUT;
        timer++;
        armed = false;
    }

    private void receiveSynchronised(Segment segment) {
        if (segment.is(RST)) {
            long at = offset(segment.sequence());
            if (at == expected) {
                end(State.CLOSED);
                host.reset(this);
            } else if (at > expected && at < expected + WINDOW_BYTES) {
                acknowledge();
            }
            return;
        }
        if (segment.is(SYN)) {
            if (state == State.SYN_RECEIVED && isMadeBy(segment)) {
                transmitControl(SYN | ACK, 0);
            } else {
                acknowledge();
            }
            return;
        }
        if (!segment.is(ACK)) {
            return;
        }
        int acknowledges = segment.acknowledgment() - initialSequence;
        if (state == State.SYN_RECEIVED) {
            if (acknowledges < 1 || acknowledges > highest) {
                host.transmit(this, RST, segment.acknowledgment(), 0, new byte[0]);
                return;
            }
            established();
            host.connected(this);
        }
        if (acknowledges > highest) {
            acknowledge();
            return;
        }
        takeAcknowledgment(acknowledges);
        takeData(segment);
    }

    private void takeAcknowledgment(long acknowledges) {
        if (acknowledges > unacknowledged) {
            unacknowledged = acknowledges;
            next = Math.max(next, unacknowledged);
            timeout = INITIAL_TIMEOUT;
            timer++;
            armed = false;
            if (finishing && unacknowledged > finOffset()) {
                finAcknowledged();
            }
            pump();
        }
    }

    private void finAcknowledged() {
        if (state == State.LAST_ACK) {
            end(State.CLOSED);
            host.closed(this);
        } else if (state == State.CLOSING) {
            end(State.TIME_WAIT);
            host.closed(this);
        }
    }

    private void takeData(Segment segment) {
        long at = offset(segment.sequence());
        int length = segment.payload().length;
        boolean fin = segment.is(FIN);
        if (length == 0 && !fin) {
            return;
        }
        long before = expected;
        if (at <= expected && at + length > expected && !peerFinished) {
            checkData(segment, at);
            expected = at + length;
        }
        if (fin && at + length == expected && !peerFinished) {
            peerFinished = true;
            expected++;
        }
        if (state != State.CLOSED) {
            acknowledge();
        }
        if (expected > before) {
            if (peerFinished) {
                peerHasFinished();
            }
            host.received(this);
        }
    }

    private void peerHasFinished() {
        switch (state) {
            case ESTABLISHED -> state = State.CLOSE_WAIT;
            case FIN_WAIT -> {
                if (unacknowledged > finOffset()) {
                    end(State.TIME_WAIT);
                    host.closed(this);
                } else {
                    state = State.CLOSING;
                }
            }
            default -> {}
        }
    }

    private void checkData(Segment segment, long at) {
        byte[] right = data(at - 1, segment.payload().length, !client);
        if (!java.util.Arrays.equals(right, segment.payload())) {
            host.wrongData(this, "wrong bytes in " + segment);
        }
    }

    private byte[] data(long from, int length) {
        return data(from, length, client);
    }

    private byte[] data(long from, int length, boolean byClient) {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        for (int i = 0; i < length; i += UNIT) {
            buffer.putLong(conversation.key ^ (byClient ? 0 : -1)).putLong(from + i);
        }
        return buffer.array();
    }

    @Override
    public String toString() {
        return (client ? "client " : "server ") + state + " written=" + written + " acknowledged=" + acknowledged()
                + " received=" + received();
    }
}
