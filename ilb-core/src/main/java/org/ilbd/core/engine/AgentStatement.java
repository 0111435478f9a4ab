package org.ilbd.core.engine;

import org.ilbd.core.protocol.IdMessage;

/**
 * All that agents have said of one server up to now, as the ILB has it that heard of it last. The ILB that does so tells the others
 * with its ID messages; of two, the younger report counts.
 */
final class AgentStatement {
    /** The origin of what this ILB heard itself. */
    static final int SELF = -1;

    private static final int NOBODY = -2;
    /** An ILB that is gone. */
    private static final int FORMER = -3;

    static final int UNKNOWN_LOAD = -1;

    private static final Administration[] ADMINISTRATIONS = Administration.values();

    private static final long NANOS_PER_MILLI = 1_000_000;

    /**
     * Two reports of one ILB are further apart, agents being asked every second or so, and one that is heard twice less: that
     * is what an ID message may have been under way, and the rounding.
     */
    private static final long SAME_REPORT_NANOS = 50 * NANOS_PER_MILLI;

    private int origin = NOBODY;
    private long reportNanos;
    private boolean up = true;
    private Administration administration = Administration.READY;
    private int weightPercent = 100;
    private int maxConnections;
    private int load = UNKNOWN_LOAD;

    boolean isOurs() {
        return origin == SELF;
    }

    boolean up() {
        return up;
    }

    Administration administration() {
        return administration;
    }

    int weightPercent() {
        return weightPercent;
    }

    /** 0 for none. */
    int maxConnections() {
        return maxConnections;
    }

    /** Per mille, or {@link #UNKNOWN_LOAD}. */
    int load() {
        return load;
    }

    long ageNanos(long nowNanos) {
        return nowNanos - reportNanos;
    }

    /** Milliseconds, at most 2<sup>31</sup>-1. */
    int ageMillis(long nowNanos) {
        return (int) Math.min(Integer.MAX_VALUE, ageNanos(nowNanos) / NANOS_PER_MILLI);
    }

    void forgetLoad() {
        load = UNKNOWN_LOAD;
    }

    /** Takes over a report that this ILB has got; true if more than the load is other than before. */
    boolean take(ServerReport report, long nowNanos) {
        boolean reportedUp =
                report.source() == ServerReport.Source.AGENT ? report.up().orElse(up) : up;
        return set(
                SELF,
                nowNanos,
                reportedUp,
                report.administration().orElse(administration),
                report.weightPercent().orElse(weightPercent),
                report.maxConnections().orElse(maxConnections),
                report.loadPerMille().orElse(UNKNOWN_LOAD));
    }

    /**
     * Takes over what an agent has told another ILB, if it is younger than what is known, or comes from the same ILB, which can
     * correct itself.
     *
     * @param index of the server in the message
     * @return whether that is a report that was not known
     */
    boolean take(int peer, IdMessage message, int index, long nowNanos) {
        long newReportNanos = nowNanos - message.loadReportAgeMillis(index) * NANOS_PER_MILLI;
        long younger = newReportNanos - reportNanos;
        if (origin != NOBODY && origin != peer && younger <= 0) {
            return false;
        }
        int perMille =
                message.loadPerMille(index) == IdMessage.UNKNOWN_LOAD ? UNKNOWN_LOAD : message.loadPerMille(index);
        boolean isKnown = origin == peer && load == perMille && Math.abs(younger) < SAME_REPORT_NANOS;
        set(
                peer,
                newReportNanos,
                !message.loadAgentDown(index),
                ADMINISTRATIONS[message.loadAdministration(index)],
                message.loadWeightPercent(index),
                message.loadMaxConnections(index),
                perMille);
        return !isKnown;
    }

    /** Takes over all of a statement; true if more than the load is other than before. */
    private boolean set(
            int newOrigin,
            long newReportNanos,
            boolean isUp,
            Administration newAdministration,
            int newWeightPercent,
            int newMaxConnections,
            int newLoad) {
        boolean differs = up != isUp
                || administration != newAdministration
                || weightPercent != newWeightPercent
                || maxConnections != newMaxConnections;
        origin = newOrigin;
        reportNanos = newReportNanos;
        up = isUp;
        administration = newAdministration;
        weightPercent = newWeightPercent;
        maxConnections = newMaxConnections;
        load = newLoad;
        return differs;
    }

    /** A peer has gone: what it said stays, but another may have its position now. */
    void forgetOrigin(int peer) {
        if (origin == peer) {
            origin = FORMER;
        }
    }
}
