package org.ilbd.core.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.scheduler.Intake;

/**
 * The designations of one service's intake, as this ILB holds them: the latest, and, while this ILB is the responsible one, who
 * has confirmed it. The engine's thread writes; what is public may be read by any.
 */
public final class ServiceIntake {
    /** Why a designation came to be held. */
    public enum Cause {
        /** There was none. */
        FIRST,
        /** The one before is gone, down, draining, or full. */
        LOST,
        /** The load of the one before has passed the threshold. */
        LOAD,
        /** The time of the one before is up. */
        TIME,
        /** Another ILB says so. */
        PEER
    }

    /** A decision: who is next, and why. */
    record Choice(IpAddress node, Cause cause) {}

    private volatile Designation current = Designation.NONE;
    private long sinceNanos;
    private final long[] changes = new long[Cause.values().length];
    /** Replaced with each change, since others read it. */
    private volatile Map<IpAddress, Long> timesDesignated = Map.of();

    private boolean responsible;
    private boolean settled;
    private long responsibleSinceNanos;
    private long repeatDueNanos;
    private int unconfirmed;
    /** By the peers' positions, and the incarnations that said so. */
    private Designation[] heldBy = {};

    private long[] heldByIncarnation = {};

    ServiceIntake() {}

    /** What counts now; {@link Designation#NONE} before the first. */
    public Designation current() {
        return current;
    }

    /** How often this ILB came to hold another designation for that cause; those it made itself are all but {@link Cause#PEER}. */
    public long changes(Cause cause) {
        return changes[cause.ordinal()];
    }

    /** How often this ILB came to hold a designation of the node at that address. */
    public long timesDesignated(IpAddress node) {
        return timesDesignated.getOrDefault(node, 0L);
    }

    /** Whether this ILB is the responsible one. */
    public boolean responsible() {
        return responsible;
    }

    /** Other ILBs that have not confirmed yet what counts now, as the responsible one sees it; 0 at the others. */
    public int unconfirmed() {
        return unconfirmed;
    }

    /** Milliseconds since what counts now was designated. */
    int ageMillis(long nowNanos) {
        return (int) Math.min(Integer.MAX_VALUE, (nowNanos - sinceNanos) / 1_000_000);
    }

    /** This ILB is the responsible one from now on; what others hold is to be heard anew. */
    void lead(long nowNanos) {
        responsible = true;
        settled = false;
        responsibleSinceNanos = nowNanos;
        repeatDueNanos = nowNanos;
        Arrays.fill(heldBy, Designation.NONE);
        Arrays.fill(heldByIncarnation, Long.MIN_VALUE);
    }

    /** Another ILB is the responsible one. */
    void follow() {
        responsible = false;
        unconfirmed = 0;
    }

    /**
     * Takes note of how far the confirmations are.
     *
     * @param missing peers that have not confirmed
     * @param missingActive those of them that are ACTIVE
     * @param patienceNanos after which the begin of a responsibility does not wait for them any more
     */
    void count(int missing, int missingActive, long patienceNanos, long nowNanos) {
        unconfirmed = missing;
        settled |= missingActive == 0 || nowNanos - responsibleSinceNanos >= patienceNanos;
    }

    /** Whether it is time to say it once more to those that have not confirmed; if so, it is not again for an interval. */
    boolean repeats(long intervalNanos, long nowNanos) {
        if (nowNanos - repeatDueNanos < 0) {
            return false;
        }
        repeatDueNanos = nowNanos + intervalNanos;
        return true;
    }

    /** Whether a peer, in its present life, holds what counts now. */
    boolean isConfirmedBy(Peer peer) {
        int position = peer.position();
        return position < heldBy.length
                && heldByIncarnation[position] == peer.incarnation()
                && heldBy[position].compareTo(current) == 0;
    }

    /** A peer says what it holds. */
    void heard(Peer peer, Designation designation) {
        int position = peer.position();
        if (position >= heldBy.length) {
            int known = heldBy.length;
            heldBy = Arrays.copyOf(heldBy, position + 1);
            heldByIncarnation = Arrays.copyOf(heldByIncarnation, position + 1);
            Arrays.fill(heldBy, known, position + 1, Designation.NONE);
            Arrays.fill(heldByIncarnation, known, position + 1, Long.MIN_VALUE);
        }
        if (heldByIncarnation[position] != peer.incarnation() || designation.isAfter(heldBy[position])) {
            heldBy[position] = designation;
            heldByIncarnation[position] = peer.incarnation();
        }
    }

    /** What a peer said counts no more: it may have come to hold another designation since. */
    void forget(Peer peer) {
        if (peer.position() < heldBy.length) {
            heldBy[peer.position()] = Designation.NONE;
        }
    }

    /** Puts another ILB's designation in the place of an earlier one; false if it is no later than what is held. */
    boolean learn(Designation designation, int ageMillis, long nowNanos) {
        if (!designation.isAfter(current)) {
            return false;
        }
        hold(designation, Cause.PEER, nowNanos - ageMillis * 1_000_000L, nowNanos);
        return true;
    }

    /** Designates, with the sequence after all that this ILB has seen. */
    void designate(Choice choice, long incarnation, int tag, long nowNanos) {
        Designation designation = new Designation(current.sequence() + 1, incarnation, tag, choice.node());
        hold(designation, choice.cause(), nowNanos, nowNanos);
    }

    private void hold(Designation designation, Cause cause, long designatedNanos, long nowNanos) {
        current = designation;
        changes[cause.ordinal()]++;
        Map<IpAddress, Long> times = new HashMap<>(timesDesignated);
        times.merge(designation.node(), 1L, Long::sum);
        timesDesignated = Map.copyOf(times);
        sinceNanos = designatedNanos;
        repeatDueNanos = nowNanos;
    }

    /** What the responsible ILB decides now, if anything; not before it has heard what the others hold. */
    Optional<Choice> decide(Intake intake, IntakeSettings settings, long nowNanos) {
        if (!settled) {
            return Optional.empty();
        }
        int threshold = settings.thresholdPerMille();
        if (current.sequence() == 0 || !intake.takesNew()) {
            Cause cause = current.sequence() == 0 ? Cause.FIRST : Cause.LOST;
            return intake.standIn()
                    .or(() -> intake.successor(threshold))
                    .or(intake::bestRated)
                    .map(node -> new Choice(node, cause));
        }
        long ageNanos = nowNanos - sinceNanos;
        if (intake.load() > threshold && ageNanos >= settings.minTimeNanos()) {
            // Where all are above it, the one with most left.
            return intake.successor(threshold)
                    .or(intake::bestRated)
                    .filter(node -> !node.equals(current.node()))
                    .map(node -> new Choice(node, Cause.LOAD));
        }
        if (settings.maxTimeNanos() > 0 && ageNanos >= settings.maxTimeNanos()) {
            return intake.successor(threshold).map(node -> new Choice(node, Cause.TIME));
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return current + (responsible ? " responsible, unconfirmed=" + unconfirmed : "");
    }
}
