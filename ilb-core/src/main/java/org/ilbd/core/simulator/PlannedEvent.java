package org.ilbd.core.simulator;

/**
 * One event of a schedule.
 *
 * @param gapMillis after the cluster has settled from the one before or, where events overlap, after the one before
 * @param pick which ILB or server: a number that is taken modulo the candidates there are then
 * @param lengthMillis how long it lasts, of those that last
 * @param companionOffsetMillis how long after it (or before, if negative) comes the change of the servers that goes with
 *     it; {@link #ALONE} if none does
 * @param companion that change
 */
public record PlannedEvent(
        EventKind kind, int gapMillis, int pick, int lengthMillis, int companionOffsetMillis, EventKind companion) {
    /** No companion. */
    static final int ALONE = Integer.MIN_VALUE;

    boolean hasCompanion() {
        return companionOffsetMillis != ALONE;
    }

    /** The same without its companion. */
    PlannedEvent alone() {
        return new PlannedEvent(kind, gapMillis, pick, lengthMillis, ALONE, companion);
    }

    @Override
    public String toString() {
        return "+" + gapMillis + " ms " + kind.text() + " pick=" + pick + " length=" + lengthMillis + " ms"
                + (companionOffsetMillis == ALONE
                        ? ""
                        : ", and " + companion.text() + " at " + companionOffsetMillis + " ms");
    }
}
