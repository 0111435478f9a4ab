package org.ilbd.daemon.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchSchedulingTest {
    /** Of {@code /proc/thread-self/stat} behind the name, which ends with the last parenthesis; proc(5), field 41. */
    private static final int POLICY = 41 - 3;

    private static final int SCHED_BATCH = 3;

    private static int policy() {
        try {
            String stat = Files.readString(Path.of("/proc/thread-self/stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[POLICY]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void concernsTheCallingThreadAlone() throws InterruptedException {
        int before = policy();
        List<Integer> seen = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                BatchScheduling.take();
                seen.add(policy());
            } catch (ErrnoException e) {
                throw new IllegalStateException(e);
            }
        });
        thread.join();

        assertThat(seen).containsExactly(SCHED_BATCH);
        assertThat(policy()).isEqualTo(before).isNotEqualTo(SCHED_BATCH);
    }
}
