package org.ilbd.daemon.config;

import java.time.Duration;
import org.ilbd.core.engine.IntakeSettings;
import org.ilbd.core.scheduler.SchedulerKind;

/** What a service's section says of when another server is its intake. */
final class IntakeReader {
    private static final Kind<Integer> THRESHOLD = Kind.percent(1);
    private static final Kind<Duration> MAX_TIME = Kind.duration(Duration.ZERO, Duration.ofDays(7));
    /** Without a least time, two servers that are both above the threshold would take turns with every tick. */
    private static final Kind<Duration> MIN_TIME = Kind.duration(Duration.ofMillis(100), Duration.ofHours(1));

    private IntakeReader() {}

    static IntakeSettings read(final Section service, final SchedulerKind scheduler, final Problems problems) {
        final Section section = service.section("intake");
        if (service.has("intake") && scheduler != SchedulerKind.INTAKE) {
            problems.add(
                    service.placeOf("intake"),
                    service.pathOf("intake"),
                    "means nothing to the scheduler " + scheduler.configName() + "; it is a setting of "
                            + SchedulerKind.INTAKE.configName());
        }
        final IntakeSettings usual = IntakeSettings.DEFAULT;
        final int threshold = section.value("threshold", THRESHOLD, usual.thresholdPerMille());
        final Duration most = section.value("max-time", MAX_TIME, Duration.ofNanos(usual.maxTimeNanos()));
        final Duration least = section.value("min-time", MIN_TIME, Duration.ofNanos(usual.minTimeNanos()));
        if (!most.isZero() && most.compareTo(least) < 0) {
            problems.add(
                    section.place(),
                    section.path(),
                    "min-time (" + Kind.inWords(least) + ") is more than max-time (" + Kind.inWords(most) + ")");
        }
        section.finish();
        return new IntakeSettings(threshold, most.toNanos(), least.toNanos());
    }
}
