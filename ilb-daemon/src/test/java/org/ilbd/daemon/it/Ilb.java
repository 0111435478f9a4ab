package org.ilbd.daemon.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** One {@code ilbd} of a lab, as it is distributed. */
final class Ilb {
    private static final String ADMIN = "http://127.0.0.1:7480";
    private static final String OK = " 200";

    private final Lab lab;
    private final int number;
    private final Path file;
    private final Child child;

    private Ilb(Lab lab, int number, Path file, Child child) {
        this.lab = lab;
        this.number = number;
        this.file = file;
        this.child = child;
    }

    /** Starts an ILB with a configuration. */
    static Ilb start(Lab lab, int number, String configuration) {
        Path file = lab.directory().resolve("ilb" + number + ".conf");
        write(file, configuration);
        return new Ilb(lab, number, file, launch(lab, "ilb" + number, file));
    }

    /** Starts {@code ilbd} on a host with a file, whatever comes of it. */
    static Child launch(Lab lab, String host, Path file) {
        return lab.start(
                host, host, List.of(Lab.DISTRIBUTION.resolve("bin/ilbd").toString(), "--config", file.toString()));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its host's name. */
    String host() {
        return "ilb" + number;
    }

    Child child() {
        return child;
    }

    /** Waits for the line that it prints when it works. */
    void awaitReady() {
        child.awaitLine("ilbd is ready");
    }

    /** Gives it another configuration and tells it to read it. */
    void reload(String configuration) {
        write(file, configuration);
        signal("HUP");
    }

    /** Gives it another configuration; returns when it works by it. */
    void reloadWhole(String configuration) {
        int before = reloads();
        reload(configuration);
        await().atMost(Lab.PATIENCE).until(() -> reloads() > before);
    }

    /** How often it has said that it reloaded. */
    int reloads() {
        return child.errors().split("reloaded:", -1).length - 1;
    }

    void signal(String name) {
        lab.run(host(), "kill", "-" + name, Long.toString(child.pid()));
    }

    /** The metrics as they are now; it must answer. */
    Scrape scrape() {
        String answer = lab.http(host(), ADMIN + "/metrics");
        if (!answer.endsWith(OK)) {
            throw new AssertionError(answer);
        }
        return Scrape.parse(answer.substring(0, answer.length() - OK.length()));
    }

    /** What it answers to a request, and the status: {@code "ok 200"}. */
    String get(String path) {
        return lab.http(host(), ADMIN + path).replaceAll("\\s+", " ").strip();
    }
}
