package org.ilbd.daemon.health;

import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.ilbd.daemon.linux.ProcessGroup;

/**
 * Runs programs beside the event loop, so many at a time and no more; the others wait for their turn. Whatever a program prints is dropped,
 * and it has no input.
 */
final class Programs implements AutoCloseable {
    /** A program that waits for its server costs a process and no processor; more at a time would be a burden to a host that forwards. */
    static final int AT_A_TIME = 16;

    /** What setsid(1) and shells exit with for a program that they cannot run, or that is not there. */
    private static final int CANNOT_BE_RUN = 126;

    private static final int NOT_FOUND = 127;

    private static final File NOTHING = new File("/dev/null");

    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            AT_A_TIME,
            AT_A_TIME,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("ilbd-check-", 0).daemon().factory());

    Programs() {
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs a task on one of the threads, when its turn comes.
     *
     * @return cancelled with interruption, it kills the program that {@link #run} waits for
     */
    Future<?> submit(Callable<?> task) {
        return threads.submit(task);
    }

    /** Runs a program to its end, in a session of its own, whose processes are killed together. Called in a task. */
    static CheckOutcome run(List<String> command, Map<String, String> environment, Duration timeout)
            throws InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("setsid", "--")
                .redirectInput(NOTHING)
                .redirectOutput(NOTHING)
                .redirectError(NOTHING);
        builder.command().addAll(command);
        builder.environment().putAll(environment);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return CheckOutcome.obstacle(String.valueOf(e.getMessage()));
        }
        try {
            if (!process.waitFor(timeout)) {
                return CheckOutcome.timeout(timeout.toMillis());
            }
        } finally {
            if (process.isAlive()) {
                ProcessGroup.kill(process.pid());
                // It may not lead its group yet.
                process.destroyForcibly();
            }
        }
        int code = process.exitValue();
        return switch (code) {
            case 0 -> CheckOutcome.passed("exit code 0");
            case CANNOT_BE_RUN, NOT_FOUND ->
                CheckOutcome.obstacle("%s cannot be run (exit code %d)".formatted(command.getFirst(), code));
            default -> CheckOutcome.failed("exit code " + code);
        };
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
