package org.ilbd.daemon.host;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A kernel setting that ilbd changes, or that changes because ilbd changes another.
 *
 * @param name with slashes, such as {@code net/ipv4/ip_forward}
 * @param original before ilbd
 * @param wanted while ilbd runs; may be the same
 */
record SysctlChange(String name, String original, String wanted) {
    /** The state file is not to reach any other setting. */
    private static final Pattern LINE = Pattern.compile(
            "(net/ipv[46]/(?:ip_forward|tcp_early_demux|conf/(?!\\.{1,2}/)[^/ ]+/[a-z_0-9]+)) (\\d+) (\\d+)");

    /** The form in which the state file keeps it; {@link #parse} reads it. */
    @Override
    public String toString() {
        return name + " " + original + " " + wanted;
    }

    /** Empty if it is not what {@link #toString} writes. */
    static Optional<SysctlChange> parse(final String text) {
        return Optional.of(LINE.matcher(text))
                .filter(matcher -> matcher.matches())
                .map(matcher -> new SysctlChange(matcher.group(1), matcher.group(2), matcher.group(3)));
    }
}
