package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.AssociationsWriter;
import org.ilbd.core.protocol.TransferMessage;

/**
 * This ILB's end of the transfer stream to one peer: associations in numbered frames, a window of them at most on the way,
 * and the acknowledgements of what came from the peer.
 *
 * <h2>Numbers</h2>
 * A frame may be lost although its connection did not break: it overtook the first ID message of its sender, and was a
 * stranger's. So the receiver acknowledges a frame only if it has taken all before it. The numbers of a
 * process only grow; after a loss, BEGIN says from which one on to count, and what was on the way is made anew.
 */
final class PeerTransfer {
    /**
     * Bytes of a frame: 83 associations of IPv4, which the receiver stores in some 40 us, and in a millisecond when it has
     * just started and is not compiled yet. No packet waits for longer behind one. A message for each costs some 5 us.
     */
    private static final int FRAME_BYTES = 2 * 1024;

    /**
     * Frames on the way: 512 KiB, twice what a LAN's 10 Gbit/s x 200 us needs, for an acknowledgement waits for busy processors
     * on both sides.
     */
    static final int WINDOW = 256;

    /**
     * Of these, what a walk over the table may use; the rest is for changes, so that a busy ILB need not begin its walk again
     * because of them. 32 frames are 2,700 changes on the way.
     */
    static final int WALK_WINDOW = 224;

    /** Without an acknowledgement for so long, what is on the way is lost: hundreds of round trips, and a pause besides. */
    private static final long STALL_NANOS = 1_000_000_000;

    private final Peer peer;
    private final PeerLink link;
    private final Clock clock;
    private final Counters counters;
    private final MemorySegment frame;
    private final AssociationsWriter writer;
    private final MemorySegment control;
    private final int[] recordsOf = new int[WINDOW];

    private int sent;
    private int acknowledged;
    private int marked;
    private int unacknowledgedRecords;
    private boolean begun;
    private long lastProgressNanos;
    private boolean taking;
    private int lastTaken;
    private boolean owesAcknowledgement;
    private long owesHandedOver;

    PeerTransfer(Peer peer, PeerLink link, Clock clock, Counters counters, SegmentAllocator memory) {
        this.peer = peer;
        this.link = link;
        this.clock = clock;
        this.counters = counters;
        this.frame = memory.allocate(FRAME_BYTES, Long.BYTES);
        this.writer = new AssociationsWriter(frame, 0, FRAME_BYTES);
        this.control = memory.allocate(TransferMessage.LENGTH_BYTES, Long.BYTES);
    }

    Peer peer() {
        return peer;
    }

    /**
     * Adds the association in a slot to the frame; false, and nothing done, while the window is full.
     *
     * @param ageMillis what it is said to be
     * @param window frames that may be on the way
     */
    boolean append(HeldAssociations held, int slot, FourTuple tuple, int ageMillis, int window) {
        return tryAppend(held, slot, tuple, ageMillis)
                || (flushFrame(window) && tryAppend(held, slot, tuple, ageMillis));
    }

    private boolean tryAppend(HeldAssociations held, int slot, FourTuple tuple, int ageMillis) {
        Endpoint server = held.server(slot).endpoint();
        return writer.append(
                WireState.of(held.state(slot)),
                held.isReset(slot),
                tuple,
                server.address().high(),
                server.address().low(),
                server.port(),
                ageMillis,
                held.assignedOwner(slot));
    }

    /** Tells the peer, behind all frames so far, that it has been handed everything for the view with that digest. */
    void handedOver(long viewDigest) {
        owesHandedOver = viewDigest;
    }

    /** The peer begins to count with the frame after this one. */
    void begin(int number) {
        if (!taking || number - lastTaken > 0) {
            taking = true;
            lastTaken = number;
        }
    }

