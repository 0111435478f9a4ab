package org.ilbd.daemon.config;

import java.time.Duration;
import org.ilbd.core.engine.AllDown;
import org.ilbd.core.engine.OnDown;
import org.ilbd.core.engine.PassiveHealth;
import org.ilbd.core.engine.ServicePolicy;

/** What a service's section says of its servers' lives. */
final class PolicyReader {
    /** More than an ILB has room for. */
    static final Kind<Integer> CONNECTIONS = Kind.integer(0, 100_000_000);

    /** 0s is a way to say: at once, or never. */
    private static final Kind<Duration> SLOW_START = Kind.duration(Duration.ZERO, Duration.ofHours(1));

    private static final Kind<Duration> DRAIN_TIME = Kind.duration(Duration.ZERO, Duration.ofDays(7));
    private static final Kind<Duration> REPORT_AGE = Kind.duration(Duration.ofMillis(100), Duration.ofHours(1));
    private static final Kind<Duration> PASSIVE_TIME = Kind.duration(Duration.ofMillis(100), Duration.ofHours(1));

    /** As many as no client of itself, and hardly a lost datagram, makes; SYNs come again after a second. */
    private static final int DEFAULT_RETRANSMITS = 5;
    /** A server of a quiet service that gets one connection each second is noticed. */
    private static final Duration DEFAULT_WINDOW = Duration.ofSeconds(5);
    /** Some checks fit in, which end it if they pass. */
    private static final Duration DEFAULT_HOLD = Duration.ofSeconds(10);

    private PolicyReader() {}

    static ServicePolicy read(final Section service) {
        return new ServicePolicy(
                service.value("maxconn", CONNECTIONS, 0),
                service.value("on-down", Kind.choice(OnDown.class), OnDown.KEEP),
                service.value("all-down", Kind.choice(AllDown.class), AllDown.DROP),
                service.value("slow-start", SLOW_START, Duration.ZERO).toNanos(),
                service.value("drain-time", DRAIN_TIME, Duration.ZERO).toNanos(),
                service.value(
                                "report-max-age",
                                REPORT_AGE,
                                Duration.ofNanos(ServicePolicy.DEFAULT_REPORT_MAX_AGE_NANOS))
                        .toNanos(),
                readPassive(service.section("passive")));
    }

    private static PassiveHealth readPassive(final Section section) {
        final PassiveHealth passive = new PassiveHealth(
                section.value("retransmits", Kind.integer(0, 1_000_000), DEFAULT_RETRANSMITS),
                section.value("window", PASSIVE_TIME, DEFAULT_WINDOW).toNanos(),
                section.value("hold", PASSIVE_TIME, DEFAULT_HOLD).toNanos());
        section.finish();
        return passive;
    }
}
