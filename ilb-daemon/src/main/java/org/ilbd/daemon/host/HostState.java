package org.ilbd.daemon.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What ilbd has changed on its host, or is about to change. */
record HostState(List<RoutingEntry> entries, List<SysctlChange> sysctls) {
    private static final String HEADER = "ilbd host state 1, boot ";
    private static final String ENTRY = "entry ";
    private static final String SYSCTL = "sysctl ";

    /** Copies the lists. */
    HostState {
        entries = List.copyOf(entries);
        sysctls = List.copyOf(sysctls);
    }

    /** @param boot which start of the host it belongs to */
    String format(final String boot) {
        final StringBuilder text = new StringBuilder(HEADER + boot + "\n");
        entries.forEach(entry -> text.append(ENTRY).append(entry).append('\n'));
        sysctls.forEach(change -> text.append(SYSCTL).append(change).append('\n'));
        return text.toString();
    }

    /** Empty if it belongs to another start of the host. Lines that make no sense are left out. */
    static Optional<HostState> parse(final String text, final String boot) {
        final List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(HEADER + boot)) {
            return Optional.empty();
        }
        final List<RoutingEntry> entries = new ArrayList<>();
        final List<SysctlChange> sysctls = new ArrayList<>();
        for (final String line : lines) {
            if (line.startsWith(ENTRY)) {
                RoutingEntry.parse(line.substring(ENTRY.length())).ifPresent(entries::add);
            } else if (line.startsWith(SYSCTL)) {
                SysctlChange.parse(line.substring(SYSCTL.length())).ifPresent(sysctls::add);
            }
        }
        return Optional.of(new HostState(entries, sysctls));
    }
}
