package org.ilbd.core.engine;

import org.ilbd.core.scheduler.PeerThresholds;

/**
 * How a service treats its servers' lives.
 *
 * @param maxConnections of the whole cluster, above which a SYN is dropped; 0 for no limit
 * @param slowStartNanos from a server's return to its whole share of new connections; 0 for at once
 * @param drainTimeNanos from the begin of a drain until the last connection is reset; 0 keeps them
 * @param reportMaxAgeNanos after which a reported load counts as unknown
 * @param peer when a host passes connections on that reach it, and how often its load is measured
 */
public record ServicePolicy(
        int maxConnections,
        OnDown onDown,
        AllDown allDown,
        long slowStartNanos,
        long drainTimeNanos,
        long reportMaxAgeNanos,
        PassiveHealth passive,
        PeerThresholds peer) {
    /** Three intervals of HAProxy's default agent check, 2 s: two answers may be lost. */
    public static final long DEFAULT_REPORT_MAX_AGE_NANOS = 6_000_000_000L;

    /** No limit, and nothing that takes a connection from anyone. */
    public static final ServicePolicy DEFAULT =
            new ServicePolicy(0, OnDown.KEEP, AllDown.DROP, 0, 0, DEFAULT_REPORT_MAX_AGE_NANOS, PassiveHealth.OFF);

    /** With the default thresholds for peers. */
    public ServicePolicy(
            int maxConnections,
            OnDown onDown,
            AllDown allDown,
            long slowStartNanos,
            long drainTimeNanos,
            long reportMaxAgeNanos,
            PassiveHealth passive) {
        this(
                maxConnections,
                onDown,
                allDown,
                slowStartNanos,
                drainTimeNanos,
                reportMaxAgeNanos,
                passive,
                PeerThresholds.DEFAULT);
    }

    /** The same policy with other thresholds for peers. */
    public ServicePolicy withPeer(PeerThresholds thresholds) {
        return new ServicePolicy(
                maxConnections,
                onDown,
                allDown,
                slowStartNanos,
                drainTimeNanos,
                reportMaxAgeNanos,
                passive,
                thresholds);
    }
}
