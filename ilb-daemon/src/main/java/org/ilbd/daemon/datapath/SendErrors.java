package org.ilbd.daemon.datapath;

import org.ilbd.daemon.linux.ErrnoException;

/**
 * What the kernel said when it did not take a packet, by errno: tells a full queue (EAGAIN, ENOBUFS) from an interface that is down
 * (ENETDOWN, EIO) and from a packet that is too long (EMSGSIZE). Written by one thread as plain longs, read by any.
 */
public final class SendErrors {
    /** Above the largest errno of Linux, 133; a larger one is counted as 0. */
    private static final int SIZE = 134;

    private final long[] counts = new long[SIZE];

    /** Counts one. The argument is what the call returned, a negated errno. */
    public void add(int result) {
        int errno = -result;
        counts[errno > 0 && errno < SIZE ? errno : 0]++;
    }

    public long count(int errno) {
        return errno > 0 && errno < SIZE ? counts[errno] : 0;
    }

    public long total() {
        long total = 0;
        for (long count : counts) {
            total += count;
        }
        return total;
    }

    /** One line for each errno that occurred; empty if none did. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int errno = 0; errno < SIZE; errno++) {
            if (counts[errno] > 0) {
                text.append(new ErrnoException(counts[errno] + " x", errno).getMessage())
                        .append('\n');
            }
        }
        return text.toString();
    }
}
