package org.ilbd.daemon.admin;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.membership.IlbState;

/** What there is to see at which path. */
final class AdminPages {
    /** Every path, in the order in which a person is told of them. */
    static final List<String> PATHS = List.of("/metrics", "/healthz", "/readyz");

    private final Engine engine;
    private final DutyCycle dutyCycle;
    private final Metrics metrics;

    AdminPages(Engine engine, DutyCycle dutyCycle, Metrics metrics) {
        this.engine = engine;
        this.dutyCycle = dutyCycle;
        this.metrics = metrics;
    }

    /**
     * What one of the {@link #PATHS} shows now.
     *
     * @param accept the media types that the client takes, as in the header of that name; may be empty
     */
    Page page(String path, String accept, long nowNanos) {
        return switch (path) {
            case "/metrics" -> metrics.page(accept);
            case "/healthz" -> healthz(nowNanos);
            case "/readyz" -> readyz();
            default -> throw new IllegalArgumentException(path);
        };
    }

    private Page healthz(long nowNanos) {
        if (dutyCycle.isMoving(nowNanos)) {
            return Page.text(HttpResponseStatus.OK, "ok");
        }
        long silentMillis = TimeUnit.NANOSECONDS.toMillis(dutyCycle.silentNanos(nowNanos));
        return Page.text(
                HttpResponseStatus.SERVICE_UNAVAILABLE, "the engine has not moved for " + silentMillis + " ms");
    }

    private Page readyz() {
        IlbState state = engine.membership().selfState();
        return Page.text(
                state == IlbState.ACTIVE ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE,
                state.name().toLowerCase(Locale.ROOT));
    }
}
