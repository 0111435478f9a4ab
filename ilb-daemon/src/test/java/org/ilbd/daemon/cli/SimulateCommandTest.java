package org.ilbd.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class SimulateCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(final String... arguments) {
        final CommandLine commandLine = IlbdCommand.commandLine((configuration, file) -> {
            throw new AssertionError("nothing is to be launched");
        });
        return commandLine
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    @Test
    void runsSchedulesAndSaysWhatTheEventsMet() {
        assertThat(execute("simulate", "--schedules", "12", "--ilbs", "3", "--seed", "7", "--events", "crash,join"))
                .isZero();

        assertThat(out.toString())
                .startsWith("seed 7\n")
                .contains("12 schedules (4 with overlapping events)", "0 schedules broke an invariant")
                .containsPattern("event met +settled")
                .containsPattern("crash +[1-9]");
        assertThat(err.toString()).as("no progress bar but on a terminal").isEmpty();
    }

    @Test
    void sameSeedGivesTheSameReport() {
        execute("simulate", "--schedules", "5", "--seed", "11");
        final String once = out.toString();
        out.getBuffer().setLength(0);
        execute("simulate", "--schedules", "5", "--seed", "11");

        assertThat(out).hasToString(once);
    }

    @Test
    void plans() {
        assertThat(execute("simulate", "--plan", "--ilbs", "64", "--connections", "100000000", "--rate", "1000000"))
                .isZero();

        assertThat(out.toString())
                .contains("64 ILBs, 100,000,000 connections, 1,000,000 new ones a second", "3,125,000 associations")
                .containsPattern("broadcast +96,875,000")
                .containsPattern("on-demand +[1-9]");
    }

    @Test
    void wrongOptionsAreNamed() {
        assertThat(execute("simulate", "--events", "crash,jion")).isEqualTo(2);
        assertThat(err.toString()).contains("there is no event jion, only crash, leave, join");

        assertThat(execute("simulate", "--plan")).isEqualTo(2);
        assertThat(err.toString()).contains("--plan needs --ilbs 2 to 256");

        assertThat(execute("simulate", "--schedules", "0")).isEqualTo(2);
        assertThat(err.toString()).contains("--schedules must be 1 or more");
    }

    @Test
    void configurationIsRequiredOnlyToRun() {
        assertThat(execute()).isEqualTo(2);
        assertThat(err.toString()).contains("Missing required option: '--config=FILE'");
    }
}
