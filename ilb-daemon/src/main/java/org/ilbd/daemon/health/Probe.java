package org.ilbd.daemon.health;

import java.util.function.Consumer;

/** One way to check one server. */
@FunctionalInterface
interface Probe {
    /**
     * Begins a check. On the event loop.
     *
     * @param done told once what came of it, on the event loop, not before this returns; not at all after {@link Running#cancel}
     */
    Running begin(Consumer<CheckOutcome> done);

    /** A check that is under way. */
    @FunctionalInterface
    interface Running {
        /** Gives it up. On the event loop; of no effect when it has ended. */
        void cancel();
    }
}
