package org.ilbd.daemon.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A program that a test has started. What it prints is kept: standard output line by line, standard error in a file. */
final class Child {
    /** Nothing that a test waits for takes long; this is for a machine that has much else to do. */
    private static final long PATIENCE_SECONDS = 60;

    private final String name;
    private final Process process;
    private final Path errors;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> output = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private Child(String name, Process process, Path errors) {
        this.name = name;
        this.process = process;
        this.errors = errors;
        reader = Thread.ofVirtual().start(this::read);
    }

    /** @param directory for a file with its standard error */
    static Child start(String name, Path directory, Map<String, String> environment, List<String> command) {
        try {
            Path errors = Files.createTempFile(directory, name, ".err");
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
            builder.environment().putAll(environment);
            return new Child(name, builder.start(), errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                output.add(line);
                lines.add(line);
            }
        } catch (IOException e) {
            // So it is when a program is killed.
            output.add(String.valueOf(e));
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** What it has printed so far. */
    String output() {
        return output.stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    /** What it has printed to standard error so far. */
    String errors() {
        try {
            return Files.readString(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for a line that begins so; earlier ones are passed over. */
    String awaitLine(String beginning) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (System.nanoTime() - end < 0) {
            Optional<String> line = next();
            if (line.isPresent() && line.get().startsWith(beginning)) {
                return line.get();
            }
            if (line.isEmpty() && !reader.isAlive() && lines.isEmpty()) {
                break;
            }
        }
        throw new AssertionError(name + " did not say '" + beginning + "' but:\n" + output() + errors());
    }

    private Optional<String> next() {
        try {
            return Optional.ofNullable(lines.poll(50, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Says a line to it. */
    void say(String line) {
        try {
            // Not closed: that would be the end of its input.
            Writer input = process.outputWriter(StandardCharsets.UTF_8);
            input.write(line + "\n");
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(name + ": " + errors(), e);
        }
    }

    /** Waits for its end; returns its exit code. */
    int awaitEnd() {
        return awaitEnd(PATIENCE_SECONDS);
    }

    /** Waits for its end, so many seconds at most; returns its exit code. */
    int awaitEnd(long seconds) {
        try {
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                throw new AssertionError(name + " does not end:\n" + output() + errors());
            }
            reader.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** SIGTERM, and its end; for a program that takes down what it has set up. */
    void terminate() {
        process.destroy();
        process.onExit()
                .completeOnTimeout(process, PATIENCE_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    /** SIGKILL, and its end. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public String toString() {
        return "---- " + name + (isAlive() ? "" : ", exit code " + process.exitValue()) + "\n" + output() + errors();
    }
}
