package org.ilbd.daemon;

import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.ilbd.daemon.cluster.TransferInbox;

/**
 * What is done about the messages of transfer streams in one turn of the engine's loop: one slice of work. As many are taken as there is
 * time for; with time left, the hand-over goes on.
 */
final class TransferTurn implements Consumer<TransferInbox> {
    private final Slices slices;
    private final Receiver receiver;
    private final BooleanSupplier handOver;

    /** Takes the messages. */
    interface Receiver {
        /** One message, whose memory is the receiver's until this returns. */
        void onMessage(MemorySegment message, long nowNanos);
    }

    /**
     * The same in each turn.
     *
     * @param handOver a step of a hand-over; whether there is more to do now
     */
    TransferTurn(Slices slices, Receiver receiver, BooleanSupplier handOver) {
        this.slices = slices;
        this.receiver = receiver;
        this.handOver = handOver;
    }

    @Override
    public void accept(TransferInbox inbox) {
        slices.run(
                now -> inbox.take(message -> receiver.onMessage(message, now)),
                () -> inbox.take(message -> receiver.onMessage(message, System.nanoTime())) || handOver.getAsBoolean());
    }
}
