package org.ilbd.core.protocol;

import java.util.Arrays;

/**
 * Which counters of one sender were seen: a sliding window of bits, as in RFC 6479. The counter may jump ahead by any
 * amount, since a sender's one counter covers its messages to all receivers.
 */
final class ReplayWindow {
    /**
     * Words of 64 bits. With 1,000,000 datagrams a second between a pair of ILBs and their others, a datagram may be late
     * by 8 ms and is still accepted; 8,192 bits are also what WireGuard settled on.
     */
    private static final int WORDS = 128;

    /** How far behind the highest counter a message may be. One word less than there are: the newest is being filled. */
    static final int SIZE = (WORDS - 1) * Long.SIZE;

    private final long[] bits = new long[WORDS];
    private long highest;

    /** Forgets everything. */
    void clear() {
        Arrays.fill(bits, 0);
        highest = 0;
    }

    /** Takes note of a counter, 1 or more. OK, REPLAY if it was seen before, STALE if it is too old to tell. */
    MessageAuthenticator.Verdict accept(long counter) {
        if (counter > highest) {
            long word = highest >>> 6;
            long steps = Math.min((counter >>> 6) - word, WORDS);
            for (long i = 1; i <= steps; i++) {
                bits[(int) (word + i) & (WORDS - 1)] = 0;
            }
            highest = counter;
        } else if (highest - counter >= SIZE) {
            return MessageAuthenticator.Verdict.STALE;
        }
        int index = (int) (counter >>> 6) & (WORDS - 1);
        long bit = 1L << counter;
        if ((bits[index] & bit) != 0) {
            return MessageAuthenticator.Verdict.REPLAY;
        }
        bits[index] |= bit;
        return MessageAuthenticator.Verdict.OK;
    }

    @Override
    public String toString() {
        return "highest=" + highest;
    }
}
