package org.ilbd.daemon.config;

import java.util.List;
import java.util.TreeSet;

/** Collects what is wrong while a configuration is read, so that all of it can be told at once. */
final class Problems {
    private final TreeSet<Problem> found = new TreeSet<>();

    /** @param path of the setting; empty if there is none */
    void add(final Place place, final String path, final String text) {
        found.add(new Problem(place.file(), place.line(), path, text));
    }

    void add(final Located<?> value, final String text) {
        add(value.place(), value.path(), text);
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    /** @throws ConfigurationException if anything was found */
    void throwIfAny() throws ConfigurationException {
        if (!found.isEmpty()) {
            throw new ConfigurationException(List.copyOf(found));
        }
    }
}
