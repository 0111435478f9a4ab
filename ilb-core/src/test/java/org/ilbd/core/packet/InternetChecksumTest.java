package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InternetChecksumTest {
    @Test
    void sumsTheExampleOfRfc1071() {
        final byte[] bytes = HexFormat.of().parseHex("0001f203f4f5f6f7");
        assertThat(InternetChecksum.fold(InternetChecksum.sum(MemorySegment.ofArray(bytes), 0, 8)))
                .isEqualTo(0xDDF2);
        assertThat(InternetChecksum.finish(InternetChecksum.sum(MemorySegment.ofArray(bytes), 0, 8)))
                .isEqualTo(0x220D);
    }

    @Test
    void updatesTheExampleOfRfc1624() {
        // Section 4: the case that the equation of RFC 1141 gets wrong (0xFFFF).
        assertThat(InternetChecksum.update(0xDD2F, InternetChecksum.change(0x5555, 0x3285)))
                .isZero();
    }

    @Test
    void aRightIpv4HeaderFinishesWithZero() {
        final byte[] header = HexFormat.of().parseHex("45000073000040004011b861c0a80001c0a800c7");
        assertThat(InternetChecksum.finish(InternetChecksum.sum(MemorySegment.ofArray(header), 0, 20)))
                .isZero();
    }

    @Test
    void agreesWithTheReferenceAtEveryLengthAndAlignment() {
        final long seed = System.nanoTime();
        System.out.println("InternetChecksumTest seed " + seed);
        final Random random = new Random(seed);
        final byte[] bytes = new byte[200];
        random.nextBytes(bytes);
        final MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int from = 0; from < 40; from++) {
            for (int to = from; to <= bytes.length; to++) {
                assertThat(InternetChecksum.fold(InternetChecksum.sum(segment, from, to - from)))
                        .as("seed %d from %d to %d", seed, from, to)
                        .isEqualTo(ReferenceChecksum.sum(bytes, from, to, 0));
            }
        }
    }

    @Test
    void doesNotOverflowOnAFullPacketOfOnes() {
        final byte[] bytes = new byte[65_535];
        Arrays.fill(bytes, (byte) 0xFF);
        assertThat(InternetChecksum.fold(InternetChecksum.sum(MemorySegment.ofArray(bytes), 0, bytes.length)))
                .isEqualTo(ReferenceChecksum.sum(bytes, 0, bytes.length, 0));
    }

    @Test
    void foldsAnySum() {
        assertThat(InternetChecksum.fold(0)).isZero();
        assertThat(InternetChecksum.fold(0xFFFF)).isEqualTo(0xFFFF);
        assertThat(InternetChecksum.fold(0x1_0000)).isEqualTo(1);
        assertThat(InternetChecksum.fold(0x1_FFFE)).isEqualTo(0xFFFF);
        final long seed = System.nanoTime();
        System.out.println("InternetChecksumTest seed " + seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            final long sum = random.nextLong() >>> (1 + random.nextInt(63));
            final long modulo = sum % 0xFFFF;
            assertThat(InternetChecksum.fold(sum))
                    .as("seed %d sum %x", seed, sum)
                    .isEqualTo((int) (modulo == 0 && sum != 0 ? 0xFFFF : modulo));
        }
    }

    @Test
    void anUpdateEqualsARecomputation() {
        final long seed = System.nanoTime();
        System.out.println("InternetChecksumTest seed " + seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            final byte[] bytes = new byte[32];
            random.nextBytes(bytes);
            if (random.nextInt(4) == 0) { // the corners: all ones, all zeros
                Arrays.fill(bytes, 8, 16, (byte) (random.nextBoolean() ? 0xFF : 0));
            }
            final MemorySegment segment = MemorySegment.ofArray(bytes);
            final int before = InternetChecksum.finish(InternetChecksum.sum(segment, 0, 32));
            final long from = NetworkOrder.getLong(segment, 8);
            final long to = random.nextInt(4) == 0 ? -(long) random.nextInt(2) : random.nextLong();
            NetworkOrder.putLong(segment, 8, to);
            assertThat(InternetChecksum.update(before, InternetChecksum.change(from, to)))
                    .as("seed %d", seed)
                    .isEqualTo(InternetChecksum.finish(InternetChecksum.sum(segment, 0, 32)));
        }
    }
}
