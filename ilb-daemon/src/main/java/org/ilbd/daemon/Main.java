package org.ilbd.daemon;

import org.ilbd.daemon.cli.IlbdCommand;

/** The process {@code ilbd}. */
public final class Main {
    private Main() {}

    /** Ends the process with the number of an {@link ExitCode}. */
    public static void main(String[] arguments) {
        System.exit(IlbdCommand.commandLine(new Daemon()).execute(arguments));
    }
}
