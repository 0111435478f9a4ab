package org.ilbd.core.bench;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.PacketBatch;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.FourTuple;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a packet costs in a full table of owned connections. Keys are random, and unless it says otherwise each operation depends
 * on the one before, so that the cache misses of one are not hidden behind the next: it is the latency that a packet sees.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class TableBenchmark {

    private static final int SERVICE = 1;
    /** Packets that come together, as the datapath hands them in. */
    private static final int BATCH = PacketBatch.CAPACITY;

    private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

    /** Connections in the table, which is full with them. */
    @Param({"1000000", "10000000"})
    int entries;

    private final Arena arena = Arena.ofShared();
    private final FourTuple tuple = new FourTuple();
    private final FourTuple[] batch = new FourTuple[BATCH];
    private final int[] tags = new int[BATCH];
    private final int[] candidates = new int[BATCH];
    private View view = new View(OwnershipMode.CRC32_MIXED, 0, List.of());
    @SuppressWarnings("NullAway.Init") // by fill()
    private OwnedConnections table;

    private long sequence;
    private int nowMillis;
    private int last;

    @Setup(Level.Trial)
    public void fill() {
        view = new View(
                OwnershipMode.CRC32_MIXED,
                0,
                IntStream.range(0, 8).mapToObj(IlbId::ofIndex).toList());
        for (int i = 0; i < BATCH; i++) {
            batch[i] = new FourTuple();
        }
        SplittableRandom random = new SplittableRandom(1);
        table = new OwnedConnections(
                arena, entries, entries / 10, 10_000, 3_600_000, 30_000, random.nextLong(), random.nextLong());
        for (int i = 0; i < entries; i++) {
            table.insert(SERVICE, client(i), i, ConnectionState.ESTABLISHED, 0, 0);
        }
    }

    @TearDown(Level.Trial)
    public void free() {
        arena.close();
    }

    /** Client i, whose address and port look random. */
    private FourTuple client(int i) {
        return client(i, tuple);
    }

    private static FourTuple client(int i, FourTuple tuple) {
        long mixed = i * MULTIPLIER;
        mixed ^= mixed >>> 32;
        return tuple.set(false, 0, (mixed * MULTIPLIER) >>> 32, i & 0xffff, 0, 0x0a090001L, 80);
    }

    /** A random number below the number of entries, which waits for the result of the last operation. */
    private int next() {
        sequence += MULTIPLIER;
        long mixed = (sequence ^ (sequence >>> 29)) * MULTIPLIER;
        return (int) (((mixed >>> 32) * entries) >>> 32) ^ (last >>> 31);
    }

    /** The frame around the others: a random client's tuple. */
    @Benchmark
    public int tupleAlone() {
        last = (int) (client(next()).sourceLow() >>> 1);
        return last;
    }

    @Benchmark
    public int hit() {
        int slot = table.find(SERVICE, client(next()));
        last = table.server(slot);
        return last;
    }

    /** Does not wait for the last operation, so the processor may overlap as many as it can: the throughput of hits. */
    @Benchmark
    public int hitOverlapped() {
        last = 0;
        return table.server(table.find(SERVICE, client(next())));
    }

    /**
     * What the engine does with packets that come together: their connections are fetched at once, then each is found. With
     * the ranking of eight ILBs for each.
     */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long rankAndHitInBatch() {
        long sum = 0;
        for (int i = 0; i < BATCH; i++) {
            tags[i] = table.tag(SERVICE, client(next(), batch[i]));
            sum += view.rank(batch[i]);
        }
        table.fetch(tags, candidates, BATCH);
        for (int i = 0; i < BATCH; i++) {
            sum += table.server(table.find(SERVICE, batch[i], tags[i], candidates[i]));
        }
        last = (int) sum & Integer.MAX_VALUE;
        return sum;
    }

    /** What the engine does with a packet: find, server, touch; the clock goes on a millisecond in 65,536 packets. */
    @Benchmark
    public int hitAndTouch() {
        int slot = table.find(SERVICE, client(next()));
        if ((sequence & 0xffff) == 0) {
            nowMillis++;
        }
        table.touch(slot, nowMillis);
        last = table.server(slot);
        return last;
    }

    @Benchmark
    public int miss() {
        last = table.find(SERVICE + 1, client(next())) - OwnedConnections.NONE;
        return last;
    }

    /** A connection that comes and goes, in a room that has space. */
    @Benchmark
    public int insertAndRemove() {
        int slot = table.insert(SERVICE + 1, client(next()), 1, ConnectionState.HALF_OPEN, nowMillis, nowMillis);
        last = slot;
        table.remove(slot);
        return last;
    }
}
