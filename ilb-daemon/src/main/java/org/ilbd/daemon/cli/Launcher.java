package org.ilbd.daemon.cli;

import java.nio.file.Path;
import org.ilbd.daemon.StartupException;
import org.ilbd.daemon.config.Configuration;

/** Runs the daemon, for the command that has read its configuration. */
@FunctionalInterface
public interface Launcher {
    /**
     * Returns when the daemon has come to its end.
     *
     * @param file that {@code configuration} was read from, to read it again on a reload
     * @throws StartupException if it cannot start
     */
    void run(Configuration configuration, Path file) throws StartupException;
}
