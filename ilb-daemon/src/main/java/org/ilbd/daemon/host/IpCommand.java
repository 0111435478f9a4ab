package org.ilbd.daemon.host;

import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;

/**
 * The command {@code ip} of iproute2. Runs many commands in one process ({@code -batch}): a thousand routes take
 * milliseconds.
 */
final class IpCommand {
    private static final long TIMEOUT_SECONDS = 30;
    /** Where a user's PATH may not lead, but where distributions put it. */
    private static final List<String> MORE_DIRECTORIES = List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin");
    /** In a batch, the error of a command comes first and then this line, with the number of the command. */
    private static final Pattern FAILED = Pattern.compile("Command failed -:(\\d+)");

    private final String program;

    private IpCommand(final String program) {
        this.program = program;
    }

    /** One command of a batch that failed. */
    record Failure(String command, String error) {
        @Override
        public String toString() {
            return "ip " + command + ": " + error;
        }
    }

    /** @throws StartupException if it is not installed */
    static IpCommand find() throws StartupException {
        final String path = System.getenv().getOrDefault("PATH", "");
        return Stream.concat(Arrays.stream(path.split(File.pathSeparator, -1)), MORE_DIRECTORIES.stream())
                .map(directory -> Path.of(directory, "ip"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(program -> new IpCommand(program.toString()))
                .orElseThrow(() -> new StartupException(
                        ExitCode.FAILURE,
                        "the command ip is missing, which sets routes and rules: install the package iproute2"));
    }

    /**
     * Runs all commands, also those after one that fails.
     *
     * @return those that failed
     * @throws StartupException if ip itself does not run
     */
    List<Failure> batch(final boolean ipv6, final List<String> commands) throws StartupException {
        if (commands.isEmpty()) {
            return List.of();
        }
        try {
            final Process process = new ProcessBuilder(program, ipv6 ? "-6" : "-4", "-force", "-batch", "-")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (Writer input = process.outputWriter(StandardCharsets.UTF_8)) {
                input.write(String.join("\n", commands) + "\n");
            }
            final List<Failure> failures = new ArrayList<>();
            final List<String> error = new ArrayList<>();
            for (final String line :
                    process.errorReader(StandardCharsets.UTF_8).lines().toList()) {
                final Matcher failed = FAILED.matcher(line);
                if (failed.matches()) {
                    failures.add(
                            new Failure(commands.get(Integer.parseInt(failed.group(1)) - 1), String.join("; ", error)));
                    error.clear();
                } else {
                    error.add(line.strip());
                }
            }
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("does not end");
            }
            if (process.exitValue() != 0 && failures.isEmpty()) {
                throw new IOException("ended with " + process.exitValue() + ": " + String.join("; ", error));
            }
            return failures;
        } catch (final IOException e) {
            throw new StartupException(ExitCode.FAILURE, program + " -batch: " + e.getMessage(), e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartupException(ExitCode.FAILURE, program + " -batch: interrupted", e);
        }
    }
}
