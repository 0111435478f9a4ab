package org.ilbd.core.engine;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a check or an agent says of a server. What it does not say stays as it was, but for the load: that is a
 * measurement, and an agent's report without one makes it unknown.
 *
 * <p>Whether a check passes is each ILB's own judgement. All else is shared among the ILBs, the youngest report counting.
 *
 * @param source a server is up while neither its check nor its agent says otherwise
 * @param up whether it serves
 * @param weightPercent of the configured weight, 0 (drains) to {@link #MAX_WEIGHT_PERCENT}
 * @param maxConnections instead of the configured limit; 0 for the configured one
 * @param loadPerMille 0 to {@link #MAX_LOAD}
 */
public record ServerReport(
        Source source,
        Optional<Boolean> up,
        Optional<Administration> administration,
        OptionalInt weightPercent,
        OptionalInt maxConnections,
        OptionalInt loadPerMille) {
    /** As in HAProxy, whose agents may say 256 %. */
    public static final int MAX_WEIGHT_PERCENT = 256;

    /** A server at the end of its strength. */
    public static final int MAX_LOAD = 1000;

    /** Who says it. */
    public enum Source {
        CHECK,
        AGENT
    }

    /** @throws IllegalArgumentException if a figure is out of its range */
    public ServerReport {
        require("weight", weightPercent, MAX_WEIGHT_PERCENT);
        require("maxconn", maxConnections, Integer.MAX_VALUE);
        require("load", loadPerMille, MAX_LOAD);
    }

    /** A health check passed often enough, or failed. */
    public static ServerReport ofCheck(boolean up) {
        return new ServerReport(
                Source.CHECK,
                Optional.of(up),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /** How loaded a server's host is, and nothing else. */
    public static ServerReport ofLoad(int perMille) {
        return new ServerReport(
                Source.AGENT,
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.of(perMille));
    }

    /** What the agent said counts no more, because the configuration does not name it any more. */
    public static ServerReport withoutAgent() {
        return new ServerReport(
                Source.AGENT,
                Optional.of(true),
                Optional.of(Administration.READY),
                OptionalInt.of(100),
                OptionalInt.of(0),
                OptionalInt.empty());
    }

    /** The same, but for the load, which is not known. */
    ServerReport withoutLoad() {
        return new ServerReport(source, up, administration, weightPercent, maxConnections, OptionalInt.empty());
    }

    private static void require(String what, OptionalInt value, int most) {
        if (value.isPresent() && (value.getAsInt() < 0 || value.getAsInt() > most)) {
            throw new IllegalArgumentException(what + " " + value.getAsInt() + " is not in 0.." + most);
        }
    }
}
