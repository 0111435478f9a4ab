package org.ilbd.daemon.admin;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.ilbd.daemon.health.AgentResult;
import org.ilbd.daemon.health.CheckResult;
import org.ilbd.daemon.health.ServerCounts;

/** The meters of health checks and of agents' replies, which come and go with the servers that are watched. */
final class HealthMeters {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();
    private List<ServerCounts> shown = List.of();

    HealthMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * Shows these counts and no others.
     *
     * @param counts the health checker's list, which is another object after each change of the configuration
     */
    @SuppressWarnings("ReferenceEquality") // the same servers may have agents now
    void show(List<ServerCounts> counts) {
        if (counts == shown) {
            return;
        }
        meters.forEach(registry::remove);
        meters.clear();
        counts.forEach(this::add);
        shown = counts;
    }

    private void add(ServerCounts counts) {
        Tags tags =
                Tags.of("service", counts.service(), "server", counts.server().toString());
        for (CheckResult result : CheckResult.values()) {
            count(
                    "ilbd.health.checks",
                    "Health checks of the server by this ILB, by how they ended.",
                    tags.and("result", lower(result)),
                    counts,
                    its -> its.checks(result));
        }
        if (counts.hasAgent()) {
            for (AgentResult result : AgentResult.values()) {
                count(
                        "ilbd.agent.replies",
                        "Questions of this ILB to the server's agent, by how they ended.",
                        tags.and("result", lower(result)),
                        counts,
                        its -> its.agentReplies(result));
            }
        }
    }

    private void count(
            String name, String description, Tags tags, ServerCounts counts, ToDoubleFunction<ServerCounts> value) {
        meters.add(FunctionCounter.builder(name, counts, value)
                .description(description)
                .tags(tags)
                .register(registry));
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
