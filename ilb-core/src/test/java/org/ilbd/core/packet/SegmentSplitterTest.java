package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SegmentSplitterTest {
    private static final int OUT = 10;

    private final Packet packet = new Packet();
    private final Packet piece = new Packet();
    private final SegmentSplitter splitter = new SegmentSplitter();
    private final MemorySegment out = MemorySegment.ofArray(new byte[70_000]);

    private static PacketBuilder builder(final boolean ipv6) {
        return ipv6
                ? PacketBuilder.from("[2001:db8:1::2]:43210", "[2001:db8:9::1]:80")
                : PacketBuilder.from("10.1.0.2:43210", "10.9.0.1:80");
    }

    private static byte[] random(final int length, final long seed) {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void parse(final MemorySegment segment) {
        assertThat(packet.parse(segment, PacketBuilder.FRONT, (int) segment.byteSize() - PacketBuilder.FRONT)
                        .isAccepted())
                .isTrue();
    }

    private void parseSuper(final byte[] bytes, final int gsoSize) {
        final boolean ipv6 = bytes[0] >>> 4 == 6;
        final int type = ipv6 ? VirtioNetHeader.GSO_TCPV6 : VirtioNetHeader.GSO_TCPV4;
        parse(PacketBuilder.superSegment(bytes, ipv6 ? 40 : (bytes[0] & 0xF) * 4, type, gsoSize));
    }

    /** All packets that come out, each checked for what must hold for every packet. */
    private List<byte[]> split(final int announced) {
        final List<byte[]> pieces = new ArrayList<>();
        int length = splitter.next(out, OUT);
        while (length > 0) {
            final byte[] bytes = PacketBuilder.bytes(out, OUT, length);
            pieces.add(bytes);
            assertThat(piece.parse(out, OUT, length)).isEqualTo(Packet.Verdict.TCP);
            assertThat(piece.length()).isEqualTo(length);
            assertThat(piece.tuple()).isEqualTo(packet.tuple());
            final int transport = (int) (piece.tcpOffset() - OUT);
            assertThat(ReferenceChecksum.get(bytes, transport + 16))
                    .as("TCP checksum of packet %d", pieces.size())
                    .isEqualTo(ReferenceChecksum.transport(bytes, transport, 16, 6));
            length = splitter.next(out, OUT);
        }
        assertThat(pieces).hasSize(announced);
        assertThat(splitter.next(out, OUT)).isZero();
        return pieces;
    }

    /** The data of all pieces, joined as the receiver joins them: by sequence number, without a gap. */
    private byte[] join(final List<byte[]> pieces, final int firstSequence) {
        final ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (final byte[] bytes : pieces) {
            piece.parse(MemorySegment.ofArray(bytes), 0, bytes.length);
            assertThat(TcpHeader.sequence(piece.segment(), piece.tcpOffset())).isEqualTo(firstSequence + data.size());
            data.write(bytes, bytes.length - piece.payloadLength(), piece.payloadLength());
        }
        return data.toByteArray();
    }

    private int flagsOf(final byte[] bytes) {
        piece.parse(MemorySegment.ofArray(bytes), 0, bytes.length);
        return piece.tcpFlags();
    }

    @Test
    void splitsAtEveryGsoSize() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final byte[] data = random(300, 1);
            final byte[] bytes = builder(ipv6).payload(data).sequence(-150, 7).partialTcp();
            for (int gsoSize = 1; gsoSize <= 310; gsoSize++) {
                parseSuper(bytes, gsoSize);
                final List<byte[]> pieces = split(splitter.start(packet));
                assertThat(pieces).hasSize((300 + gsoSize - 1) / gsoSize);
                assertThat(join(pieces, -150)).isEqualTo(data);
                for (int i = 0; i < pieces.size(); i++) {
                    final int size = i < pieces.size() - 1 ? gsoSize : 300 - gsoSize * (pieces.size() - 1);
                    assertThat(pieces.get(i)).hasSize(bytes.length - 300 + size);
                }
            }
        }
    }

    @Test
    void splittingThenJoiningGivesTheSameBytes() {
        final long seed = System.nanoTime();
        System.out.println("SegmentSplitterTest seed " + seed);
        final Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            final boolean ipv6 = random.nextBoolean();
            final byte[] data = random(1 + random.nextInt(60_000), random.nextLong());
            final int sequence = random.nextInt();
            final byte[] bytes = builder(ipv6)
                    .payload(data)
                    .tcpOptions(random(random.nextInt(11) * 4, random.nextLong()))
                    .ipOptions(new byte[random.nextInt(3) * 4])
                    .sequence(sequence, random.nextInt())
                    .partialTcp();
            parseSuper(bytes, 200 + random.nextInt(9_000));
            final int limit = random.nextBoolean() ? Integer.MAX_VALUE : 300 + random.nextInt(2_000);
            final List<byte[]> pieces = split(splitter.start(packet, limit));
            assertThat(join(pieces, sequence)).as("seed %d", seed).isEqualTo(data);
            assertThat(pieces).allSatisfy(one -> assertThat(one.length).isLessThanOrEqualTo(limit));
        }
    }

    @Test
    void putsFinAndPushOnTheLastAndCongestionWindowReducedOnTheFirst() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final int all = TcpHeader.FIN | TcpHeader.PSH | TcpHeader.ACK | TcpHeader.ECE | TcpHeader.CWR;
            parseSuper(builder(ipv6).payload(new byte[250]).flags(all).partialTcp(), 100);
            VirtioNetHeader.gsoType(
                    packet.segment(),
                    packet.virtioOffset(),
                    (ipv6 ? VirtioNetHeader.GSO_TCPV6 : VirtioNetHeader.GSO_TCPV4) | VirtioNetHeader.GSO_ECN);
            final List<byte[]> pieces = split(splitter.start(packet));
            assertThat(pieces)
                    .extracting(this::flagsOf)
                    .containsExactly(
                            TcpHeader.ACK | TcpHeader.ECE | TcpHeader.CWR,
                            TcpHeader.ACK | TcpHeader.ECE,
                            TcpHeader.ACK | TcpHeader.ECE | TcpHeader.PSH | TcpHeader.FIN);
        }
    }

    @Test
    void keepsOptionsAcknowledgmentAndServiceClassAndCountsTheIdentification() {
        final byte[] options = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
        parseSuper(
                builder(false)
                        .payload(new byte[250])
                        .tcpOptions(options)
                        .ipOptions(new byte[] {(byte) 0x94, 4, 0, 0})
                        .typeOfService(0xB9)
                        .identification(0xFFFF)
                        .partialTcp(),
                100);
        final List<byte[]> pieces = split(splitter.start(packet));
        assertThat(pieces).extracting(bytes -> ReferenceChecksum.get(bytes, 4)).containsExactly(0xFFFF, 0, 1);
        assertThat(pieces).allSatisfy(bytes -> {
            assertThat(bytes[1]).isEqualTo((byte) 0xB9);
            assertThat(bytes).containsSequence(options);
            assertThat(ReferenceChecksum.get(bytes, 24 + 10)).isEqualTo(2_000);
        });
    }

    @Test
    void finishesAPartialChecksum() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final byte[] data = random(101, 2);
            final byte[] bytes = builder(ipv6).payload(data).partialTcp();
            parse(PacketBuilder.superSegment(bytes, ipv6 ? 40 : 20, VirtioNetHeader.GSO_NONE, 0));
            final List<byte[]> pieces = split(splitter.start(packet));
            assertThat(pieces).containsExactly(builder(ipv6).payload(data).tcp());
        }
    }

    @Test
    void givesACompletePacketAsItIs() {
        final byte[] bytes = builder(false).payload(random(99, 3)).tcp();
        parse(PacketBuilder.buffer(bytes));
        assertThat(split(splitter.start(packet))).containsExactly(bytes);
        parse(PacketBuilder.buffer(bytes));
        assertThat(split(splitter.start(packet, bytes.length))).containsExactly(bytes);
    }

    @Test
    void cutsACompletePacketForAWayWithLessRoom() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final byte[] data = random(1_400, 4);
            parse(PacketBuilder.buffer(builder(ipv6).payload(data).tcp()));
            final List<byte[]> pieces = split(splitter.start(packet, 1_000));
            assertThat(pieces).hasSize(2);
            assertThat(pieces.getFirst()).hasSize(1_000);
            assertThat(join(pieces, 1_000)).isEqualTo(data);
        }
    }

    @Test
    void neverHidesADamagedPacketByACut() {
        final byte[] bytes = builder(false).payload(random(1_400, 5)).tcp();
        bytes[700] ^= 1;
        parse(PacketBuilder.buffer(bytes));
        assertThat(splitter.start(packet, 1_000)).isEqualTo(1);
        assertThat(splitter.next(out, OUT)).isEqualTo(bytes.length);
        assertThat(PacketBuilder.bytes(out, OUT, bytes.length)).isEqualTo(bytes);
        assertThat(splitter.next(out, OUT)).isZero();
    }

    @Test
    void neverCutsWhatHasMoreThanDataInTheSequence() {
        for (final int flag : new int[] {TcpHeader.SYN, TcpHeader.RST, TcpHeader.URG}) {
            final byte[] bytes =
                    builder(false).flags(flag).payload(new byte[1_400]).tcp();
            parse(PacketBuilder.buffer(bytes));
            assertThat(split(splitter.start(packet, 1_000))).containsExactly(bytes);
        }
    }

    @Test
    void givesIcmpAsItIs() {
        final byte[] bytes = builder(false).icmp(IcmpHeader.ECHO_REQUEST, 0, 1, new byte[200]);
        parse(PacketBuilder.buffer(bytes));
        assertThat(splitter.start(packet, 100)).isEqualTo(1);
        assertThat(splitter.next(out, OUT)).isEqualTo(bytes.length);
        assertThat(PacketBuilder.bytes(out, OUT, bytes.length)).isEqualTo(bytes);
    }

    @Test
    void writesNothingInFrontOfThePacket() {
        parseSuper(builder(true).payload(new byte[250]).partialTcp(), 100);
        out.fill((byte) 0x55);
        split(splitter.start(packet));
        assertThat(PacketBuilder.bytes(out, 0, OUT)).containsOnly(0x55);
    }
}
