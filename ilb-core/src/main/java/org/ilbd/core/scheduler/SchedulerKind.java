package org.ilbd.core.scheduler;

/** The schedulers that a service may name in the configuration. */
public enum SchedulerKind {
    MAGLEV("maglev"),
    ROUND_ROBIN("round-robin"),
    LEAST_CONNECTIONS("least-connections");

    private final String configName;

    SchedulerKind(String configName) {
        this.configName = configName;
    }

    /** The name in the configuration file. */
    public String configName() {
        return configName;
    }

    /** A new scheduler of this kind, without servers. */
    public Scheduler create() {
        return switch (this) {
            case MAGLEV -> new Maglev();
            case ROUND_ROBIN -> new RoundRobin();
            case LEAST_CONNECTIONS -> new LeastConnections();
        };
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
        throw new IllegalArgumentException(
                "'" + name + "' is not a scheduler (maglev, round-robin, least-connections)");
    }
}
