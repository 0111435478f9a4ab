package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.ilbd.core.packet.Packet.Verdict;
import org.junit.jupiter.api.Test;

/**
 * Bytes of strangers. With {@code JAZZER_FUZZ=1} the first test looks for new inputs; otherwise it runs those kept in the
 * resources. The last one makes its own inputs by damaging good packets, so that the ordinary run goes deep too.
 */
class PacketFuzzTest {
    private static final int FRONT = PacketBuilder.FRONT;

    private final Packet packet = new Packet();
    private final Packet elsewhere = new Packet();
    private final SegmentSplitter splitter = new SegmentSplitter();
    private final MemorySegment out = MemorySegment.ofArray(new byte[70_000]);

    /** The packet fills its segment, so that a read outside it throws. */
    @FuzzTest
    void parsingNeverThrowsNorReadsOutsideThePacket(final byte[] bytes) {
        final Verdict verdict = packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length);
        final MemorySegment surrounded = MemorySegment.ofArray(new byte[bytes.length + 2 * FRONT]);
        for (final int around : new int[] {0x00, 0x45, 0xFF}) {
            surrounded.fill((byte) around);
            MemorySegment.copy(bytes, 0, surrounded, ValueLayout.JAVA_BYTE, FRONT, bytes.length);
            assertThat(elsewhere.parse(surrounded, FRONT, bytes.length)).isEqualTo(verdict);
            if (verdict.isAccepted()) {
                assertThat(elsewhere.tuple()).isEqualTo(packet.tuple());
                assertThat(elsewhere.payloadLength()).isEqualTo(packet.payloadLength());
            }
        }
        if (verdict.isAccepted()) {
            assertThat(packet.length()).isBetween(1, bytes.length);
            assertThat(packet.payloadLength()).isNotNegative();
        }
    }

    /** The first ten bytes are the virtio-net header, which no one else can have made but the kernel. */
    @FuzzTest
    void whateverIsAcceptedCanBeRewrittenAnsweredAndSplit(final byte[] bytes) {
        if (bytes.length < VirtioNetHeader.LENGTH_BYTES) {
            return;
        }
        final int length = bytes.length - VirtioNetHeader.LENGTH_BYTES;
        for (int action = 0; action < 4; action++) {
            final MemorySegment segment = MemorySegment.ofArray(bytes.clone());
            if (!packet.parse(segment, VirtioNetHeader.LENGTH_BYTES, length).isAccepted()) {
                return;
            }
            switch (action) {
                case 0 -> AddressRewriter.rewriteDestination(packet, packet.ipv6() ? 1 : 0, 2, 3);
                case 1 -> AddressRewriter.rewriteSource(packet, packet.ipv6() ? 1 : 0, 2, 3);
                case 2 -> EchoReply.reply(packet);
                default -> TcpReset.write(packet, out, FRONT);
            }
            assertThat(elsewhere.parse(segment, VirtioNetHeader.LENGTH_BYTES, length))
                    .as("action %d keeps the packet in order", action)
                    .isIn(packet.verdict(), Verdict.ICMP_OTHER);
            int given = 0;
            final int announced = splitter.start(packet, 1_000);
            while (splitter.next(out, FRONT) > 0) {
                given++;
            }
            assertThat(given).isEqualTo(announced);
        }
    }

    @Test
    void damagedPacketsAreNoDanger() {
        final long seed = System.nanoTime();
        System.out.println("PacketFuzzTest seed " + seed);
        final Random random = new Random(seed);
        final List<byte[]> good = PacketTest.acceptedPackets().toList();
        for (int round = 0; round < 20_000; round++) {
            final byte[] chosen = good.get(random.nextInt(good.size()));
            byte[] bytes = chosen.clone();
            for (int damage = random.nextInt(4); damage >= 0; damage--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            if (random.nextInt(4) == 0) {
                bytes = Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
            }
            if (bytes.length >= 60 && random.nextInt(4) > 0) { // else nearly all would end at the IPv4 checksum
                repairIpv4(bytes);
            }
            final byte[] withHeader = new byte[VirtioNetHeader.LENGTH_BYTES + bytes.length];
            if (random.nextBoolean()) {
                random.nextBytes(withHeader);
            }
            System.arraycopy(bytes, 0, withHeader, VirtioNetHeader.LENGTH_BYTES, bytes.length);
            try {
                parsingNeverThrowsNorReadsOutsideThePacket(bytes);
                whateverIsAcceptedCanBeRewrittenAnsweredAndSplit(withHeader);
            } catch (final RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + " round " + round, e);
            }
        }
    }

    private static void repairIpv4(final byte[] bytes) {
        final int headerLength = Math.max(20, (bytes[0] & 0xF) * 4);
        if (bytes[0] >>> 4 == 4) {
            ReferenceChecksum.put(bytes, 10, ReferenceChecksum.ipv4(bytes, 0, headerLength));
        }
    }
}
