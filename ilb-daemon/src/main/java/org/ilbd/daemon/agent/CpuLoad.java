package org.ilbd.daemon.agent;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How busy the processors were in the second before, from the counters in {@code /proc/stat} (proc_stat(5)). All cores together are 1000 per
 * mille, so the number of cores is in it already. Time that a hypervisor took away counts as busy: it was wanted and not had.
 */
final class CpuLoad {
    /** Fields of the line {@code cpu}: user nice system idle iowait irq softirq steal; guest time is in user. */
    private static final int IDLE = 3;

    private static final int IOWAIT = 4;
    private static final int FIELDS = 8;

    /**
     * Two counters, in any unit.
     *
     * @param busy processor time that was used
     * @param total and that which there was
     */
    record Sample(long busy, long total) {}

    private final Deque<Sample> window = new ArrayDeque<>();
    private final int samples;

    /** @param samples that make up a second */
    CpuLoad(int samples) {
        this.samples = samples;
    }

    /**
     * Takes another sample.
     *
     * @return per mille, since the oldest sample in the window; 0 with the first
     */
    int perMille(Sample now) {
        Sample oldest = window.isEmpty() ? now : window.getFirst();
        window.addLast(now);
        if (window.size() > samples) {
            window.removeFirst();
        }
        long total = now.total - oldest.total;
        // A counter may go back a little (proc_stat(5), on iowait).
        return total <= 0 ? 0 : Math.clamp(1000 * (now.busy - oldest.busy) / total, 0, 1000);
    }

    /**
     * The whole host's.
     *
     * @param stat the text of {@code /proc/stat}
     */
    static Sample read(String stat) {
        String line = stat.lines()
                .filter(candidate -> candidate.startsWith("cpu "))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("/proc/stat has no line cpu"));
        String[] words = line.strip().split(" +", -1);
        long total = 0;
        long busy = 0;
        for (int field = 0; field < Math.min(FIELDS, words.length - 1); field++) {
            long ticks = Long.parseLong(words[field + 1]);
            total += ticks;
            busy += field == IDLE || field == IOWAIT ? 0 : ticks;
        }
        return new Sample(busy, total);
    }
}
