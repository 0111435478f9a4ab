package org.ilbd.daemon.health;

/**
 * Whether one server is up, from the results of its checks: up after {@code rise} checks in a row that passed, down after {@code fall} checks
 * in a row that failed.
 *
 * <p><b>Start.</b> A server that nothing is known of starts up, one failed check away from down, as with HAProxy. Starting down would leave
 * a service without any server for {@code rise} intervals whenever its ILBs restart together; starting up with the full {@code fall} would
 * send connections to a dead server for as long. This way a dead server takes connections for one check at most, and the first check is made
 * at once.
 */
final class HealthState {
    private final int rise;
    private final int fall;
    private boolean up;
    /** The latest results in a row that speak against {@link #up}. */
    private int contrary;

    private HealthState(int rise, int fall, boolean up, int contrary) {
        if (rise < 1 || fall < 1) {
            throw new IllegalArgumentException("rise and fall must be at least 1: rise " + rise + ", fall " + fall);
        }
        this.rise = rise;
        this.fall = fall;
        this.up = up;
        this.contrary = contrary;
    }

    /** The state of a server that was never checked: up until the first failure. */
    static HealthState unchecked(int rise, int fall) {
        return new HealthState(rise, fall, true, fall - 1);
    }

    /** This state under other limits: up or down as it is, with the counting begun anew. */
    HealthState withLimits(int newRise, int newFall) {
        return new HealthState(newRise, newFall, up, 0);
    }

    boolean up() {
        return up;
    }

    /** Whether the latest result speaks against the state, which may be about to change. */
    boolean isContested() {
        return contrary > 0;
    }

    /** Takes in the result of one check; returns true if the server went up or down by it. */
    boolean onCheck(boolean passed) {
        if (passed == up) {
            contrary = 0;
            return false;
        }
        contrary++;
        if (contrary < (up ? fall : rise)) {
            return false;
        }
        up = passed;
        contrary = 0;
        return true;
    }

    @Override
    public String toString() {
        return (up ? "up" : "down") + " with " + contrary + " of " + (up ? fall : rise) + " against";
    }
}
