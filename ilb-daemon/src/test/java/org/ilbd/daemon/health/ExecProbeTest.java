package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.ilbd.daemon.health.Watched.settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real programs. */
class ExecProbeTest {
    private static final Endpoint SERVER = Endpoint.parse("10.2.0.101:80");

    private final Watched watched = new Watched();

    @TempDir
    Path directory;

    @AfterEach
    void stop() {
        watched.close();
        // What was cancelled is being killed, and may write to the directory until it is dead.
        await().until(() -> ProcessHandle.current().descendants().findAny().isEmpty());
    }

    private static HealthProbe shell(String script, String... arguments) {
        return new HealthProbe.Exec(Stream.concat(Stream.of("/bin/sh", "-c", script, "check"), Stream.of(arguments))
                .toList());
    }

    @Test
    void exitCodeDecides() throws IOException {
        Path flag = Files.createFile(directory.resolve("good"));
        watched.watch(SERVER, settings(shell("test -e \"$1\" || exit 3", flag.toString())));
        await().until(() -> watched.checks(CheckResult.PASSED) >= 2);
        assertThat(watched.isUp()).isTrue();

        Files.delete(flag);
        await().until(() -> !watched.isUp());
        assertThat(watched.logged).contains("server 10.2.0.101:80 of service web is down: exit code 3");

        Files.createFile(flag);
        await().until(watched::isUp);
    }

    @Test
    void environmentSaysWhatToCheck() throws IOException {
        Path out = directory.resolve("out");
        HealthSettings settings = settings(
                shell("echo \"$ILBD_SERVICE $ILBD_SERVER_ADDRESS $ILBD_SERVER_PORT\" >>\"$1\"", out.toString()));
        watched.watch(SERVER, settings);
        await().until(() -> watched.checks(CheckResult.PASSED) >= 1);
        // The next check may be writing its line already.
        assertThat(Files.readString(out)).startsWith("web 10.2.0.101 80\n");
    }

    @Test
    void programThatTakesTooLongIsKilledWithItsChildren() throws IOException {
        Path pids = directory.resolve("pids");
        watched.watch(
                SERVER,
                settings(shell("sleep 1000 & echo $! >>\"$1\"; wait", pids.toString()), Duration.ofMillis(300)));
        await().until(() -> watched.checks(CheckResult.TIMEOUT) >= 2);

        assertThat(watched.isUp()).isFalse();
        assertThat(watched.logged).contains("server 10.2.0.101:80 of service web is down: timeout after 300 ms");
        watched.watchAll(List.of());
        await().until(() -> Files.readAllLines(pids).stream()
                .noneMatch(pid -> ProcessHandle.of(Long.parseLong(pid)).isPresent()));
    }

    @Test
    void programThatIsKilledNeitherGoesOnWhenItsChildHasDiedNorLeavesAChildBehind() {
        Path after = directory.resolve("after");
        String sleep = "sleep 1000." + ProcessHandle.current().pid();
        List<HealthTarget> targets = IntStream.rangeClosed(1, Programs.AT_A_TIME)
                .mapToObj(port -> new HealthTarget(
                        "web",
                        Endpoint.parse("10.2.0.101:" + port),
                        settings(shell(sleep + "; touch \"$1\"", after.toString()), Duration.ofMillis(100)),
                        Optional.empty()))
                .toList();
        watched.watchAll(targets);
        await().until(() -> watched.checks(CheckResult.TIMEOUT) >= 10L * targets.size());

        assertThat(after).doesNotExist();
        watched.watchAll(List.of());
        await().until(() -> ProcessHandle.allProcesses()
                .flatMap(process -> process.info().commandLine().stream())
                .noneMatch(line -> line.endsWith(sleep)));
    }

    @Test
    void programThatCannotBeStartedSaysNothingOfTheServer() {
        watched.watch(SERVER, settings(new HealthProbe.Exec(List.of("/no/such/program"))));
        await().until(() -> watched.checks(CheckResult.OBSTACLE) >= 2);

        assertThat(watched.isUp()).isTrue();
        assertThat(watched.logged)
                .anyMatch(line -> line.contains("cannot be checked: /no/such/program cannot be run (exit code 127)"));
    }

    @Test
    void onlySoManyRunAtATime() throws IOException {
        Path running = Files.createDirectory(directory.resolve("running"));
        Path most = Files.createDirectory(directory.resolve("most"));
        // Each leaves a file with the number of those that run, itself included.
        String script = "touch \"$1/$$\"; touch \"$2/$(ls \"$1\" | wc -l)\"; sleep 0.2; rm \"$1/$$\"";
        HealthSettings settings = settings(shell(script, running.toString(), most.toString()));
        watched.watchAll(IntStream.rangeClosed(1, Programs.AT_A_TIME * 3)
                .mapToObj(port ->
                        new HealthTarget("web", Endpoint.parse("10.2.0.101:" + port), settings, Optional.empty()))
                .toList());
        await().until(() -> watched.checks(CheckResult.PASSED) >= Programs.AT_A_TIME * 4L);
        try (Stream<Path> counts = Files.list(most)) {
            assertThat(counts.map(path -> Integer.valueOf(path.getFileName().toString())))
                    .isNotEmpty()
                    .allMatch(count -> count <= Programs.AT_A_TIME)
                    .anyMatch(count -> count > 1);
        }
    }
}
