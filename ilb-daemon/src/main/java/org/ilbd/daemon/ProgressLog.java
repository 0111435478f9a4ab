package org.ilbd.daemon;

import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.engine.Engine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What goes on over a longer time, for the log: a line each time it is run, while there is something to tell. */
final class ProgressLog implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProgressLog.class);

    private final Engine engine;
    private long transferred;
    private boolean handingOver;
    private long refused;

    ProgressLog(Engine engine) {
        this.engine = engine;
    }

    /** On the engine's loop. */
    @Override
    public void run() {
        tellHandover();
        tellRefused();
    }

    private void tellHandover() {
        long records = engine.counters().get(Counter.ASSOCIATIONS_TRANSFERRED);
        if (engine.isHandingOver()) {
            LOGGER.info(
                    "handing over: {} of {} associations looked at, {} sent since the last line, {} on one ILB only",
                    engine.handoverWalked(),
                    engine.owned().size(),
                    records - transferred,
                    engine.underReplicated());
        } else if (handingOver || records != transferred) {
            LOGGER.info("handed over: {} associations sent since the last line", records - transferred);
        }
        handingOver = engine.isHandingOver();
        transferred = records;
    }

    /** An ILB with another key looks like silence; this says that it is none. */
    private void tellRefused() {
        long now = engine.counters().dropped(DropReason.PEER_BAD_MAC)
                + engine.counters().dropped(DropReason.PEER_UNKNOWN_KEY);
        if (now != refused) {
            LOGGER.error(
                    "{} messages of other ILBs are not signed with this ILB's cluster key, and were dropped: "
                            + "is ilb.cluster.key-file the same on all?",
                    now - refused);
            refused = now;
        }
    }
}
