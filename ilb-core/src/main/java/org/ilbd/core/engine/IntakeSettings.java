package org.ilbd.core.engine;

/**
 * When a service's intake is another one, besides when it is lost.
 *
 * @param thresholdPerMille the load above which it is passed on, 1 to 1000; 1000 for never
 * @param maxTimeNanos after which it is passed on whatever the load; 0 for never
 * @param minTimeNanos before which no load passes it on
 */
public record IntakeSettings(int thresholdPerMille, long maxTimeNanos, long minTimeNanos) {
    /**
     * A quarter of the strength left for what the node has already, and for what comes between two reports; ten minutes, so that
     * a quiet service shows each of its nodes a few times an hour; and a second, in which a report comes to all.
     */
    public static final IntakeSettings DEFAULT = new IntakeSettings(750, 600_000_000_000L, 1_000_000_000);
}
