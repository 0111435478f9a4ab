package org.ilbd.daemon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/ilbd} of the distribution that the build has made. */
class StartScriptIT {
    private static final Path SCRIPT = Path.of("target", "ilbd", "bin", "ilbd").toAbsolutePath();
    /** Hides what is installed on this machine, in a mount namespace of its own. */
    private static final String HIDE_JAVA =
            "mount -t tmpfs none /usr/lib/jvm && mount -t tmpfs none /opt && exec \"$0\" \"$@\"";

    @TempDir
    Path directory;

    private record Result(int exitCode, String out, String err) {}

    @Test
    void checksTheExamplesOfTheDistribution() throws Exception {
        final Path example = SCRIPT.resolveSibling("../conf/direct.conf").normalize();

        final Result result = run(Map.of(), SCRIPT.toString(), "--check", "--config", example.toString());

        assertThat(result).isEqualTo(new Result(0, example + ": ok (1 service, 3 servers)\n", ""));
    }

    @Test
    void exitCodesPassThrough() throws Exception {
        assertThat(run(Map.of(), SCRIPT.toString(), "--check", "--config", directory + "/none.conf"))
                .isEqualTo(new Result(3, "", directory + "/none.conf: there is no such file\n"));
        assertThat(run(Map.of(), SCRIPT.toString()).exitCode).isEqualTo(2);
    }

    @Test
    void theVersionIsThatOfTheBuild() throws Exception {
        assertThat(run(Map.of(), SCRIPT.toString(), "--version").out).matches("(?s)ilbd \\d+\\.\\d+.*\nJava \\d+.*");
    }

    @Test
    void worksThroughALink() throws Exception {
        final Path link = Files.createSymbolicLink(directory.resolve("ilbd"), SCRIPT);

        assertThat(run(Map.of(), link.toString(), "--version").exitCode).isZero();
    }

    @Test
    void takesJavaHomeAndTheOptionsAndReplacesItself() throws Exception {
        final Path home = fakeJava("jdk", "99.0.1");
        final Process process = start(
                Map.of("JAVA_HOME", home.toString(), "JAVA_OPTS", "-Da=1", "ILBD_JAVA_OPTS", "-Xmx1g -Db=2"),
                SCRIPT.toString(),
                "--config",
                "a b.conf");
        final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(out.lines())
                .contains("pid " + process.pid(), "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC")
                .containsSubsequence("-Xmx512m", "-Da=1", "-Xmx1g", "-Db=2", "-cp", "--config", "a b.conf");
    }

    @Test
    void passesOverAJavaHomeThatIsTooOld() throws Exception {
        final Path home = fakeJava("old", "17.0.15");

        assertThat(run(Map.of("JAVA_HOME", home.toString()), SCRIPT.toString(), "--version").out)
                .startsWith("ilbd ");
    }

    @Test
    void saysWhatIsMissingWhereThereIsNoJava() throws Exception {
        final Result result = run(
                Map.of("JAVA_HOME", "/nowhere"),
                "unshare",
                "--mount",
                "sh",
                "-c",
                HIDE_JAVA,
                SCRIPT.toString(),
                "--version");

        assertThat(result)
                .isEqualTo(new Result(
                        1,
                        "",
                        "ilbd: no Java 25 or later in JAVA_HOME (/nowhere), in /usr/lib/jvm, in /opt or on the PATH;"
                                + " install one (such as openjdk-25-jre-headless) or set JAVA_HOME\n"));
    }

    @Test
    void findsJavaOnThePath() throws Exception {
        final Path home = fakeJava("path", "25");

        final Result result = run(
                Map.of("PATH", home + "/bin:/usr/bin:/bin"),
                "unshare",
                "--mount",
                "sh",
                "-c",
                HIDE_JAVA,
                SCRIPT.toString(),
                "--version");

        assertThat(result.out).contains("pid ", "--version");
    }

    /** A Java runtime that prints its process id and its arguments. */
    private Path fakeJava(final String name, final String version) throws IOException {
        final Path home = Files.createDirectories(directory.resolve(name));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        final Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\necho pid $$\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        return home;
    }

    private static Result run(final Map<String, String> environment, final String... command) throws Exception {
        final Process process = start(environment, command);
        final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), out, err);
    }

    private static Process start(final Map<String, String> environment, final String... command) throws IOException {
        final ProcessBuilder builder = new ProcessBuilder(List.of(command));
        builder.environment().keySet().removeAll(List.of("JAVA_HOME", "JAVA_OPTS", "ILBD_JAVA_OPTS"));
        builder.environment().putAll(environment);
        return builder.start();
    }
}
