package org.ilbd.daemon.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.ilbd.daemon.config.Configuration;
import org.ilbd.daemon.config.ConfigurationException;
import org.ilbd.daemon.config.ConfigurationLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ilbd}: reads the configuration, and checks it or runs with it. */
@Command(
        name = "ilbd",
        description = {
            "An individual load balancer (ILB): one of several that together are one layer-4 TCP load balancer.",
            "Runs in the foreground, prints one line when it is ready, and logs to standard error.",
            ""
        },
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:success",
            "1:failure",
            "2:the command line is wrong",
            "3:the configuration is wrong; each problem is on a line of its own",
            "4:a permission is missing",
            "5:an address, a port or an interface cannot be used"
        },
        footerHeading = "%nSignals:%n",
        footer = {
            "  SIGHUP    reads the configuration again",
            "  SIGTERM   leaves the cluster and ends; a second one ends at once"
        })
public final class IlbdCommand implements Callable<Integer> {
    private final Launcher launcher;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "The configuration file (HOCON).")
    @Nullable
    Path file;

    @Option(names = "--check", description = "Check the configuration, print every problem, and end.")
    boolean check;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and end.")
    boolean version;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text and end.")
    boolean help;

    private IlbdCommand(final Launcher launcher) {
        this.launcher = launcher;
    }

    /** The command line of {@code ilbd}. {@link CommandLine#execute} returns the number of an {@link ExitCode}. */
    public static CommandLine commandLine(final Launcher launcher) {
        return new CommandLine(new IlbdCommand(launcher))
                .addSubcommand(new SimulateCommand())
                .addSubcommand(new AgentCommand())
                .setExecutionExceptionHandler(IlbdCommand::unexpected)
                .setUsageHelpAutoWidth(true);
    }

    @Override
    public Integer call() {
        final CommandLine commandLine = Objects.requireNonNull(spec).commandLine();
        final Path path = file;
        if (path == null) {
            // Not required by picocli, for the subcommands go without.
            throw new ParameterException(commandLine, "Missing required option: '--config=FILE'");
        }
        final Configuration configuration;
        try {
            configuration = ConfigurationLoader.load(path);
        } catch (final ConfigurationException e) {
            commandLine.getErr().println(e.getMessage());
            return ExitCode.CONFIGURATION.number();
        }
        if (check) {
            commandLine.getOut().println(path + ": ok (" + configuration.summary() + ")");
            return ExitCode.OK.number();
        }
        try {
            launcher.run(configuration, path);
            return ExitCode.OK.number();
        } catch (final StartupException e) {
            commandLine.getErr().println("ilbd: " + e.getMessage());
            return e.exitCode().number();
        }
    }

    /** A fault of ours: the trace is what somebody needs who reports it. */
    private static int unexpected(
            final Exception exception, final CommandLine commandLine, final CommandLine.ParseResult parsed) {
        final PrintWriter err = commandLine.getErr();
        err.println("ilbd: unexpected failure, please report this: " + exception);
        exception.printStackTrace(err);
        return ExitCode.FAILURE.number();
    }
}
