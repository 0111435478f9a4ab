package org.ilbd.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import org.ilbd.daemon.ExitCode;
import org.junit.jupiter.api.Test;

class AgentCommandTest {
    private final StringWriter err = new StringWriter();

    private int execute(final String... arguments) {
        return IlbdCommand.commandLine((configuration, file) -> {
                    throw new AssertionError("nothing is to be launched");
                })
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    @Test
    void wrongCommandLinesAreTold() {
        final String[][] cases = {
            {"Missing required option: '--listen=ADDRESS:PORT'", "agent"},
            {"--listen: '127.0.0.1' is not an address with a port", "agent", "--listen", "127.0.0.1"},
            {"must be in 1..65535, not 0", "agent", "--listen", "127.0.0.1:0", "--port-of-service", "0"},
            {"'web' is not an int", "agent", "--listen", "127.0.0.1:0", "--port-of-service", "web"},
            {"must be 1 or more, not 0", "agent", "--listen", "127.0.0.1:0", "--connections-per-core", "0"},
            {"--cgroup /etc has no cpu.stat", "agent", "--listen", "127.0.0.1:0", "--cgroup", "/etc"},
            {"is a directory", "agent", "--listen", "127.0.0.1:0", "--state-file", "/"},
        };
        for (final String[] row : cases) {
            err.getBuffer().setLength(0);
            final String[] arguments = Arrays.copyOfRange(row, 1, row.length);
            assertThat(execute(arguments)).as(row[0]).isEqualTo(ExitCode.USAGE.number());
            assertThat(err.toString()).contains(row[0]);
        }
    }

    @Test
    void addressThatIsTakenIsTold() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            final String listen = "127.0.0.1:" + taken.getLocalPort();
            assertThat(execute("agent", "--listen", listen)).isEqualTo(ExitCode.BIND.number());
            assertThat(err.toString()).contains("--listen " + listen + ": Address already in use");
        }
    }
}
