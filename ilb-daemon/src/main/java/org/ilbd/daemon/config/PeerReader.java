package org.ilbd.daemon.config;

import java.time.Duration;
import org.ilbd.core.scheduler.PeerThresholds;
import org.ilbd.core.scheduler.SchedulerKind;

/** A service's section {@code peer}. */
final class PeerReader {
    /** Loads are measured four times a second; beyond the default report-max-age they would be too old when the next one comes. */
    private static final Kind<Duration> INTERVAL = Kind.duration(Duration.ofMillis(250), Duration.ofSeconds(5));

    private static final Kind<Integer> KEEP_BELOW = Kind.percent(0);
    private static final Kind<Integer> PASS_DIFFERENCE = Kind.percent(1);

    private final Problems problems;

    PeerReader(final Problems problems) {
        this.problems = problems;
    }

    PeerThresholds read(final Section service, final SchedulerKind scheduler) {
        if (service.has("peer") && scheduler != SchedulerKind.PEER) {
            problems.add(
                    service.placeOf("peer"),
                    service.pathOf("peer"),
                    "means nothing to the scheduler " + scheduler.configName() + "; it is a setting of "
                            + SchedulerKind.PEER.configName());
        }
        final PeerThresholds defaults = PeerThresholds.DEFAULT;
        final Section section = service.section("peer");
        final PeerThresholds thresholds = new PeerThresholds(
                section.value("keep-below", KEEP_BELOW, defaults.keepBelow()),
                section.value("pass-difference", PASS_DIFFERENCE, defaults.passDifference()),
                section.value("load-interval", INTERVAL, Duration.ofNanos(defaults.loadIntervalNanos()))
                        .toNanos());
        section.finish();
        return thresholds;
    }
}
