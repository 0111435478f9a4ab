package org.ilbd.daemon.datapath;

import org.ilbd.core.engine.DropReason;

/** Counts packets that went no further. */
@FunctionalInterface
public interface DropSink {
    void drop(DropReason reason);
}
