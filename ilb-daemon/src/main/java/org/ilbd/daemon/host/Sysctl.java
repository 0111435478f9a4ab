package org.ilbd.daemon.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;

/**
 * The kernel's settings of this network namespace. Names are written with slashes, since the name of an interface may
 * contain a dot.
 */
final class Sysctl {
    private static final Path ROOT = Path.of("/proc/sys");

    private Sysctl() {}

    /** Empty if there is no such setting, as for an interface that is gone. */
    static Optional<String> read(final String name) {
        try {
            return Optional.of(Files.readString(ROOT.resolve(name), StandardCharsets.US_ASCII)
                    .strip());
        } catch (final IOException _) {
            return Optional.empty();
        }
    }

    /** Does nothing if the value is set already, so that no right is needed for it. */
    static void write(final String name, final String value) throws StartupException {
        if (read(name).equals(Optional.of(value))) {
            return;
        }
        try {
            Files.writeString(ROOT.resolve(name), value + "\n", StandardCharsets.US_ASCII);
        } catch (final IOException e) {
            throw new StartupException(
                    ExitCode.PERMISSION,
                    "cannot set " + name.replace('/', '.') + " = " + value + " (" + e.getMessage()
                            + "); if /proc/sys is read-only here (a container, ProtectKernelTunables in a unit), set it"
                            + " from outside",
                    e);
        }
    }

    /** The interfaces that have settings of a family, without {@code all} and {@code default}. */
    static List<String> interfaces(final String family) {
        try (Stream<Path> directories = Files.list(ROOT.resolve("net/" + family + "/conf"))) {
            return directories
                    .map(directory -> directory.getFileName().toString())
                    .filter(name -> !name.equals("all") && !name.equals("default"))
                    .sorted()
                    .toList();
        } catch (final IOException _) {
            return List.of();
        }
    }
}
