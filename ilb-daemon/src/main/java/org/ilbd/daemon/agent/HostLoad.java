package org.ilbd.daemon.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How busy a host is, per mille: the largest of three figures, since the scarcest thing decides.
 *
 * <ul>
 *   <li>the processors, over a sliding second; of the host, or of one control group
 *   <li>the connections of the service, as a part of what the host's cores are meant to bear
 *   <li>memory, once {@value #MEMORY_FREE_OF_CARE_PER_MILLE} per mille are in use: memory in use costs nothing until it runs out
 * </ul>
 */
public final class HostLoad {
    /** How often {@link #sample} is to be called. */
    public static final int SAMPLES_PER_SECOND = 4;

    static final int MEMORY_FREE_OF_CARE_PER_MILLE = 800;

    private static final Pattern MEMORY = Pattern.compile("(?m)^(MemTotal|MemAvailable): +(\\d+) kB$");
    /** TCP_ESTABLISHED in the column {@code st} of /proc/net/tcp (tcp_states.h). */
    private static final String ESTABLISHED = "01";

    private static final int LOCAL_ADDRESS_COLUMN = 1;
    private static final int STATE_COLUMN = 3;

    private final Path proc;
    private final Set<Integer> ports;
    private final long capacity;
    private final Optional<CgroupTime> cgroup;
    private final CpuLoad cpu = new CpuLoad(SAMPLES_PER_SECOND);
    private int connectionsPerMille;
    private int rounds;

    /**
     * The load of this host, or of a part of it; it is not measured yet.
     *
     * @param ports of the service on this host; none: connections do not count
     * @param connectionsPerCore that make a core fully busy, at least 1
     * @param cgroup directory of the control group whose processor time counts instead of the host's, such as a container's
     */
    public static HostLoad of(List<Integer> ports, int connectionsPerCore, Optional<Path> cgroup) {
        int cores = Runtime.getRuntime().availableProcessors();
        return new HostLoad(
                Path.of("/proc"),
                ports,
                cores,
                connectionsPerCore,
                cgroup.map(directory -> new CgroupTime(directory, cores, System::nanoTime)));
    }

    /** @param proc {@code /proc} */
    HostLoad(Path proc, List<Integer> ports, int cores, int connectionsPerCore, Optional<CgroupTime> cgroup) {
        this.cgroup = cgroup;
        this.proc = proc;
        this.ports = new HashSet<>(ports);
        this.capacity = (long) cores * connectionsPerCore;
    }

    /**
     * Measures. Connections are counted once a second: their table is long where it matters.
     *
     * @return per mille
     * @throws IOException if /proc cannot be read
     */
    public int sample() throws IOException {
        if (!ports.isEmpty() && rounds++ % SAMPLES_PER_SECOND == 0) {
            connectionsPerMille = (int) Math.min(1000, 1000 * connections() / capacity);
        }
        int processors = cpu.perMille(
                cgroup.isPresent() ? cgroup.get().sample() : CpuLoad.read(Files.readString(proc.resolve("stat"))));
        return Math.max(processors, Math.max(connectionsPerMille, memoryPerMille()));
    }

    private int memoryPerMille() throws IOException {
        long total = 0;
        long available = 0;
        Matcher matcher = MEMORY.matcher(Files.readString(proc.resolve("meminfo")));
        while (matcher.find()) {
            long value = Long.parseLong(matcher.group(2));
            if (matcher.group(1).equals("MemTotal")) {
                total = value;
            } else {
                available = value;
            }
        }
        long used = total == 0 ? 0 : 1000 - 1000 * available / total;
        return Math.clamp(
                1000 * (used - MEMORY_FREE_OF_CARE_PER_MILLE) / (1000 - MEMORY_FREE_OF_CARE_PER_MILLE), 0, 1000);
    }

    private long connections() throws IOException {
        return connections(proc.resolve("net/tcp")) + connections(proc.resolve("net/tcp6"));
    }

    private long connections(Path table) throws IOException {
        try (var lines = Files.lines(table)) {
            return lines.skip(1).filter(this::counts).count();
        } catch (NoSuchFileException e) {
            // A kernel without IPv6.
            return 0;
        }
    }

    private boolean counts(String line) {
        String[] words = line.strip().split(" +", STATE_COLUMN + 2);
        String local = words[LOCAL_ADDRESS_COLUMN];
        return words[STATE_COLUMN].equals(ESTABLISHED)
                && ports.contains(Integer.parseInt(local.substring(local.indexOf(':') + 1), 16));
    }
}
