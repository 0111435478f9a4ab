package org.ilbd.core.bench;

import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.scheduler.BoundedLoad;
import org.ilbd.core.scheduler.Maglev;
import org.ilbd.core.scheduler.MaglevBuilder;
import org.ilbd.core.scheduler.Scheduler;
import org.ilbd.core.scheduler.SchedulerKind;
import org.ilbd.core.scheduler.ServerSet;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One selection among a thousand servers, each of which has reported a load, with the change of the connections that it leads to; and an update of the
 * set.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class SchedulerBenchmark {
    private static final int SERVERS = 1_000;
    private static final int FIRST_ADDRESS = 0x0A03_0001;
    private static final int CLOSE_STRIDE = 7;

    @Param({
        "MAGLEV",
        "ROUND_ROBIN",
        "LEAST_CONNECTIONS",
        "RANDOM_TWO_CHOICES",
        "SOURCE_HASH",
        "LEAST_LOAD",
        "BOUNDED_LOAD",
        "INTAKE",
        "PEER"
    })
    private SchedulerKind kind = SchedulerKind.MAGLEV;

    /** Weights are 1 to this. */
    @Param({"1", "10", "256"})
    private int maxWeight;

    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private Scheduler scheduler = create();
    private long hash;
    private int close;

    @Setup
    public void setUp() {
        servers = new ServerSet(
                IntStream.range(0, SERVERS)
                        .mapToObj(i -> new Endpoint(IpAddress.ofIpv4(FIRST_ADDRESS + i), 80))
                        .toList(),
                new Random(1).ints(SERVERS, 1, maxWeight + 1).toArray());
        // Counts with those schedulers only that go by loads.
        Random loads = new Random(2);
        for (int i = 0; i < SERVERS; i++) {
            servers.setLoad(i, loads.nextInt(ServerSet.MAX_LOAD + 1));
        }
        scheduler = create();
        scheduler.update(servers);
    }

    private Scheduler create() {
        return kind.create(new Maglev(new MaglevBuilder()), BoundedLoad.DEFAULT_FACTOR);
    }

    /** A connection opens on the selected server. */
    @Benchmark
    public int select() {
        hash += 0x9E37_79B9_7F4A_7C15L; // the golden ratio: successive values spread over the whole range
        int position = scheduler.select(hash);
        servers.setConnections(position, servers.connections(position) + 1);
        return position;
    }

    /** The same, and one closes somewhere, so that the load stays as it is. */
    @Benchmark
    public int selectAndClose() {
        int position = select();
        close = (close + CLOSE_STRIDE) % SERVERS;
        servers.setConnections(close, Math.max(0, servers.connections(close) - 1));
        return position;
    }

    /** A server goes down or comes up, and the next connection. */
    @Benchmark
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    public int update() {
        servers.setAvailable(0, !servers.available(0));
        scheduler.update(servers);
        return scheduler.select(0);
    }
}
