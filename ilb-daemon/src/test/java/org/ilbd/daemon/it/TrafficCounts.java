package org.ilbd.daemon.it;

import java.io.IOException;
import java.net.ConnectException;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** What a {@link TrafficProcess} counts, and the line that says it. Names in the line are those of {@link #report}. */
final class TrafficCounts {
    /** Failures that are told in full, so that the log stays readable. */
    private static final int TOLD = 20;

    /** When a SYN is sent again (RFC 6298, 2.1). */
    private static final long FIRST_RETRANSMISSION_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Map<Failure, Long> failures = new EnumMap<>(Failure.class);
    private final Map<String, Long> longsOfServer = new TreeMap<>();
    private final Map<String, Long> shortsOfServer = new TreeMap<>();
    private int connecting;
    private long handshakesResumed;
    private long bytesSent;
    private long bytesChecked;
    private long rounds;
    private long longestNanos;
    private long shortLongestNanos;
    private long shortsStarted;
    private long shortsDone;
    private long shortsFailed;
    private long longsFailed;

    /** Ways in which a connection breaks. */
    enum Failure {
        RESET,
        CLOSED,
        REFUSED,
        TIMED_OUT,
        WRONG,
        OTHER;

        static Failure of(IOException problem) {
            String text = String.valueOf(problem.getMessage());
            if (text.contains("reset") || text.contains("Broken pipe")) {
                return RESET;
            }
            if (text.contains("timed out")) {
                return TIMED_OUT;
            }
            return problem instanceof ConnectException ? REFUSED : OTHER;
        }
    }

    int connecting() {
        return connecting;
    }

    void began(boolean once) {
        connecting++;
        if (once) {
            shortsStarted++;
        }
    }

    /** @param nanos since its first SYN */
    void connected(long nanos) {
        connecting--;
        if (nanos >= FIRST_RETRANSMISSION_NANOS) {
            handshakesResumed++;
        }
    }

    void served(boolean once, String server) {
        (once ? shortsOfServer : longsOfServer).merge(server, 1L, Long::sum);
    }

    void sent(int bytes) {
        bytesSent += bytes;
    }

    void checked(int bytes) {
        bytesChecked += bytes;
    }

    void round(boolean once, long nanos) {
        if (once) {
            shortsDone++;
            shortLongestNanos = Math.max(shortLongestNanos, nanos);
        } else {
            rounds++;
            longestNanos = Math.max(longestNanos, nanos);
        }
    }

    /** Begins anew to look for what takes longest. */
    void mark() {
        longestNanos = 0;
        shortLongestNanos = 0;
    }

    void failed(boolean once, boolean connected, Failure failure, String detail) {
        if (!connected) {
            connecting--;
        }
        if (once) {
            shortsFailed++;
        } else {
            longsFailed++;
        }
        failures.merge(failure, 1L, Long::sum);
        if (longsFailed + shortsFailed <= TOLD) {
            System.err.println((once ? "short " : "long ") + failure + " " + detail);
        }
    }

    /**
     * One line of numbers; for what each is, see the code. Times are milliseconds.
     *
     * @param shortOldestNanos how long the oldest short connection has been there
     */
    String report(List<Conversation> longs, long shortOldestNanos, long nowNanos) {
        long open = 0;
        long waiting = 0;
        long oldest = 0;
        long slowest = Long.MAX_VALUE;
        for (Conversation conversation : longs) {
            if (conversation.isConnected()) {
                open++;
                slowest = Math.min(slowest, conversation.rounds());
            }
            if (conversation.isWaiting()) {
                waiting++;
                oldest = Math.max(oldest, conversation.waitedNanos(nowNanos));
            }
        }
        StringBuilder line = new StringBuilder("report");
        add(line, "open", open);
        add(line, "connecting", connecting);
        add(line, "waiting", waiting);
        add(line, "rounds", rounds);
        // Of the connection that has made the fewest.
        add(line, "slowest", open == 0 ? 0 : slowest);
        add(line, "oldest-ms", TimeUnit.NANOSECONDS.toMillis(oldest));
        add(line, "longest-ms", TimeUnit.NANOSECONDS.toMillis(Math.max(longestNanos, oldest)));
        add(line, "sent", bytesSent);
        add(line, "checked", bytesChecked);
        add(line, "failed", longsFailed);
        for (Failure failure : Failure.values()) {
            add(line, failure.name().toLowerCase(Locale.ROOT), failures.getOrDefault(failure, 0L));
        }
        // Whose SYN, or its answer, was lost.
        add(line, "handshakes-resumed", handshakesResumed);
        add(line, "short-started", shortsStarted);
        add(line, "short-done", shortsDone);
        add(line, "short-failed", shortsFailed);
        add(line, "short-oldest-ms", TimeUnit.NANOSECONDS.toMillis(shortOldestNanos));
        add(line, "short-longest-ms", TimeUnit.NANOSECONDS.toMillis(Math.max(shortLongestNanos, shortOldestNanos)));
        longsOfServer.forEach((server, count) -> add(line, "long-" + server, count));
        shortsOfServer.forEach((server, count) -> add(line, "short-" + server, count));
        return line.toString();
    }

    private static void add(StringBuilder line, String name, long value) {
        line.append(' ').append(name).append('=').append(value);
    }
}
