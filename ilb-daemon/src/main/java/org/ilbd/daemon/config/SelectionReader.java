package org.ilbd.daemon.config;

import java.time.Duration;
import java.util.Optional;
import org.ilbd.core.engine.Authority;
import org.ilbd.core.engine.SelectionPolicy;
import org.ilbd.core.engine.Zones;
import org.ilbd.core.scheduler.SchedulerKind;

/** What a service's section says of who selects servers, and by what besides the scheduler. */
final class SelectionReader {
    /** A tick, to half of the time after which a client sends its SYN again. */
    private static final Kind<Duration> MASTER_TIMEOUT = Kind.duration(Duration.ofMillis(10), Duration.ofMillis(500));

    private static final Kind<Integer> PERCENT = Kind.integer(1, 100);
    private static final Kind<Integer> OVERLOAD = Kind.percent(0);
    private static final Kind<Integer> OVERLOAD_DIFFERENCE = Kind.percent(1);

    private SelectionReader() {}

    static SelectionPolicy read(
            final Section service, final Zones zones, final SchedulerKind scheduler, final Problems problems) {
        final Authority authority = service.value("authority", Kind.choice(Authority.class), Authority.OWNER);
        final Optional<Located<Duration>> timeout = service.optional("master-timeout", MASTER_TIMEOUT);
        final Optional<Located<Integer>> overload = service.optional("overload", OVERLOAD);
        final Optional<Located<Integer>> difference = service.optional("overload-difference", OVERLOAD_DIFFERENCE);
        final Optional<Located<Boolean>> lastServer = service.optional("prefer-last-server", Kind.flag());
        final Optional<Located<Boolean>> zone = service.optional("prefer-zone", Kind.flag());
        final boolean preferZone = zone.map(Located::value).orElse(false);
        final Optional<Located<Integer>> loadLimit = service.optional("zone-load-limit", PERCENT);
        if (authority != Authority.MASTER) {
            timeout.ifPresent(setting -> meansNothing(setting, "authority = master", problems));
            overload.ifPresent(setting -> meansNothing(setting, "authority = master", problems));
            difference.ifPresent(setting -> meansNothing(setting, "authority = master", problems));
            lastServer.ifPresent(setting -> meansNothing(setting, "authority = master", problems));
        }
        if (preferZone && scheduler == SchedulerKind.INTAKE) {
            problems.add(
                    zone.orElseThrow(),
                    "means nothing to the scheduler intake, which gives every new connection to one server");
        }
        if (!preferZone) {
            loadLimit.ifPresent(setting -> meansNothing(setting, "prefer-zone = true", problems));
        }
        return new SelectionPolicy(
                authority,
                timeout.map(setting -> setting.value().toNanos()).orElse(SelectionPolicy.DEFAULT_MASTER_TIMEOUT_NANOS),
                overload.map(Located::value).orElse(SelectionPolicy.DEFAULT_OVERLOAD),
                difference.map(Located::value).orElse(SelectionPolicy.DEFAULT_OVERLOAD_DIFFERENCE),
                lastServer.map(Located::value).orElse(false),
                preferZone,
                loadLimit.map(setting -> setting.value() * 10).orElse(SelectionPolicy.DEFAULT_ZONE_LOAD_LIMIT),
                zones);
    }

    private static void meansNothing(final Located<?> setting, final String without, final Problems problems) {
        problems.add(setting, "means nothing without " + without);
    }
}
