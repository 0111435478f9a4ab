package org.ilbd.core.scheduler;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.ilbd.core.packet.FourTuple;

/** The schedulers that a service may name in the configuration. */
public enum SchedulerKind {
    MAGLEV("maglev"),
    ROUND_ROBIN("round-robin"),
    LEAST_CONNECTIONS("least-connections"),
    RANDOM_TWO_CHOICES("random-two-choices"),
    /** {@link Maglev} by the client's address alone. */
    SOURCE_HASH("source-hash"),
    LEAST_LOAD("least-load"),
    BOUNDED_LOAD("bounded-load"),
    INTAKE("intake"),
    PEER("peer");

    private final String configName;

    SchedulerKind(String configName) {
        this.configName = configName;
    }

    /** The name in the configuration file. */
    public String configName() {
        return configName;
    }

    /**
     * A new scheduler of this kind, without servers.
     *
     * @param table the service's table, which serves the packets that nobody holds an association for; a scheduler that
     *     selects by it updates it too
     * @param balanceFactor of {@link BoundedLoad}
     * @throws IllegalArgumentException if the factor is out of range
     */
    public Scheduler create(Maglev table, double balanceFactor) {
        return switch (this) {
            case MAGLEV, SOURCE_HASH -> table;
            case ROUND_ROBIN -> new RoundRobin();
            case LEAST_CONNECTIONS -> new LeastConnections();
            case RANDOM_TWO_CHOICES -> new RandomTwoChoices(table);
            case LEAST_LOAD -> new LeastLoad();
            case BOUNDED_LOAD -> new BoundedLoad(table, balanceFactor);
            case INTAKE -> new Intake();
            case PEER -> new Peer();
        };
    }

    /** The hash of a connection by which schedulers of this kind select. Packet path. */
    public long hash(FourTuple tuple) {
        return this == SOURCE_HASH ? SelectionHash.ofSource(tuple) : SelectionHash.of(tuple);
    }

    /**
     * The kind with this name in the configuration file.
     *
     * @throws IllegalArgumentException with a text for an operator
     */
    public static SchedulerKind parse(String name) {
        for (SchedulerKind kind : values()) {
            if (kind.configName.equals(name)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("'" + name + "' is not a scheduler ("
                + Arrays.stream(values()).map(SchedulerKind::configName).collect(Collectors.joining(", ")) + ")");
    }
}
