package org.ilbd.core.scheduler;

/**
 * When {@link Peer} passes a connection on, and how fresh the loads are that say so.
 *
 * @param keepBelow per mille: a host that is loaded so much, or less, keeps what reaches it; 0 to 1000
 * @param passDifference per mille: by so much the other host must be less loaded; 1 to 1000
 * @param loadIntervalNanos from one measurement of a host's load, of which all ILBs are told, to the next
 */
public record PeerThresholds(int keepBelow, int passDifference, long loadIntervalNanos) {
    /** Half of a host; a fifth, so that what is passed on does not come back with the next report; two reports a second. */
    public static final PeerThresholds DEFAULT = new PeerThresholds(500, 200, 500_000_000L);

    /** The whole of a host. */
    private static final int MAX_LOAD = ServerSet.MAX_LOAD;

    /** @throws IllegalArgumentException if a figure is out of its range */
    public PeerThresholds {
        if (keepBelow < 0 || keepBelow > MAX_LOAD || passDifference < 1 || passDifference > MAX_LOAD) {
            throw new IllegalArgumentException("keep-below " + keepBelow + ", pass-difference " + passDifference);
        }
        if (loadIntervalNanos <= 0) {
            throw new IllegalArgumentException("load-interval " + loadIntervalNanos);
        }
    }
}
