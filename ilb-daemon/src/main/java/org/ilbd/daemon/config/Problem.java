package org.ilbd.daemon.config;

import java.util.Comparator;

/**
 * One thing that is wrong with a configuration.
 *
 * @param file as the operator named it, or as an include names it
 * @param line from 1; 0 if the problem has no line
 * @param path of the setting, such as {@code ilb.cluster.port}; empty if the problem has none
 * @param text what is wrong, and what would be right
 */
public record Problem(String file, int line, String path, String text) implements Comparable<Problem> {
    private static final Comparator<Problem> IN_READING_ORDER = Comparator.comparing(Problem::file)
            .thenComparingInt(Problem::line)
            .thenComparing(Problem::path)
            .thenComparing(Problem::text);

    @Override
    public int compareTo(final Problem other) {
        return IN_READING_ORDER.compare(this, other);
    }

    /** {@code file:line: path: text}, on one line. */
    @Override
    public String toString() {
        final String place = line > 0 ? file + ":" + line + ": " : file + ": ";
        return place + (path.isEmpty() ? "" : path + ": ") + text.replaceAll("\\s*\\R\\s*", " ");
    }
}
