package org.ilbd.daemon.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Control groups (version 2), one for all that a lab's host has to do: so its load can be told from the others', who share the processors. */
final class ControlGroups implements AutoCloseable {
    private final Path root;
    private final List<Path> groups = new ArrayList<>();

    ControlGroups() throws IOException {
        root = Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                .map(line -> line.split(" ", -1))
                .filter(words -> words[2].equals("cgroup2"))
                .map(words -> Path.of(words[1]))
                .findFirst()
                .orElseThrow();
    }

    /** Makes one. */
    Path make(String name) throws IOException {
        Path group = root.resolve("ilbd-test-" + ProcessHandle.current().pid() + "-" + name);
        groups.add(Files.createDirectory(group));
        return group;
    }

    static void put(Path group, long pid) throws IOException {
        Files.writeString(group.resolve("cgroup.procs"), Long.toString(pid));
    }

    /** Starts a process for each core that does nothing but use what the others leave of it, until the group is closed. */
    static void burn(Path group) throws IOException {
        for (int core = 0; core < Runtime.getRuntime().availableProcessors(); core++) {
            put(
                    group,
                    new ProcessBuilder("nice", "-n", "19", "sh", "-c", "while :; do :; done")
                            .start()
                            .pid());
        }
    }

    /** Ends all that is in them. */
    @Override
    public void close() throws IOException {
        for (Path group : groups) {
            Files.writeString(group.resolve("cgroup.kill"), "1");
            await().atMost(Lab.PATIENCE)
                    .until(() ->
                            Files.readString(group.resolve("cgroup.events")).contains("populated 0"));
            Files.delete(group);
        }
    }
}
