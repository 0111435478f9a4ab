package org.ilbd.daemon.config;

import com.typesafe.config.ConfigOrigin;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where something is written.
 *
 * @param line from 1; 0 if there is none
 */
record Place(String file, int line) {
    /**
     * The library describes an origin as {@code file: line} or {@code file: first-last}, and an object that several files
     * contribute to as {@code merge of A,B}. Any of them will do; this takes the last.
     */
    private static final Pattern DESCRIPTION = Pattern.compile("(?:merge of .*,)?(.*?)(?:: (\\d+)(?:-\\d+)?)?");

    private static final String ENVIRONMENT = "env variables";

    /** @param enclosing stands in for a value from the environment, which has no line of its own */
    static Place of(final ConfigOrigin origin, final Place enclosing) {
        return origin.description().equals(ENVIRONMENT) ? enclosing : of(origin);
    }

    static Place of(final ConfigOrigin origin) {
        final Matcher matcher = DESCRIPTION.matcher(origin.description());
        if (!matcher.matches()) {
            return new Place(origin.description(), 0);
        }
        final String line = matcher.group(2);
        return new Place(matcher.group(1), line == null ? 0 : Integer.parseInt(line));
    }

    @Override
    public String toString() {
        return line > 0 ? file + ":" + line : file;
    }
}
