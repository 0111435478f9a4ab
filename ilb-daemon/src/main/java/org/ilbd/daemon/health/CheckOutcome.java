package org.ilbd.daemon.health;

/**
 * What came of one check.
 *
 * @param text why, for an operator; what was read, if that is what the check was for
 */
record CheckOutcome(CheckResult result, String text) {
    static CheckOutcome passed(String text) {
        return new CheckOutcome(CheckResult.PASSED, text);
    }

    static CheckOutcome failed(String reason) {
        return new CheckOutcome(CheckResult.FAILED, reason);
    }

    static CheckOutcome timeout(long millis) {
        return new CheckOutcome(CheckResult.TIMEOUT, "timeout after " + millis + " ms");
    }

    static CheckOutcome obstacle(String reason) {
        return new CheckOutcome(CheckResult.OBSTACLE, reason);
    }
}
