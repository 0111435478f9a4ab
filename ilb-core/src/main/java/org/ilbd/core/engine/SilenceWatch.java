package org.ilbd.core.engine;

/**
 * Notices, between two checks, that a server does not answer. The ILB sees a client's half of a connection; what it can see of an
 * answer is that the client goes on after its SYN.
 *
 * <p>Evidence against a server is a connection whose SYN the client had to send again although no connection of the
 * server was established since the first one; each counts once. So a SYN that got lost says nothing against a server that
 * answers others, nor does an ILB that stood still for a moment. A server whose answers pass through the ILB may also
 * refuse. One connection that is established takes all of it back.
 */
final class SilenceWatch {
    private long windowStartNanos;
    private int count;
    private boolean hasAnswered;
    private long answeredNanos;
    private boolean held;
    private long heldUntilNanos;

    /** A client has got an answer. */
    void answered(long nowNanos) {
        hasAnswered = true;
        answeredNanos = nowNanos;
        count = 0;
    }

    /**
     * A client has got none, or a refusal.
     *
     * @param sinceNanos when it asked first
     * @return whether the server counts as silent now
     */
    boolean unanswered(long sinceNanos, PassiveHealth policy, long nowNanos) {
        if (policy.retransmits() == 0 || (hasAnswered && answeredNanos - sinceNanos >= 0)) {
            return false;
        }
        if (count == 0 || nowNanos - windowStartNanos > policy.windowNanos()) {
            windowStartNanos = nowNanos;
            count = 0;
        }
        count++;
        return count >= policy.retransmits();
    }

    void hold(long untilNanos) {
        held = true;
        heldUntilNanos = untilNanos;
        count = 0;
    }

    /** A check passes. */
    void release() {
        held = false;
        count = 0;
    }

    /** Whether the server counts as down for its silence. */
    boolean holds(long nowNanos) {
        held = held && heldUntilNanos - nowNanos > 0;
        return held;
    }
}
