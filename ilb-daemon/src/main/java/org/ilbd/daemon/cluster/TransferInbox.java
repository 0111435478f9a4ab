package org.ilbd.daemon.cluster;

import io.netty.channel.SingleThreadEventLoop;
import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Messages of the transfer streams on their way from the loop of the connections to the engine's: one in each turn of the engine's loop, so
 * that packets and datagrams are looked at between any two of them. Peers may have a window of frames each on the way; as plain tasks they
 * would be run in a row, and packets would wait for all of them.
 */
public final class TransferInbox {
    private final SingleThreadEventLoop loop;
    private final Consumer<MemorySegment> receiver;
    private final Queue<Message> waiting;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final Runnable take = this::take;
    private final Runnable takeInNextTurn = this::takeInNextTurn;

    record Message(MemorySegment bytes, Runnable release) {}

    /**
     * An empty one.
     *
     * @param loop the engine's
     * @param receiver takes each message, on the loop
     */
    public TransferInbox(SingleThreadEventLoop loop, Consumer<MemorySegment> receiver) {
        this(loop, receiver, new ConcurrentLinkedQueue<>());
    }

    TransferInbox(SingleThreadEventLoop loop, Consumer<MemorySegment> receiver, Queue<Message> waiting) {
        this.loop = loop;
        this.receiver = receiver;
        this.waiting = waiting;
    }

    /** Adds a message, from any thread; {@code release} is run once it was taken. */
    public void add(MemorySegment message, Runnable release) {
        waiting.add(new Message(message, release));
        if (scheduled.compareAndSet(false, true)) {
            loop.execute(take);
        }
    }

    private void take() {
        Message message = waiting.poll();
        if (message == null) {
            // Who added it was overtaken before it could say so: it was taken with the one before.
            goOn();
            return;
        }
        try {
            receiver.accept(message.bytes());
        } finally {
            message.release().run();
            goOn();
        }
    }

    private void goOn() {
        if (waiting.isEmpty()) {
            scheduled.set(false);
            if (waiting.isEmpty() || !scheduled.compareAndSet(false, true)) {
                return;
            }
        }
        // A task that is added by a task is run in the same turn; these are run at its end.
        loop.executeAfterEventLoopIteration(takeInNextTurn);
    }

    private void takeInNextTurn() {
        loop.execute(take);
    }
}
