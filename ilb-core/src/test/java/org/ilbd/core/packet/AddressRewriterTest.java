package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRewriterTest {
    private static final int ROUNDS = 3_000;

    private final Packet packet = new Packet();
    private final Packet again = new Packet();
    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);

    AddressRewriterTest() {
        System.out.println("AddressRewriterTest seed " + seed);
    }

    private static PacketBuilder builder(final Endpoint source, final Endpoint destination, final Random random) {
        final byte[] payload = new byte[random.nextInt(100)];
        random.nextBytes(payload);
        final byte[] options = new byte[random.nextInt(6) * 4];
        random.nextBytes(options);
        return PacketBuilder.from(source, destination)
                .payload(payload)
                .tcpOptions(options)
                .ipOptions(new byte[random.nextInt(4) * 4])
                .sequence(random.nextInt(), random.nextInt())
                .flags(random.nextInt(256));
    }

    /** Often of zeros and ones, where one's complement arithmetic has its corners. */
    private Endpoint endpoint(final boolean ipv6) {
        final byte[] bytes = new byte[ipv6 ? 16 : 4];
        switch (random.nextInt(4)) {
            case 0 -> Arrays.fill(bytes, (byte) 0xFF);
            case 1 -> bytes[bytes.length - 1] = 1;
            default -> random.nextBytes(bytes);
        }
        final int port = switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> 65_535;
            default -> random.nextInt(65_536);
        };
        return new Endpoint(IpAddress.ofBytes(bytes), port);
    }

    private void rewriteDestination(final Endpoint to) {
        assertThat(AddressRewriter.rewriteDestination(
                        packet, to.address().high(), to.address().low(), to.port()))
                .isTrue();
    }

    private void rewriteSource(final Endpoint to) {
        assertThat(AddressRewriter.rewriteSource(
                        packet, to.address().high(), to.address().low(), to.port()))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void givesWhatAPacketMadeForTheServerWouldBe(final boolean ipv6) {
        for (int round = 0; round < ROUNDS; round++) {
            final Endpoint client = endpoint(ipv6);
            final Endpoint vip = endpoint(ipv6);
            final Endpoint server = endpoint(ipv6);
            final long bytesSeed = random.nextLong();
            final boolean partial = random.nextBoolean();
            final PacketBuilder before = builder(client, vip, new Random(bytesSeed));
            final PacketBuilder after = builder(client, server, new Random(bytesSeed));
            final byte[] expected = partial ? after.partialTcp() : after.tcp();
            parse(partial ? before.partialTcp() : before.tcp(), partial);
            rewriteDestination(server);
            check(expected, client, server);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void givesWhatAPacketFromTheVipWouldBe(final boolean ipv6) {
        for (int round = 0; round < ROUNDS; round++) {
            final Endpoint client = endpoint(ipv6);
            final Endpoint vip = endpoint(ipv6);
            final Endpoint server = endpoint(ipv6);
            final long bytesSeed = random.nextLong();
            final boolean partial = random.nextBoolean();
            final PacketBuilder before = builder(server, client, new Random(bytesSeed));
            final PacketBuilder after = builder(vip, client, new Random(bytesSeed));
            final byte[] expected = partial ? after.partialTcp() : after.tcp();
            parse(partial ? before.partialTcp() : before.tcp(), partial);
            rewriteSource(vip);
            check(expected, vip, client);
        }
    }

    private void parse(final byte[] bytes, final boolean partial) {
        final int transport = bytes[0] >>> 4 == 4 ? (bytes[0] & 0xF) * 4 : 40;
        final MemorySegment segment = partial
                ? PacketBuilder.superSegment(bytes, transport, VirtioNetHeader.GSO_NONE, 0)
                : PacketBuilder.buffer(bytes);
        assertThat(packet.parse(segment, PacketBuilder.FRONT, bytes.length)).isEqualTo(Packet.Verdict.TCP);
    }

    private void check(final byte[] expected, final Endpoint source, final Endpoint destination) {
        assertThat(PacketBuilder.bytes(packet.segment(), packet.offset(), packet.length()))
                .as("seed %d: %s -> %s", seed, source, destination)
                .isEqualTo(expected);
        assertThat(packet.tuple()).isEqualTo(new FourTuple().set(source, destination));
        again.parse(packet.segment(), packet.offset(), packet.length());
        assertThat(again.tuple()).isEqualTo(packet.tuple());
    }

    @Test
    void aDamagedPacketStaysRecognisable() {
        final byte[] bytes = PacketBuilder.from("10.1.0.2:1", "10.9.0.1:80")
                .payload(new byte[9])
                .tcp();
        bytes[45] ^= 1;
        parse(bytes, false);
        rewriteDestination(Endpoint.parse("10.3.0.1:8080"));
        final byte[] after = PacketBuilder.bytes(packet.segment(), packet.offset(), packet.length());
        assertThat(ReferenceChecksum.transport(after, 20, 16, 6)).isNotEqualTo(ReferenceChecksum.get(after, 36));
        assertThat(ReferenceChecksum.ipv4(after, 0, 20)).isEqualTo(ReferenceChecksum.get(after, 10));
    }

    @Test
    void rewritesWhatAnIcmpErrorQuotes() {
        for (int round = 0; round < ROUNDS; round++) {
            final boolean ipv6 = random.nextBoolean();
            final Endpoint client = endpoint(ipv6);
            final Endpoint vip = endpoint(ipv6);
            final Endpoint server = endpoint(ipv6);
            final long bytesSeed = random.nextLong();
            final byte[] sent = builder(vip, client, new Random(bytesSeed)).tcp();
            final byte[] known = builder(server, client, new Random(bytesSeed)).tcp();
            final int least = (ipv6 ? 40 : (sent[0] & 0xF) * 4) + 8;
            int quoted = least + random.nextInt(sent.length - least + 1);
            if (quoted == least + 9) { // ends inside the TCP checksum, which is then left alone
                quoted--;
            }
            final byte[] bytes = error(vip, Arrays.copyOf(sent, quoted));
            final byte[] expected = error(server, Arrays.copyOf(known, quoted));
            final MemorySegment segment = PacketBuilder.buffer(bytes);
            assertThat(packet.parse(segment, PacketBuilder.FRONT, bytes.length)).isEqualTo(Packet.Verdict.ICMP_ERROR);
            assertThat(packet.tuple()).isEqualTo(new FourTuple().set(client, vip));
            rewriteDestination(server);
            check(expected, client, server);
        }
    }

    private static byte[] error(final Endpoint to, final byte[] quoted) {
        return to.address().ipv6()
                ? PacketBuilder.from(Endpoint.parse("[2001:db8::ffff]:0"), to)
                        .icmp(IcmpHeader.V6_PACKET_TOO_BIG, 0, 1_400, quoted)
                : PacketBuilder.from(Endpoint.parse("192.0.2.1:0"), to)
                        .icmp(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.FRAGMENTATION_NEEDED, 1_400, quoted);
    }

    @Test
    void leavesAloneWhatItCanNotRewrite() {
        final byte[] bytes =
                PacketBuilder.from("10.1.0.2:0", "10.9.0.1:0").icmp(IcmpHeader.ECHO_REQUEST, 0, 1, new byte[8]);
        packet.parse(PacketBuilder.buffer(bytes), PacketBuilder.FRONT, bytes.length);
        assertThat(AddressRewriter.rewriteDestination(packet, 0, 1, 2)).isFalse();
        assertThat(AddressRewriter.rewriteSource(packet, 0, 1, 2)).isFalse();
        assertThat(PacketBuilder.bytes(packet.segment(), packet.offset(), bytes.length))
                .isEqualTo(bytes);
    }
}
