package org.ilbd.daemon.cluster;

import io.netty.channel.SingleThreadEventLoop;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Messages of the transfer streams on their way from the loop of the connections to the engine's: a few in each turn of the engine's loop,
 * so that packets and datagrams are looked at in between. Peers may have a window of frames each on the way; as plain tasks they would be
 * run in a row, and packets would wait for all of them.
 *
 * <p>A message is copied into memory that is used again and again, so that the engine's thread has nothing to give back to the allocator
 * of a connection's loop.
 */
public final class TransferInbox {
    /** Room for a frame of the engine's, of 2 KiB; what is longer gets memory of its own. */
    static final int BUFFER_BYTES = 4 * 1024;

    private final SingleThreadEventLoop loop;
    private final Consumer<TransferInbox> turn;
    private final Queue<Message> waiting;
    /** As many as have waited at the same time. */
    private final Queue<MemorySegment> free = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final Runnable takeTurn = this::takeTurn;
    private final Runnable waitForTurn = this::waitForTurn;

    record Message(MemorySegment buffer, int length) {}

    /**
     * An empty one.
     *
     * @param loop the engine's
     * @param turn called on the loop, once in each of its turns while messages wait; is to {@link #take} one at least
     */
    public TransferInbox(SingleThreadEventLoop loop, Consumer<TransferInbox> turn) {
        this(loop, turn, new ConcurrentLinkedQueue<>());
    }

    TransferInbox(SingleThreadEventLoop loop, Consumer<TransferInbox> turn, Queue<Message> waiting) {
        this.loop = loop;
        this.turn = turn;
        this.waiting = waiting;
    }

    /** Adds a message, from any thread; its memory is the caller's again. */
    public void add(MemorySegment message) {
        int length = (int) message.byteSize();
        MemorySegment free = length <= BUFFER_BYTES ? this.free.poll() : null;
        MemorySegment buffer =
                free == null ? Arena.ofAuto().allocate(Math.max(length, BUFFER_BYTES), Long.BYTES) : free;
        MemorySegment.copy(message, 0, buffer, 0, length);
        waiting.add(new Message(buffer, length));
        if (scheduled.compareAndSet(false, true)) {
            loop.execute(takeTurn);
        }
    }

    /** Hands over the next message, whose memory is the receiver's until it returns, on the loop; false if there is none. */
    public boolean take(Consumer<MemorySegment> receiver) {
        Message message = waiting.poll();
        if (message == null) {
            return false;
        }
        try {
            receiver.accept(message.buffer().asSlice(0, message.length()));
        } finally {
            if (message.buffer().byteSize() == BUFFER_BYTES) {
                free.add(message.buffer());
            }
        }
        return true;
    }

    private void takeTurn() {
        try {
            // There may be no message: who added it was overtaken before it could say so, and it was taken with the one
            // before.
            turn.accept(this);
        } finally {
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
        loop.executeAfterEventLoopIteration(waitForTurn);
    }

    private void waitForTurn() {
        loop.execute(takeTurn);
    }
}
