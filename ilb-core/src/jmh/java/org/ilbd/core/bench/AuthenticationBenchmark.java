package org.ilbd.core.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.protocol.MessageAuthenticator;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.protocol.MessageType;
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

/** What the authentication of a datagram costs both ends together, beside the same without a key. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class AuthenticationBenchmark {
    /** A forwarded ACK, an ID message or a full datagram, a frame of a transfer stream. */
    @Param({"64", "1400", "2048"})
    int bytes;

    /** With the cluster key, or without: then only the replay is checked. */
    @Param({"true", "false"})
    boolean key;

    private final MemorySegment message = Arena.ofAuto().allocate(2048, Long.BYTES);
    @SuppressWarnings("NullAway.Init") // by prepare()
    private MessageAuthenticator sender;

    @SuppressWarnings("NullAway.Init") // by prepare()
    private MessageAuthenticator receiver;

    @Setup
    public void prepare() {
        List<byte[]> keys = key ? List.of(new byte[16]) : List.of();
        sender = new MessageAuthenticator(keys);
        receiver = new MessageAuthenticator(keys);
        MessageHeader.encode(message, 0, MessageType.FORWARD, 1, 1);
    }

    @Benchmark
    public MessageAuthenticator.Verdict signAndVerify() {
        sender.sign(message, 0, bytes);
        MessageAuthenticator.Verdict verdict = receiver.verify(message, 0, bytes);
        if (verdict != MessageAuthenticator.Verdict.OK) {
            throw new IllegalStateException(verdict.name());
        }
        return verdict;
    }
}
