package org.ilbd.daemon;

import java.util.concurrent.Executor;
import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.engine.Engine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What goes on over a longer time, for the log: a line each time it is run, while there is something to tell. */
final class ProgressLog implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProgressLog.class);

    private final Engine engine;
    private final Executor writer;
    private long transferred;
    private boolean handingOver;
    private long refused;

    /** Looks at the engine on its loop; the lines are written by that executor. */
    ProgressLog(Engine engine, Executor writer) {
        this.engine = engine;
        this.writer = writer;
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
            tellHandingOver(
                    engine.handoverWalked(), engine.owned().size(), records - transferred, engine.underReplicated());
        } else if (handingOver || records != transferred) {
            long last = records - transferred;
            writer.execute(() -> LOGGER.info("handed over: {} associations sent since the last line", last));
        }
        handingOver = engine.isHandingOver();
        transferred = records;
    }

    private void tellHandingOver(int walked, int of, long sent, int alone) {
        writer.execute(() -> LOGGER.info(
                "handing over: {} of {} associations looked at, {} sent since the last line, {} on one ILB only",
                walked,
                of,
                sent,
                alone));
    }

    /** An ILB with another key looks like silence; this says that it is none. */
    private void tellRefused() {
        long now = engine.counters().dropped(DropReason.PEER_BAD_MAC)
                + engine.counters().dropped(DropReason.PEER_UNKNOWN_KEY);
        if (now != refused) {
            long more = now - refused;
            writer.execute(() -> LOGGER.error(
                    "{} messages of other ILBs are not signed with this ILB's cluster key, and were dropped: "
                            + "is ilb.cluster.key-file the same on all?",
                    more));
            refused = now;
        }
    }
}
