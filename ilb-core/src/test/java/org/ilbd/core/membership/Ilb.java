package org.ilbd.core.membership;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.NetworkOrder;
import org.ilbd.core.protocol.DecodeResult;
import org.ilbd.core.protocol.IdMessage;
import org.ilbd.core.protocol.MessageHeader;

/** An ILB as the others hear it: says what a test tells it to say. Changed by its with-methods, each for good. */
final class Ilb {
    final IlbId id;
    Endpoint endpoint;
    long incarnation = 1_000;
    long counter;
    int state = IdMessage.ACTIVE;
    int broadcastSequence;
    long viewDigest;

    private final MemorySegment buffer = MemorySegment.ofArray(new byte[IdMessage.MAX_LENGTH_BYTES]);
    private final IdMessage message = new IdMessage();

    Ilb(String id, String endpoint) {
        this.id = IlbId.parse(id);
        this.endpoint = Endpoint.parse(endpoint);
    }

    Ilb state(int state) {
        this.state = state;
        return this;
    }

    Ilb restarted() {
        incarnation++;
        counter = 0;
        broadcastSequence = 0;
        return this;
    }

    Ilb broadcast(int sequence) {
        broadcastSequence = sequence;
        return this;
    }

    /** Sends its next message. */
    Reception sendTo(Membership membership, FakeClock clock) {
        counter++;
        return sendAgain(membership, clock, counter);
    }

    /** Says that it has handed over all that the other is to hold in the view as the other sees it now. */
    void handOverTo(Membership membership, FakeClock clock) {
        handOverTo(membership, clock, membership.viewDigest());
    }

    void handOverTo(Membership membership, FakeClock clock, long viewDigest) {
        Peer peer = Objects.requireNonNull(membership.peer(id.tag(), incarnation), "not known");
        membership.onHandedOver(peer, viewDigest, clock.now());
    }

    /** Sends a message with a counter of the test's. */
    Reception sendAgain(Membership membership, FakeClock clock, long counter) {
        IdMessage.encode(buffer, 0, id, incarnation, state, broadcastSequence, viewDigest, 0);
        int length = IdMessage.finish(buffer, 0, IdMessage.UNKNOWN_LOAD);
        return deliver(membership, clock, counter, length);
    }

    /** Sends its next message with a tag that is not its id's. */
    Reception sendWithTag(Membership membership, FakeClock clock, int tag) {
        counter++;
        IdMessage.encode(buffer, 0, id, incarnation, state, broadcastSequence, viewDigest, 0);
        int length = IdMessage.finish(buffer, 0, IdMessage.UNKNOWN_LOAD);
        buffer.set(NetworkOrder.INT, MessageHeader.SENDER_TAG_OFFSET, tag);
        return deliver(membership, clock, counter, length);
    }

    private Reception deliver(Membership membership, FakeClock clock, long counter, int length) {
        buffer.set(NetworkOrder.LONG, MessageHeader.COUNTER_OFFSET, counter);
        if (message.decode(buffer, 0, length) != DecodeResult.OK) {
            throw new AssertionError("does not decode");
        }
        return membership.onIdMessage(
                message,
                endpoint.address().ipv6(),
                endpoint.address().high(),
                endpoint.address().low(),
                endpoint.port(),
                clock.now());
    }
}
