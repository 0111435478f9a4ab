package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.protocol.AssociationsWriter;
import org.ilbd.core.protocol.TransferMessage;

/**
 * This ILB's end of the transfer stream to one peer: associations in numbered frames, a window of them at most on the way,
 * and the acknowledgements of what came from the peer.
 */
final class PeerTransfer {
    /**
     * Bytes of a frame: some 680 associations, which the receiver stores in a fifth of a millisecond, so that no packet
     * waits for long behind one.
     */
    private static final int FRAME_BYTES = 16 * 1024;

    /** Frames on the way: 16 x 16 KiB are more than a LAN's 10 Gbit/s x 200 us. */
    static final int WINDOW = 16;

    /**
     * Of these, what a walk over the table may use; the rest is for changes, so that a busy ILB need not begin its walk again
     * because of them. Four frames are 2,700 changes on the way.
     */
    static final int WALK_WINDOW = 12;

    private final Peer peer;
    private final PeerLink link;
    private final Counters counters;
    private final MemorySegment frame;
    private final AssociationsWriter writer;
    private final MemorySegment control;
    private final int[] recordsOf = new int[WINDOW];

    private int sent;
    private int acknowledged;
    private int unacknowledgedRecords;
    private int lastTaken;
    private boolean owesAcknowledgement;
    private long owesHandedOver;

    PeerTransfer(Peer peer, PeerLink link, Counters counters, SegmentAllocator memory) {
        this.peer = peer;
        this.link = link;
        this.counters = counters;
        this.frame = memory.allocate(FRAME_BYTES, Long.BYTES);
        this.writer = new AssociationsWriter(frame, 0, FRAME_BYTES);
        this.control = memory.allocate(TransferMessage.LENGTH_BYTES, Long.BYTES);
    }

    Peer peer() {
        return peer;
    }

    /**
     * Adds an association to the frame; false, and nothing done, while the window is full.
     *
     * @param window frames that may be on the way
     */
    boolean append(FourTuple tuple, Server server, ConnectionState state, boolean reset, int ageMillis, int window) {
        return tryAppend(tuple, server, state, reset, ageMillis)
                || (flushFrame(window) && tryAppend(tuple, server, state, reset, ageMillis));
    }

    private boolean tryAppend(FourTuple tuple, Server server, ConnectionState state, boolean reset, int ageMillis) {
        IpAddress address = server.endpoint().address();
        return writer.append(
                WireState.of(state),
                reset,
                tuple,
                address.high(),
                address.low(),
                server.endpoint().port(),
                ageMillis);
    }

    /** Tells the peer, behind all frames so far, that it has been handed everything for the view with that digest. */
    void handedOver(long viewDigest) {
        owesHandedOver = viewDigest;
    }

    /** Has taken a frame of the peer's. */
    void acknowledge(int number) {
        lastTaken = number;
        owesAcknowledgement = true;
    }

    /** The peer has taken the frames up to this one. */
    void onAcknowledged(int number) {
        while (acknowledged != sent && number - acknowledged > 0) {
            acknowledged++;
            unacknowledgedRecords -= recordsOf[Math.floorMod(acknowledged, WINDOW)];
        }
    }

    /** Sends what is waiting, as far as the window and the stream allow. */
    void flush() {
        if (owesAcknowledgement && sendControl(TransferMessage.Kind.ACKNOWLEDGED, lastTaken, 0)) {
            owesAcknowledgement = false;
        }
        boolean flushed = writer.count() == 0 || flushFrame(WINDOW);
        if (flushed && owesHandedOver != 0 && sendControl(TransferMessage.Kind.HANDED_OVER, 0, owesHandedOver)) {
            owesHandedOver = 0;
        }
    }

    private boolean flushFrame(int window) {
        if (sent - acknowledged >= window) {
            return false;
        }
        int length = writer.finishForTransfer(link.tag(), link.incarnation(), sent + 1);
        if (!link.transfer(peer.endpoint(), frame, 0, length)) {
            return false;
        }
        sent++;
        recordsOf[Math.floorMod(sent, WINDOW)] = writer.count();
        unacknowledgedRecords += writer.count();
        counters.add(Counter.ASSOCIATIONS_TRANSFERRED, writer.count());
        writer.clear();
        return true;
    }

    private boolean sendControl(TransferMessage.Kind kind, int number, long viewDigest) {
        int length = TransferMessage.encode(control, 0, link.tag(), link.incarnation(), kind, number, viewDigest);
        return link.transfer(peer.endpoint(), control, 0, length);
    }

    /**
     * The stream broke: forgets what is on the way or waiting, and acknowledges anew, for the last time may have been lost.
     *
     * @return whether something was on the way or waiting
     */
    boolean abandon() {
        boolean lost = !isSettled() || owesHandedOver != 0;
        acknowledged = sent;
        unacknowledgedRecords = 0;
        writer.clear();
        owesHandedOver = 0;
        owesAcknowledgement = lastTaken != 0;
        return lost;
    }

    /** The peer has gone; if it comes back, its frames and ours begin anew. */
    void reset() {
        abandon();
        lastTaken = 0;
        owesAcknowledgement = false;
    }

    /** Whether the peer has acknowledged everything. */
    boolean isSettled() {
        return writer.count() == 0 && sent == acknowledged;
    }

    /** Associations that are waiting or on the way. */
    int unsettledRecords() {
        return writer.count() + unacknowledgedRecords;
    }
}
