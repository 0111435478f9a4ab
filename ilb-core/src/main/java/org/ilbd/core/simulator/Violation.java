package org.ilbd.core.simulator;

/**
 * A broken invariant.
 *
 * @param invariant its number in the design, 1 to 7
 * @param atMillis since the start of the run
 * @param connection that it happened to, 0 if to none
 */
public record Violation(int invariant, String what, double atMillis, int connection) {
    @Override
    public String toString() {
        return "invariant " + invariant + " at " + atMillis + " ms"
                + (connection == 0 ? "" : ", connection #" + connection) + ": " + what;
    }
}
