package org.ilbd.core.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.testing.ChiSquare;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionHashTest {
    /** All ILBs must select alike, also two versions in one cluster. */
    @ParameterizedTest
    @CsvSource({
        "10.1.0.2:43210, 10.9.0.1:80, 860fb93abf1ea025",
        "203.0.113.9:1024, 198.51.100.1:443, acabfffc1cf5662c",
        "255.255.255.255:65535, 10.9.0.1:65535, 70bb442a7cbce8e6",
        "[2001:db8::2]:43210, [2001:db8:9::1]:443, 812dd8b2ce3f63a4",
        "[fe80::ffff:1]:1, [2001:db8:9::ffff]:80, 7e8abd439c6a9ab0"
    })
    void frozenVectors(String source, String destination, String hash) {
        FourTuple tuple = new FourTuple().set(Endpoint.parse(source), Endpoint.parse(destination));
        assertThat(SelectionHash.of(tuple)).isEqualTo(Long.parseUnsignedLong(hash, 16));
        assertThat(reference(tuple)).isEqualTo(Long.parseUnsignedLong(hash, 16));
    }

    @Test
    void hashesTheEncodedTupleInWordsOfEightBytes() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        FourTuple tuple = new FourTuple();
        for (int i = 0; i < 10_000; i++) {
            boolean ipv6 = (i & 1) == 0;
            tuple.set(
                    ipv6,
                    ipv6 ? random.nextLong() : 0,
                    random.nextLong() & (ipv6 ? -1 : 0xFFFF_FFFFL),
                    random.nextInt(65_536),
                    ipv6 ? random.nextLong() : 0,
                    random.nextLong() & (ipv6 ? -1 : 0xFFFF_FFFFL),
                    random.nextInt(65_536));
            assertThat(SelectionHash.of(tuple)).as("seed %d, %s", seed, tuple).isEqualTo(reference(tuple));
        }
    }

    /** Neighbouring clients and ports, and each byte of the hash for itself. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyByteIsEvenOverSuccessiveConnections(boolean ipv6) {
        long[][] counts = new long[8][256];
        FourTuple tuple = new FourTuple();
        for (int i = 0; i < 200_000; i++) {
            tuple.set(ipv6, ipv6 ? 1 : 0, 0x0A01_0002 + i % 200, 32_768 + i / 200, ipv6 ? 2 : 0, 0x0A09_0001, 80);
            long hash = SelectionHash.of(tuple);
            for (int b = 0; b < 8; b++) {
                counts[b][(int) (hash >>> (8 * b)) & 0xFF]++;
            }
        }
        double[] even = new double[256];
        Arrays.fill(even, 1);
        for (int b = 0; b < 8; b++) {
            assertThat(ChiSquare.pValue(ChiSquare.statistic(counts[b], even), 255))
                    .as("p of byte %d", b)
                    .isGreaterThan(0.001);
        }
    }

    /** Source-hash is the Maglev table by this. */
    @ParameterizedTest
    @CsvSource({
        "10.1.0.2:43210, 10.9.0.1:80, 8f588cfacb077f",
        "[2001:db8::2]:43210, [2001:db8:9::1]:443, add4fc96938c4374"
    })
    void frozenVectorsOfSources(String source, String destination, String hash) {
        FourTuple tuple = new FourTuple().set(Endpoint.parse(source), Endpoint.parse(destination));
        assertThat(Long.toHexString(SelectionHash.ofSource(tuple))).isEqualTo(hash);
        assertThat(SchedulerKind.SOURCE_HASH.hash(tuple)).isEqualTo(SelectionHash.ofSource(tuple));
        assertThat(SchedulerKind.MAGLEV.hash(tuple)).isEqualTo(SelectionHash.of(tuple));
    }

    @Test
    void theHashOfASourceIsThatOfItsAddressAlone() {
        FourTuple tuple = new FourTuple().set(Endpoint.parse("10.1.0.2:43210"), Endpoint.parse("10.9.0.1:80"));
        long hash = SelectionHash.ofSource(tuple);
        tuple.set(Endpoint.parse("10.1.0.2:1"), Endpoint.parse("10.9.0.7:443"));
        assertThat(SelectionHash.ofSource(tuple)).isEqualTo(hash);
        tuple.set(Endpoint.parse("10.1.0.3:1"), Endpoint.parse("10.9.0.7:443"));
        assertThat(SelectionHash.ofSource(tuple)).isNotEqualTo(hash);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void neighbouringClientsSpreadByWeight(boolean ipv6) {
        int[] weights = {1, 2, 3, 4};
        Scheduler scheduler = Servers.started(SchedulerKind.SOURCE_HASH, Servers.weighted(weights));
        long[] counts = new long[4];
        FourTuple tuple = new FourTuple();
        for (int i = 0; i < 100_000; i++) {
            tuple.set(ipv6, ipv6 ? i : 0, ipv6 ? 1 : 0x0A00_0000 + i, 4_000, ipv6 ? 2 : 0, 0x0A09_0001, 80);
            counts[scheduler.select(SchedulerKind.SOURCE_HASH.hash(tuple))]++;
        }
        assertThat(ChiSquare.pValue(ChiSquare.statistic(counts, new double[] {1, 2, 3, 4}), 3))
                .as("p of %s", Arrays.toString(counts))
                .isGreaterThan(0.001);
    }

    private static long reference(FourTuple tuple) {
        MemorySegment encoded = MemorySegment.ofArray(new byte[tuple.lengthBytes()]);
        tuple.encode(encoded, 0);
        ByteBuffer bytes = ByteBuffer.wrap(encoded.toArray(ValueLayout.JAVA_BYTE));
        long hash =
                ByteBuffer.wrap("ilbd-sel".getBytes(StandardCharsets.US_ASCII)).getLong();
        while (bytes.hasRemaining()) {
            hash ^= bytes.remaining() >= 8 ? bytes.getLong() : Integer.toUnsignedLong(bytes.getInt());
            hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
            hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
            hash = hash ^ (hash >>> 31);
        }
        return hash;
    }
}
