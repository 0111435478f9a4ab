package org.ilbd.daemon.it;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/**
 * One connection to an {@link EchoServerProcess}: connects, takes the server's name, and then in rounds: a message, and its echo. What it sends
 * is a stretch of a fixed random pattern that begins elsewhere for each connection and goes on from message to message, so a byte of another
 * connection, or one that is lost, doubled or out of place, does not match.
 */
final class Conversation {
    /** Prime, so that no power of two of bytes lost goes unnoticed. */
    private static final int PERIOD = 65_521;

    private static final int STEP = 7_919;
    private static final int CHUNK = 1 << 16;
    private static final ByteBuffer PATTERN = pattern();
    private static final ByteBuffer INPUT = ByteBuffer.allocateDirect(CHUNK);

    private final int number;
    private final boolean once;
    private final int messageBytes;
    private final TrafficCounts counts;
    private final SocketChannel channel;
    private final byte[] name = new byte[EchoServerProcess.IDENTITY_BYTES];
    private final SelectionKey key;
    private int nameLength;
    private boolean connected;
    private int localPort;
    private boolean waiting = true;
    private long toSend;
    private long sent;
    private long received;
    private int rounds;
    private long roundStartNanos;
    private long roundEndNanos;

    /**
     * Begins to connect; the first round follows at once.
     *
     * @param once to close after one round
     * @param source the client's address; the wildcard for whichever the kernel takes
     */
    Conversation(
            int number,
            boolean once,
            int messageBytes,
            InetSocketAddress source,
            InetSocketAddress target,
            Selector selector,
            TrafficCounts counts,
            long nowNanos)
            throws IOException {
        this.number = number;
        this.once = once;
        this.messageBytes = messageBytes;
        this.counts = counts;
        roundStartNanos = nowNanos;
        toSend = messageBytes;
        channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        counts.began(once);
        key = channel.register(selector, SelectionKey.OP_CONNECT, this);
        try {
            if (!source.getAddress().isAnyLocalAddress()) {
                channel.bind(source);
            }
            channel.connect(target);
        } catch (IOException e) {
            fail(e);
        }
    }

    private static ByteBuffer pattern() {
        byte[] bytes = new byte[PERIOD];
        new Random(PERIOD).nextBytes(bytes);
        ByteBuffer pattern = ByteBuffer.allocateDirect(PERIOD + CHUNK).put(bytes);
        while (pattern.hasRemaining()) {
            pattern.put(bytes, 0, Math.min(bytes.length, pattern.remaining()));
        }
        return pattern.flip();
    }

    /** The pattern at a position of this connection's stream, at most a chunk of it. */
    private ByteBuffer expected(long position, int length) {
        return PATTERN.slice((int) (((long) number * STEP + position) % PERIOD), length);
    }

    /** A message is under way: not all of its echo is back. */
    boolean isWaiting() {
        return waiting && isOpen();
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    boolean isConnected() {
        return connected && isOpen();
    }

    /** Whether it was established and has broken since. */
    boolean isBroken() {
        return connected && !once && !isOpen();
    }

    /** The client's port, once it is connected. */
    int localPort() {
        return localPort;
    }

    /** Messages whose echo is back. */
    int rounds() {
        return rounds;
    }

    long roundEndNanos() {
        return roundEndNanos;
    }

    /** How long the message that is under way has been so. */
    long waitedNanos(long nowNanos) {
        return isWaiting() ? nowNanos - roundStartNanos : 0;
    }

    void startRound(long nowNanos) {
        if (!isOpen()) {
            return;
        }
        waiting = true;
        roundStartNanos = nowNanos;
        toSend += messageBytes;
        try {
            send();
        } catch (IOException e) {
            fail(e);
        }
    }

    void onReady(long nowNanos) {
        try {
            if (key.isConnectable()) {
                channel.finishConnect();
                connected = true;
                localPort = ((InetSocketAddress) channel.getLocalAddress()).getPort();
                counts.connected(nowNanos - roundStartNanos);
                key.interestOps(SelectionKey.OP_READ);
                send();
                return;
            }
            if (key.isWritable()) {
                send();
            }
            if (key.isReadable()) {
                receive(nowNanos);
            }
        } catch (IOException e) {
            fail(e);
        }
    }

    private void send() throws IOException {
        while (sent < toSend) {
            ByteBuffer bytes = expected(sent, (int) Math.min(CHUNK, toSend - sent));
            int written = channel.write(bytes);
            sent += written;
            counts.sent(written);
            if (bytes.hasRemaining()) {
                key.interestOpsOr(SelectionKey.OP_WRITE);
                return;
            }
        }
        key.interestOpsAnd(~SelectionKey.OP_WRITE);
    }

    private void receive(long nowNanos) throws IOException {
        INPUT.clear();
        int length = channel.read(INPUT);
        if (length < 0) {
            end(TrafficCounts.Failure.CLOSED, "closed by the server");
            return;
        }
        INPUT.flip();
        takeName();
        ByteBuffer echo = INPUT.slice();
        if (echo.hasRemaining()) {
            check(echo, nowNanos);
        }
    }

    private void takeName() {
        int missing = Math.min(name.length - nameLength, INPUT.remaining());
        if (missing > 0) {
            INPUT.get(name, nameLength, missing);
            nameLength += missing;
            if (nameLength == name.length) {
                counts.served(once, new String(name, StandardCharsets.US_ASCII).strip());
            }
        }
    }

    private void check(ByteBuffer echo, long nowNanos) {
        int length = echo.remaining();
        int mismatch = echo.mismatch(expected(received, length));
        if (mismatch >= 0 || received + length > sent) {
            byte[] seen = new byte[Math.min(8, length - Math.max(0, mismatch))];
            echo.get(Math.max(0, mismatch), seen);
            end(
                    TrafficCounts.Failure.WRONG,
                    "byte " + (received + mismatch) + " of " + sent + " is wrong: " + Arrays.toString(seen));
            return;
        }
        received += length;
        counts.checked(length);
        if (received == toSend) {
            waiting = false;
            rounds++;
            roundEndNanos = nowNanos;
            counts.round(once, nowNanos - roundStartNanos);
            if (once) {
                close();
            }
        }
    }

    /** Gives up if it has waited too long. */
    boolean giveUp(long nowNanos, long patienceNanos) {
        if (waitedNanos(nowNanos) < patienceNanos) {
            return false;
        }
        end(TrafficCounts.Failure.TIMED_OUT, "no answer");
        return true;
    }

    private void fail(IOException problem) {
        end(TrafficCounts.Failure.of(problem), String.valueOf(problem));
    }

    private void end(TrafficCounts.Failure failure, String detail) {
        String from = "";
        try {
            from = String.valueOf(channel.getLocalAddress());
        } catch (IOException _) {
            // It is closed; the detail says why.
        }
        counts.failed(once, connected, failure, from + " after " + rounds + " rounds: " + detail);
        close();
    }

    private void close() {
        try {
            channel.close();
        } catch (IOException e) {
            System.err.println(e);
        }
    }
}
