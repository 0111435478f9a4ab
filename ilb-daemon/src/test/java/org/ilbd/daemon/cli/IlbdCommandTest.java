package org.ilbd.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class IlbdCommandTest {
    private static final String GOOD = """
            ilb {
              cluster { id = 1, bind = "10.2.0.11" }
              datapath.interface = eth0
              services.web { vip = "10.9.0.1:80", servers = [{ address = "10.2.0.101" }, { address = "10.2.0.102" }] }
            }
            """;

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<String> launched = new ArrayList<>();
    private Path good = Path.of("");

    @BeforeEach
    void writeGoodFile() throws IOException {
        good = Files.writeString(directory.resolve("ilb.conf"), GOOD);
    }

    @Test
    void launchesWithTheConfiguration() {
        assertThat(execute("--config", good.toString())).isZero();

        assertThat(launched).containsExactly("10.2.0.11:7440 " + good);
        assertThat(out + "" + err).isEmpty();
    }

    @Test
    void checkPrintsOneLineAndLaunchesNothing() {
        assertThat(execute("--check", "--config", good.toString())).isZero();

        assertThat(out).hasToString(good + ": ok (1 service, 2 servers)\n");
        assertThat(launched).isEmpty();
    }

    @Test
    void checkPrintsEachProblemOnALineOfItsOwn() throws IOException {
        final Path bad = Files.writeString(
                directory.resolve("bad.conf"),
                GOOD.replace("id = 1", "id = one").replace("interface", "iface").replace("10.9.0.1:80", "10.9.0.1"));

        assertThat(execute("--check", "--config", bad.toString())).isEqualTo(3);

        assertThat(err.toString().lines()).hasSize(4).allMatch(line -> line.startsWith(bad + ":"));
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aBadConfigurationIsNotLaunched() {
        final Path none = directory.resolve("none.conf");

        assertThat(execute("-c", none.toString())).isEqualTo(3);

        assertThat(err).hasToString(none + ": there is no such file\n");
        assertThat(launched).isEmpty();
    }

    @Test
    void aWrongCommandLineEndsWithUsage() {
        assertThat(execute()).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("Missing required option: '--config=FILE'")
                .contains("Usage: ilbd");
        assertThat(execute("--config", good.toString(), "--chekc")).isEqualTo(2);
        assertThat(err.toString()).contains("Unknown option: '--chekc'");
        assertThat(execute("--config", good.toString(), "start")).isEqualTo(2);
        assertThat(launched).isEmpty();
    }

    @Test
    void helpAndVersionNeedNoConfiguration() {
        assertThat(execute("--help")).isZero();
        assertThat(out.toString()).contains("Usage: ilbd", "--check", "Exit codes:", "SIGHUP");
        assertThat(execute("--version")).isZero();
        assertThat(out.toString()).contains("\nilbd ", "\nJava 25");
    }

    @Test
    void aFailedStartEndsWithItsCodeAndOneLine() {
        final CommandLine commandLine = commandLine((configuration, file) -> {
            throw new StartupException(ExitCode.BIND, "port 7480 is in use");
        });

        assertThat(commandLine.execute("--config", good.toString())).isEqualTo(5);
        assertThat(err).hasToString("ilbd: port 7480 is in use\n");
    }

    @Test
    void anUnexpectedFailureSaysSoAndShowsItsTrace() {
        final CommandLine commandLine = commandLine((configuration, file) -> {
            throw new IllegalStateException("broken");
        });

        assertThat(commandLine.execute("--config", good.toString())).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("ilbd: unexpected failure, please report this: java.lang.IllegalStateException: broken\n")
                .contains("at org.ilbd");
    }

    private int execute(final String... arguments) {
        return commandLine((configuration, file) ->
                        launched.add(configuration.cluster().bind() + " " + file))
                .execute(arguments);
    }

    private CommandLine commandLine(final Launcher launcher) {
        return IlbdCommand.commandLine(launcher)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true));
    }
}
