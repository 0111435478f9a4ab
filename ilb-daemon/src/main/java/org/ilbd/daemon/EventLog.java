package org.ilbd.daemon;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.ilbd.core.engine.Designation;
import org.ilbd.core.engine.EngineListener;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceIntake;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the cluster does, for the log: one line for each event. The engine's thread does not write it: a line takes a fifth of a millisecond
 * and more, for which packets would wait, and standard error may block.
 */
final class EventLog implements EngineListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(EventLog.class);

    private final Executor writer;

    /** Whose lines are written by that executor. */
    EventLog(Executor writer) {
        this.writer = writer;
    }

    @Override
    public void viewChanged(List<IlbId> activeIds) {
        writer.execute(() -> LOGGER.info(
                "view: {} active{}",
                activeIds.size(),
                activeIds.stream().map(IlbId::toString).collect(Collectors.joining(", ", ": ", ""))));
    }

    @Override
    public void peerStateChanged(Peer peer, IlbState from, IlbState to) {
        if (to == IlbState.DEAD) {
            writer.execute(() -> LOGGER.warn(
                    "peer {} is dead: no message within the failure timeout; it was {}", peer.id(), name(from)));
        } else if (from == IlbState.DEAD) {
            Endpoint endpoint = peer.endpoint();
            writer.execute(() -> LOGGER.info("peer {} at {} is {}", peer.id(), endpoint, name(to)));
        } else {
            writer.execute(() -> LOGGER.info("peer {} is {}; it was {}", peer.id(), name(to), name(from)));
        }
    }

    @Override
    public void selfStateChanged(IlbState from, IlbState to) {
        writer.execute(() -> LOGGER.info("this ILB is {}; it was {}", name(to), name(from)));
    }

    @Override
    public void peerRestarted(Peer peer, long oldIncarnation) {
        writer.execute(() -> LOGGER.info("peer {} was restarted", peer.id()));
    }

    @Override
    public void broadcastGap(Peer peer) {
        if (LOGGER.isDebugEnabled()) {
            writer.execute(
                    () -> LOGGER.debug("missed a broadcast of peer {}: what was cached from it is void", peer.id()));
        }
    }

    @Override
    public void wasAway(long awayNanos) {
        writer.execute(() -> LOGGER.warn(
                "this ILB stood still for {} ms, longer than the others wait for it: all that it cached is void",
                TimeUnit.NANOSECONDS.toMillis(awayNanos)));
    }

    @Override
    public void duplicateId(Endpoint source, long incarnation) {
        writer.execute(() ->
                LOGGER.error("another ILB, at {}, has an id that is taken: give each ILB its own cluster.id", source));
    }

    @Override
    public void viewsDiffer(Peer peer, boolean differ) {
        if (differ) {
            writer.execute(() -> LOGGER.warn(
                    "peer {} sees another set of active ILBs than this one: is the network divided?", peer.id()));
        } else {
            writer.execute(() -> LOGGER.info("peer {} sees the same active ILBs again", peer.id()));
        }
    }

    @Override
    public void designated(Service service, Designation from, Designation to, ServiceIntake.Cause cause) {
        String name = service.config().name();
        writer.execute(() -> LOGGER.info(
                "service {}: intake is {} (designation {}: {}); it was {}",
                name,
                to.node(),
                to.sequence(),
                reason(cause),
                from.sequence() == 0 ? "none" : from.node()));
    }

    private static String reason(ServiceIntake.Cause cause) {
        return switch (cause) {
            case FIRST -> "the first";
            case LOST -> "the one before takes no new connections";
            case LOAD -> "the load of the one before is above the threshold";
            case TIME -> "the time of the one before is up";
            case PEER -> "by another ILB";
        };
    }

    private static String name(IlbState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
