package org.ilbd.daemon.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used. It carries every problem; its message has one line for each. */
public final class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    ConfigurationException(final List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** One line for each problem. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** In reading order; never empty. */
    public List<Problem> problems() {
        return problems;
    }
}
