package org.ilbd.daemon.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The processor time that a control group has used, and that which it could have had: by its own limit, or all cores. From {@code cpu.stat} and
 * {@code cpu.max} (Linux, cgroup-v2.rst, "CPU Interface Files"). The former is there also where no controller is on.
 */
final class CgroupTime {
    private static final Pattern USAGE = Pattern.compile("(?m)^usage_usec (\\d+)$");
    private static final Pattern LIMIT = Pattern.compile("(\\d+) (\\d+)\\s*");
    private static final double NANOS_PER_MICRO = 1_000;

    private final Path directory;
    private final int cores;
    private final LongSupplier nanoTime;
    private long lastNanos;
    private double possibleMicros;

    /** @param nanoTime as {@link System#nanoTime} */
    CgroupTime(Path directory, int cores, LongSupplier nanoTime) {
        this.directory = directory;
        this.cores = cores;
        this.nanoTime = nanoTime;
        this.lastNanos = nanoTime.getAsLong();
    }

    /**
     * What the group has used since it began, and what it could have used since this object was made: for differences.
     *
     * @throws IOException if the directory is not one of a control group of version 2
     */
    CpuLoad.Sample sample() throws IOException {
        Matcher usage = USAGE.matcher(Files.readString(directory.resolve("cpu.stat")));
        if (!usage.find()) {
            throw new IOException(directory + "/cpu.stat has no usage_usec: it is not of a cgroup of version 2");
        }
        long now = nanoTime.getAsLong();
        possibleMicros += (now - lastNanos) / NANOS_PER_MICRO * limit();
        lastNanos = now;
        return new CpuLoad.Sample(Long.parseLong(usage.group(1)), (long) possibleMicros);
    }

    /** In cores. */
    private double limit() throws IOException {
        try {
            Matcher limit = LIMIT.matcher(Files.readString(directory.resolve("cpu.max")));
            return limit.matches()
                    ? Math.min(cores, Double.parseDouble(limit.group(1)) / Long.parseLong(limit.group(2)))
                    : cores;
        } catch (NoSuchFileException e) {
            return cores;
        }
    }
}
