package org.ilbd.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A network namespace without a name: it lives as long as the process that holds it. */
final class Namespace implements AutoCloseable {
    private final Process holder;

    private Namespace(final Process holder) {
        this.holder = holder;
    }

    /** @throws IOException without root, also of a user namespace */
    static Namespace create() throws IOException {
        final Process holder = new ProcessBuilder("unshare", "--net", "--", "sh", "-c", "echo ready; exec cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        final String line = holder.inputReader().readLine();
        if (!"ready".equals(line)) {
            throw new IOException("unshare --net does not work here");
        }
        final Namespace namespace = new Namespace(holder);
        namespace.run("ip link set lo up");
        return namespace;
    }

    long pid() {
        return holder.pid();
    }

    /** Starts a program in this namespace. */
    ProcessBuilder command(final List<String> command) {
        final List<String> all = new ArrayList<>(List.of("nsenter", "--net=/proc/" + pid() + "/ns/net", "--"));
        all.addAll(command);
        return new ProcessBuilder(all);
    }

    /**
     * Starts a main class of the test's class path in this namespace; its log goes to the test's.
     *
     * @param state where it keeps what it needs past its end
     */
    Process java(final Path state, final Class<?> main, final List<String> arguments) throws IOException {
        return java(state, List.of(), main, arguments);
    }

    /** @param wrapper a command that runs the one that follows */
    Process java(final Path state, final List<String> wrapper, final Class<?> main, final List<String> arguments)
            throws IOException {
        final List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        return command(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** What a script in this namespace prints; it must succeed. */
    String run(final String script) throws IOException {
        final Process process =
                command(List.of("sh", "-ec", script)).redirectErrorStream(true).start();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            assertThat(process.waitFor()).as("%s%n%s", script, output).isZero();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        return output;
    }

    @Override
    public void close() throws IOException {
        holder.getOutputStream().close();
        holder.destroy();
    }
}
