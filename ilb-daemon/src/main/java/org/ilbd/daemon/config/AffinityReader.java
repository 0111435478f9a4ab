package org.ilbd.daemon.config;

import java.time.Duration;
import java.util.Optional;
import org.ilbd.core.engine.Affinity;

/** What a service's section says of clients whose connections belong together. */
final class AffinityReader {
    private static final String KEY = "affinity";

    /** What all connections of a client have in common. */
    private enum By {
        CLIENT_IP
    }

    private static final Kind<Duration> TIMEOUT =
            Kind.duration(Duration.ofSeconds(1), Duration.ofMillis(Affinity.MAX_TIMEOUT_MILLIS));

    /** As long as sessions of web applications commonly last without a request. */
    private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(30);

    private AffinityReader() {}

    static Optional<Affinity> read(final Section service) {
        return service.has(KEY)
                ? service.requiredSection(KEY, "an object").map(AffinityReader::readSection)
                : Optional.empty();
    }

    private static Affinity readSection(final Section section) {
        // The only way so far, and written down all the same, so that there can be others.
        section.required("by", Kind.choice(By.class));
        final Affinity affinity = new Affinity(
                section.value("prefix", Kind.integer(1, Integer.SIZE), Affinity.DEFAULT_PREFIX_BITS),
                section.value("prefix6", Kind.integer(1, 2 * Long.SIZE), Affinity.DEFAULT_PREFIX6_BITS),
                Math.toIntExact(
                        section.value("timeout", TIMEOUT, DEFAULT_TIMEOUT).toMillis()));
        section.finish();
        return affinity;
    }
}
