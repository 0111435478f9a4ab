package org.ilbd.daemon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a /proc of our own, in the kernel's words. */
class HostLoadTest {
    @TempDir
    Path proc;

    @BeforeEach
    void writeProc() throws IOException {
        Files.createDirectory(proc.resolve("net"));
        cpu(1000, 9000);
        memory(1000, 900);
    }

    /** @param busy in ticks, spread over the fields that count as busy */
    private void cpu(long busy, long idle) throws IOException {
        Files.writeString(
                proc.resolve("stat"),
                "cpu  " + (busy - 60) + " 10 10 " + (idle - 30)
                        + " 30 10 10 20 500 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n");
    }

    private void memory(long total, long available) throws IOException {
        Files.writeString(
                proc.resolve("meminfo"),
                "MemTotal:       " + total + " kB\nMemFree:        1 kB\nMemAvailable:   " + available + " kB\n");
    }

    private HostLoad load(List<Integer> ports) {
        return new HostLoad(proc, ports, 2, 10, Optional.empty());
    }

    @Test
    void processorsCountOverASlidingSecond() throws IOException {
        HostLoad load = load(List.of());
        assertThat(load.sample()).as("nothing to compare with").isZero();
        cpu(1025, 9075);
        assertThat(load.sample()).isEqualTo(250);
        cpu(1125, 9075);
        assertThat(load.sample()).isEqualTo(625);
        for (int i = 1; i < HostLoad.SAMPLES_PER_SECOND; i++) {
            cpu(1125, 9075 + 100 * i);
            load.sample();
        }
        cpu(1125, 9075 + 100 * HostLoad.SAMPLES_PER_SECOND);
        assertThat(load.sample()).as("what was busy is longer ago").isZero();
    }

    @Test
    void processorTimeOfAControlGroupCountsAgainstItsLimit() throws IOException {
        long[] nanos = {5_000_000_000L};
        HostLoad load = new HostLoad(proc, List.of(), 2, 10, Optional.of(new CgroupTime(proc, 2, () -> nanos[0])));
        Files.writeString(proc.resolve("cpu.stat"), "usage_usec 7000000\nuser_usec 7000000\nsystem_usec 0\n");
        assertThat(load.sample()).as("nothing to compare with").isZero();
        // The host's own processors do not count.
        cpu(2000, 9000);
        nanos[0] += 250_000_000L;
        Files.writeString(proc.resolve("cpu.stat"), "usage_usec 7125000\n");
        assertThat(load.sample()).as("of two cores").isEqualTo(250);

        Files.writeString(proc.resolve("cpu.max"), "50000 100000\n");
        for (int i = 0; i < HostLoad.SAMPLES_PER_SECOND; i++) {
            nanos[0] += 250_000_000L;
            load.sample();
        }
        Files.writeString(proc.resolve("cpu.stat"), "usage_usec 7375000\n");
        nanos[0] += 250_000_000L;
        assertThat(load.sample()).as("of half a core").isEqualTo(500);
        Files.writeString(proc.resolve("cpu.max"), "max 100000\n");
        nanos[0] += 250_000_000L;
        Files.writeString(proc.resolve("cpu.stat"), "usage_usec 7875000\n");
        assertThat(load.sample()).as("most of it of two cores again").isEqualTo(857);
    }

    @Test
    void counterThatGoesBackIsNoLoad() throws IOException {
        HostLoad load = load(List.of());
        load.sample();
        cpu(900, 9050);
        assertThat(load.sample()).isZero();
    }

    @Test
    void memoryCountsWhenItGetsScarce() throws IOException {
        HostLoad load = load(List.of());
        int[][] cases = {{1000, 0}, {200, 0}, {150, 250}, {100, 500}, {0, 1000}};
        for (int[] row : cases) {
            memory(1000, row[0]);
            assertThat(load.sample()).as("%d of 1000 available", row[0]).isEqualTo(row[1]);
        }
    }

    @Test
    void establishedConnectionsOfTheServiceCountByTheNumberOfCores() throws IOException {
        String head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
        Files.writeString(proc.resolve("net/tcp"), head + """
                   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
                   1: 6500020A:0050 0200010A:9C41 01 00000000:00000000 00:00000000 00000000     0
                   2: 6500020A:0050 0200010A:9C42 01 00000000:00000000 00:00000000 00000000     0
                   3: 6500020A:0050 0200010A:9C43 06 00000000:00000000 00:00000000 00000000     0
                   4: 6500020A:0016 0200010A:9C44 01 00000000:00000000 00:00000000 00000000     0
                  10: 6500020A:C350 0200010A:0050 01 00000000:00000000 00:00000000 00000000     0
                """);
        // 3 of 2 cores x 10.
        Files.writeString(proc.resolve("net/tcp6"), head + """
                   0: 000080FE00000000FF5F00020A000003:01BB 000080FE00000000FF5F00020A000004:9C41 01 00000000:00000000
                """);
        assertThat(load(List.of(80, 443)).sample()).isEqualTo(150);
        assertThat(load(List.of(80)).sample()).isEqualTo(100);
        assertThat(load(List.of()).sample()).isZero();

        Files.delete(proc.resolve("net/tcp6"));
        assertThat(load(List.of(80, 443)).sample()).as("no IPv6").isEqualTo(100);
    }
}