    /**
     * A frame of the peer's has come.
     *
     * @return whether it is the next one; after a gap nothing is acknowledged, until the peer begins anew
     */
    boolean take(int number) {
        boolean isNext = taking && number == lastTaken + 1;
        if (isNext) {
            lastTaken = number;
        }
        // One that comes again says that the peer has missed the acknowledgement.
        owesAcknowledgement |= taking && number - lastTaken <= 0;
        return isNext;
    }

    /** The peer has taken the frames up to this one. */
    void onAcknowledged(int number) {
        while (acknowledged != sent && number - acknowledged > 0) {
            acknowledged++;
            lastProgressNanos = clock.nanos();
            unacknowledgedRecords -= recordsOf[Math.floorMod(acknowledged, WINDOW)];
        }
    }

    /**
     * Sends what is waiting, as far as the window and the stream allow. A frame that is not full waits until all before it are
     * acknowledged (as in RFC 896): else a few changes in each of many frames would use the window up.
     */
    void flush() {
        if (owesAcknowledgement && sendControl(TransferMessage.Kind.ACKNOWLEDGED, lastTaken, 0)) {
            owesAcknowledgement = false;
        }
        boolean flushed = writer.count() == 0 || (sent == acknowledged && flushFrame(WINDOW));
        if (flushed
                && owesHandedOver != 0
                && mayNumber(WINDOW)
                && sendControl(TransferMessage.Kind.HANDED_OVER, sent + 1, owesHandedOver)) {
            owesHandedOver = 0;
            numbered(0);
        }
    }

    /** Whether one more frame may be on the way; says BEGIN before the first. */
    private boolean mayNumber(int window) {
        if (sent - acknowledged >= window) {
            return false;
        }
        begun = begun || sendControl(TransferMessage.Kind.BEGIN, sent, 0);
        return begun;
    }

    private void numbered(int records) {
        if (sent == acknowledged) {
            lastProgressNanos = clock.nanos();
        }
        sent++;
        recordsOf[Math.floorMod(sent, WINDOW)] = records;
        unacknowledgedRecords += records;
    }

    private boolean flushFrame(int window) {
        if (!mayNumber(window)) {
            return false;
        }
        int length = writer.finishForTransfer(link.tag(), link.incarnation(), sent + 1);
        if (!link.transfer(peer.endpoint(), frame, 0, length)) {
            return false;
        }
        numbered(writer.count());
        counters.add(Counter.ASSOCIATIONS_TRANSFERRED, writer.count());
        writer.clear();
        return true;
    }

    private boolean sendControl(TransferMessage.Kind kind, int number, long viewDigest) {
        int length = TransferMessage.encode(control, 0, link.tag(), link.incarnation(), kind, number, viewDigest);
        return link.transfer(peer.endpoint(), control, 0, length);
    }

    /**
     * The stream broke or stalls: forgets what is on the way or waiting, and acknowledges anew, for the last time may have
     * been lost.
     *
     * @return whether something was on the way or waiting
     */
    boolean abandon() {
        boolean lost = writer.count() > 0 || sent != acknowledged || owesHandedOver != 0;
        acknowledged = sent;
        marked = sent;
        unacknowledgedRecords = 0;
        begun = false;
        writer.clear();
        owesHandedOver = 0;
        owesAcknowledgement = taking;
        return lost;
    }

    /** The peer has gone; if it comes back, its frames and ours begin anew. */
    void reset() {
        abandon();
        taking = false;
        owesAcknowledgement = false;
    }

    /** Whether something has been on the way for so long that it is lost. */
    boolean isStalled() {
        return sent != acknowledged && clock.nanos() - lastProgressNanos >= STALL_NANOS;
    }

    /** What is waiting or on the way now is what {@link #isSettled} is about: on a busy ILB there is always more. */
    void mark() {
        marked = writer.count() > 0 ? sent + 1 : sent;
    }

    /** Whether the peer has acknowledged all that was there at {@link #mark}, or will be sent it anew. */
    boolean isSettled() {
        return acknowledged - marked >= 0;
    }

    /** Associations that are waiting or on the way. */
    int unsettledRecords() {
        return writer.count() + unacknowledgedRecords;
    }
}
