package org.ilbd.core.bench;

import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.ilbd.core.ownership.ConnectionHash;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
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

/** Owner and backup of one packet, each of another connection. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class RankingBenchmark {
    /** A power of two; few enough to stay in the first-level cache, too many for a branch predictor to learn. */
    private static final int TUPLES = 256;

    private static final int FIRST_ADDRESS = 0x0A02_000B;

    @Param({"2", "8", "64"})
    private int ilbs;

    @Param({"false", "true"})
    private boolean ipv6;

    @Param({"CRC32_MIXED", "CRC32"})
    private OwnershipMode mode = OwnershipMode.CRC32_MIXED;

    private View view = new View(mode, 0, List.of());
    private final FourTuple[] tuples = new FourTuple[TUPLES];
    private int next;

    @Setup
    public void setUp() {
        view = new View(
                mode,
                0,
                IntStream.range(0, ilbs)
                        .mapToObj(i -> IlbId.of(IpAddress.ofIpv4(FIRST_ADDRESS + i)))
                        .toList());
        Random random = new Random(1);
        for (int i = 0; i < TUPLES; i++) {
            tuples[i] = new FourTuple()
                    .set(
                            ipv6,
                            ipv6 ? random.nextLong() : 0,
                            random.nextInt() & 0xFFFF_FFFFL,
                            random.nextInt(65_536),
                            ipv6 ? random.nextLong() : 0,
                            random.nextInt() & 0xFFFF_FFFFL,
                            443);
        }
    }

    @Benchmark
    public long rank() {
        return view.rank(tuples[next++ & (TUPLES - 1)]);
    }

    /** The part of it that does not grow with the ILBs. */
    @Benchmark
    public int connectionHash() {
        return ConnectionHash.of(tuples[next++ & (TUPLES - 1)]);
    }
}
