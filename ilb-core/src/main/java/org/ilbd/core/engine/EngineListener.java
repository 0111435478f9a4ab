package org.ilbd.core.engine;

import org.ilbd.core.membership.MembershipListener;

/** Is told what the engine finds out, on the thread and within the call that made it find out. */
public interface EngineListener extends MembershipListener {
    /**
     * A service has another intake, or the same one was designated anew.
     *
     * @param from what was held before, {@link Designation#NONE} at first
     * @param to what is held now
     */
    default void designated(Service service, Designation from, Designation to, ServiceIntake.Cause cause) {}
}
