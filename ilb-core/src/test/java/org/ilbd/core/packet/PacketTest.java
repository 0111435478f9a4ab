package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.ilbd.core.packet.Packet.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PacketTest {
    private static final String CLIENT4 = "10.1.0.2:43210";
    private static final String VIP4 = "10.9.0.1:80";
    private static final String CLIENT6 = "[2001:db8:1::2]:43210";
    private static final String VIP6 = "[2001:db8:9::1]:80";
    private static final byte[] DATA = "GET / HTTP/1.1".getBytes(StandardCharsets.US_ASCII);
    /** Router alert (RFC 2113), as every option a multiple of four. */
    private static final byte[] IP_OPTIONS = {(byte) 0x94, 4, 0, 0};
    /** No-operations and time stamps (RFC 7323). */
    private static final byte[] TCP_OPTIONS = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
    /** A destination or hop-by-hop options header of eight bytes, all padding (RFC 8200, 4.2). */
    private static final byte[] OPTIONS_HEADER = {0, 0, 1, 4, 0, 0, 0, 0};

    private final Packet packet = new Packet();

    private Verdict parse(final byte[] bytes) {
        return packet.parse(PacketBuilder.buffer(bytes), PacketBuilder.FRONT, bytes.length);
    }

    private static PacketBuilder ipv4() {
        return PacketBuilder.from(CLIENT4, VIP4);
    }

    private static PacketBuilder ipv6() {
        return PacketBuilder.from(CLIENT6, VIP6);
    }

    /** What a router sends to the VIP about a packet of {@code bytes} from the VIP. */
    private static byte[] error4(final byte[] quoted) {
        return PacketBuilder.from("192.0.2.1:0", VIP4)
                .icmp(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.FRAGMENTATION_NEEDED, 1_400, quoted);
    }

    private static byte[] error6(final byte[] quoted) {
        return PacketBuilder.from("[2001:db8::ffff]:0", VIP6).icmp(IcmpHeader.V6_PACKET_TOO_BIG, 0, 1_400, quoted);
    }

    private static byte[] fromVip4(final int bytes) {
        return Arrays.copyOf(PacketBuilder.from(VIP4, CLIENT4).payload(DATA).tcp(), bytes);
    }

    private static byte[] fromVip6(final int bytes) {
        return Arrays.copyOf(PacketBuilder.from(VIP6, CLIENT6).payload(DATA).tcp(), bytes);
    }

    static Stream<byte[]> acceptedPackets() {
        return Stream.of(
                ipv4().tcp(),
                ipv4().flags(TcpHeader.SYN).tcpOptions(TCP_OPTIONS).tcp(),
                ipv4().ipOptions(IP_OPTIONS)
                        .tcpOptions(TCP_OPTIONS)
                        .payload(DATA)
                        .tcp(),
                ipv4().icmp(IcmpHeader.ECHO_REQUEST, 0, 77, DATA),
                error4(fromVip4(28)),
                error4(fromVip4(40)),
                ipv6().tcp(),
                ipv6().tcpOptions(TCP_OPTIONS).payload(DATA).tcp(),
                ipv6().extension(0, OPTIONS_HEADER)
                        .extension(60, OPTIONS_HEADER)
                        .payload(DATA)
                        .tcp(),
                ipv6().icmp(IcmpHeader.V6_ECHO_REQUEST, 0, 77, DATA),
                error6(fromVip6(48)),
                error6(fromVip6(60)));
    }

    @Test
    void readsASynAsItIsOnTheWire() {
        // SYN 10.1.0.2:43210 -> 10.9.0.1:80 with MSS 1460; both checksums worked out by hand.
        final byte[] bytes = HexFormat.of()
                .parseHex("4500002c" + "00004000" + "400626c0" + "0a010002" + "0a090001" //
                        + "a8ca0050" + "00000001" + "00000000" + "6002ffff" + "dafe0000" + "020405b4");
        assertThat(ReferenceChecksum.ipv4(bytes, 0, 20)).isEqualTo(0x26C0);
        assertThat(ReferenceChecksum.transport(bytes, 20, 16, 6)).isEqualTo(0xDAFE);
        assertThat(parse(bytes)).isEqualTo(Verdict.TCP);
        assertThat(packet.tuple()).hasToString("10.1.0.2:43210 -> 10.9.0.1:80");
        assertThat(packet.isSyn()).isTrue();
        assertThat(packet.tcpHeaderLength()).isEqualTo(24);
        assertThat(packet.payloadLength()).isZero();
        assertThat(packet.sequenceLength()).isEqualTo(1);
        assertThat(packet.tcpOffset()).isEqualTo(PacketBuilder.FRONT + 20);
    }

    @Test
    void readsIpv4WithOptionsOfBothKinds() {
        final byte[] bytes = ipv4().ipOptions(IP_OPTIONS)
                .tcpOptions(TCP_OPTIONS)
                .payload(DATA)
                .flags(TcpHeader.PSH | TcpHeader.ACK)
                .typeOfService(0xB9)
                .timeToLive(1)
                .tcp();
        assertThat(parse(bytes)).isEqualTo(Verdict.TCP);
        assertThat(packet.tuple()).hasToString(CLIENT4 + " -> " + VIP4);
        assertThat(packet.tcpOffset() - packet.offset()).isEqualTo(24);
        assertThat(packet.tcpHeaderLength()).isEqualTo(32);
        assertThat(packet.payloadLength()).isEqualTo(DATA.length);
        assertThat(packet.tcpFlags()).isEqualTo(TcpHeader.PSH | TcpHeader.ACK);
        assertThat(packet.isSyn()).isFalse();
        assertThat(packet.length()).isEqualTo(bytes.length);
    }

    @Test
    void readsIpv6() {
        assertThat(parse(ipv6().payload(DATA)
                        .flags(TcpHeader.FIN | TcpHeader.ACK)
                        .tcp()))
                .isEqualTo(Verdict.TCP);
        assertThat(packet.ipv6()).isTrue();
        assertThat(packet.tuple()).hasToString(CLIENT6 + " -> " + VIP6);
        assertThat(packet.payloadLength()).isEqualTo(DATA.length);
        assertThat(packet.isFin()).isTrue();
        assertThat(packet.sequenceLength()).isEqualTo(DATA.length + 1);
    }

    @Test
    void tellsOpeningFromOtherPackets() {
        parse(ipv4().flags(TcpHeader.SYN | TcpHeader.ECE | TcpHeader.CWR).tcp());
        assertThat(packet.isSyn()).isTrue();
        parse(ipv4().flags(TcpHeader.SYN | TcpHeader.ACK).tcp());
        assertThat(packet.isSyn()).isFalse();
        parse(ipv4().flags(TcpHeader.SYN | TcpHeader.RST).tcp());
        assertThat(packet.isSyn()).isFalse();
        assertThat(packet.isRst()).isTrue();
    }

    @Test
    void ignoresWhatFollowsThePacket() {
        for (final byte[] bytes : acceptedPackets().toList()) {
            final Verdict verdict = parse(bytes);
            assertThat(parse(Arrays.copyOf(bytes, bytes.length + 6))).isEqualTo(verdict);
            assertThat(packet.length()).isEqualTo(bytes.length);
        }
    }

    @ParameterizedTest
    @MethodSource("acceptedPackets")
    void refusesAPacketCutAtAnyLength(final byte[] bytes) {
        assertThat(parse(bytes).isAccepted()).isTrue();
        for (int length = 0; length < bytes.length; length++) {
            assertThat(parse(Arrays.copyOf(bytes, length)))
                    .as("%d of %d bytes", length, bytes.length)
                    .isEqualTo(Verdict.TRUNCATED);
        }
    }

    @ParameterizedTest
    @MethodSource("acceptedPackets")
    void refusesHeadersCutWithinAnHonestLength(final byte[] bytes) {
        final Verdict whole = parse(bytes);
        final boolean v4 = bytes[0] >>> 4 == 4;
        for (int length = v4 ? (bytes[0] & 0xF) * 4 : 40; length < bytes.length; length++) {
            final byte[] cut = Arrays.copyOf(bytes, length);
            if (v4) {
                ReferenceChecksum.put(cut, 2, length);
                ReferenceChecksum.put(cut, 10, ReferenceChecksum.ipv4(cut, 0, (bytes[0] & 0xF) * 4));
            } else {
                ReferenceChecksum.put(cut, 4, length - 40);
            }
            final Verdict verdict = parse(cut);
            if (verdict.isAccepted()) { // only data is missing
                assertThat(verdict).isEqualTo(whole);
                assertThat(packet.payloadLength()).isNotNegative();
            } else {
                assertThat(verdict).as("%d bytes", length).isIn(Verdict.TRUNCATED, Verdict.BAD_HEADER_LENGTH);
            }
        }
    }

    @Test
    void refusesEveryFlippedBitOfAnIpv4Header() {
        final byte[] bytes = ipv4().ipOptions(IP_OPTIONS).payload(DATA).tcp();
        for (int bit = 0; bit < 24 * 8; bit++) {
            final byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(parse(damaged).isAccepted()).as("bit %d", bit).isFalse();
        }
        bytes[10] ^= 1;
        assertThat(parse(bytes)).isEqualTo(Verdict.BAD_CHECKSUM);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void refusesAnIpv4HeaderLengthBelowTheLeast(final int words) {
        final byte[] bytes = ipv4().tcp();
        bytes[0] = (byte) (0x40 | words);
        assertThat(parse(bytes)).isEqualTo(Verdict.BAD_HEADER_LENGTH);
    }

    @Test
    void refusesATotalLengthBelowTheHeaderLength() {
        for (int total = 0; total < 20; total++) {
            final byte[] bytes = ipv4().tcp();
            ReferenceChecksum.put(bytes, 2, total);
            assertThat(parse(bytes)).isEqualTo(Verdict.BAD_TOTAL_LENGTH);
        }
    }

    @Test
    void refusesATcpHeaderLengthBelowTheLeastOrBeyondThePacket() {
        for (final byte[] bytes : new byte[][] {
            ipv4().payload(new byte[4]).tcp(), ipv6().payload(new byte[4]).tcp()
        }) {
            final int field = bytes.length - 24 + 12;
            for (final int words : IntStream.range(0, 16).toArray()) {
                bytes[field] = (byte) (words << 4);
                assertThat(parse(bytes))
                        .as("%d words", words)
                        .isEqualTo(words == 5 || words == 6 ? Verdict.TCP : Verdict.BAD_HEADER_LENGTH);
            }
        }
    }

    private static PacketBuilder ipv4Fragment(final int fragment) {
        return ipv4().fragment(fragment);
    }

    @Test
    void refusesFragmentsFirstAndLater() {
        assertThat(parse(ipv4Fragment(0x2000).payload(DATA).tcp())).isEqualTo(Verdict.FRAGMENT);
        assertThat(parse(ipv4Fragment(0x2001).payload(DATA).tcp())).isEqualTo(Verdict.FRAGMENT);
        assertThat(parse(ipv4Fragment(0x1FFF).payload(DATA).tcp())).isEqualTo(Verdict.FRAGMENT);
        assertThat(parse(ipv6().extension(44, new byte[] {0, 0, 0, 1, 0, 0, 0, 9})
                        .tcp()))
                .isEqualTo(Verdict.FRAGMENT);
        assertThat(parse(ipv6().extension(44, new byte[] {0, 0, 0, 8, 0, 0, 0, 9})
                        .tcp()))
                .isEqualTo(Verdict.FRAGMENT);
        // RFC 6946: a fragment header on a whole packet makes no fragment of it
        assertThat(parse(ipv6().extension(44, new byte[8]).payload(DATA).tcp())).isEqualTo(Verdict.TCP);
        assertThat(packet.payloadLength()).isEqualTo(DATA.length);
    }

    @Test
    void walksIpv6ExtensionHeaders() {
        final byte[] bytes = ipv6().extension(0, OPTIONS_HEADER)
                .extension(43, new byte[] {0, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
                .extension(51, new byte[] {0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
                .extension(60, OPTIONS_HEADER)
                .payload(DATA)
                .tcp();
        assertThat(parse(bytes)).isEqualTo(Verdict.TCP);
        assertThat(packet.tcpOffset() - packet.offset()).isEqualTo(40 + 8 + 24 + 24 + 8);
        assertThat(packet.tuple()).hasToString(CLIENT6 + " -> " + VIP6);
        assertThat(packet.payloadLength()).isEqualTo(DATA.length);
    }

    @Test
    void givesUpOnTooManyExtensionHeadersAndUnfinishedRoutes() {
        PacketBuilder builder = ipv6();
        for (int i = 0; i < Ipv6Header.MAX_EXTENSION_HEADERS; i++) {
            builder = builder.extension(60, OPTIONS_HEADER);
        }
        assertThat(parse(builder.tcp())).isEqualTo(Verdict.TCP);
        assertThat(parse(builder.extension(60, OPTIONS_HEADER).tcp())).isEqualTo(Verdict.UNSUPPORTED_EXTENSION);
        assertThat(parse(ipv6().extension(43, new byte[] {0, 0, 0, 1, 0, 0, 0, 0})
                        .tcp()))
                .isEqualTo(Verdict.UNSUPPORTED_EXTENSION);
    }

    @Test
    void refusesAnExtensionHeaderThatReachesBeyondThePacket() {
        assertThat(parse(ipv6().extension(60, new byte[] {0, (byte) 255, 1, 4, 0, 0, 0, 0})
                        .tcp()))
                .isEqualTo(Verdict.TRUNCATED);
    }

    @Test
    void refusesWhatIsNotTcp() {
        assertThat(parse(new byte[] {0, 1, 2, 3})).isEqualTo(Verdict.NOT_IP);
        assertThat(parse(ipv4().ip(17, 6, new byte[8]))).isEqualTo(Verdict.NOT_TCP);
        assertThat(parse(ipv6().ip(17, 6, new byte[8]))).isEqualTo(Verdict.NOT_TCP);
        assertThat(parse(ipv6().ip(59, -1, new byte[0]))).isEqualTo(Verdict.NOT_TCP);
        assertThat(parse(ipv4().ip(58, 2, new byte[8]))).as("ICMPv6 in IPv4").isEqualTo(Verdict.NOT_TCP);
        assertThat(parse(ipv6().ip(1, -1, new byte[8]))).as("ICMP in IPv6").isEqualTo(Verdict.NOT_TCP);
    }

    @Test
    void readsEchoRequests() {
        assertThat(parse(ipv4().icmp(IcmpHeader.ECHO_REQUEST, 0, 77, DATA))).isEqualTo(Verdict.ICMP_ECHO_REQUEST);
        assertThat(packet.tuple()).hasToString("10.1.0.2:0 -> 10.9.0.1:0");
        assertThat(parse(ipv6().icmp(IcmpHeader.V6_ECHO_REQUEST, 0, 77, DATA))).isEqualTo(Verdict.ICMP_ECHO_REQUEST);
        assertThat(packet.tuple()).hasToString("[2001:db8:1::2]:0 -> [2001:db8:9::1]:0");
    }

    @Test
    void namesTheConnectionOfAnErrorThatQuotesEightBytesOfTcp() {
        assertThat(parse(error4(fromVip4(28)))).isEqualTo(Verdict.ICMP_ERROR);
        assertThat(packet.tuple()).hasToString(CLIENT4 + " -> " + VIP4);
        assertThat(packet.tcpFlags()).isZero();
        assertThat(parse(error6(fromVip6(48)))).isEqualTo(Verdict.ICMP_ERROR);
        assertThat(packet.tuple()).hasToString(CLIENT6 + " -> " + VIP6);
    }

    @Test
    void refusesAnErrorThatQuotesLess() {
        for (int length = 0; length < 28; length++) {
            assertThat(parse(error4(fromVip4(length)))).isEqualTo(Verdict.TRUNCATED);
        }
        for (int length = 0; length < 48; length++) {
            assertThat(parse(error6(fromVip6(length)))).isEqualTo(Verdict.TRUNCATED);
        }
    }

    @Test
    void readsAnErrorThatQuotesOptionsAndExtensionHeaders() {
        final byte[] quoted4 =
                PacketBuilder.from(VIP4, CLIENT4).ipOptions(IP_OPTIONS).tcp();
        assertThat(parse(error4(quoted4))).isEqualTo(Verdict.ICMP_ERROR);
        assertThat(packet.tuple()).hasToString(CLIENT4 + " -> " + VIP4);
        final byte[] quoted6 =
                PacketBuilder.from(VIP6, CLIENT6).extension(60, OPTIONS_HEADER).tcp();
        assertThat(parse(error6(quoted6))).isEqualTo(Verdict.ICMP_ERROR);
        assertThat(packet.tuple()).hasToString(CLIENT6 + " -> " + VIP6);
    }

    @Test
    void readsAnErrorAboutAFirstFragmentButNotAboutALaterOne() {
        assertThat(parse(error4(
                        PacketBuilder.from(VIP4, CLIENT4).fragment(0x2000).tcp())))
                .isEqualTo(Verdict.ICMP_ERROR);
        assertThat(parse(error4(
                        PacketBuilder.from(VIP4, CLIENT4).fragment(0x0001).tcp())))
                .isEqualTo(Verdict.FRAGMENT);
        final byte[] first = {0, 0, 0, 1, 0, 0, 0, 9};
        final byte[] later = {0, 0, 0, 8, 0, 0, 0, 9};
        assertThat(parse(error6(
                        PacketBuilder.from(VIP6, CLIENT6).extension(44, first).tcp())))
                .isEqualTo(Verdict.ICMP_ERROR);
        assertThat(parse(error6(
                        PacketBuilder.from(VIP6, CLIENT6).extension(44, later).tcp())))
                .isEqualTo(Verdict.FRAGMENT);
    }

    @Test
    void refusesErrorsThatAreNotAboutATcpPacketOfTheirDestination() {
        assertThat(parse(error4(PacketBuilder.from("10.9.0.2:80", CLIENT4).tcp())))
                .as("another's packet")
                .isEqualTo(Verdict.ICMP_OTHER);
        assertThat(parse(error4(PacketBuilder.from(VIP4, CLIENT4).ip(17, 6, new byte[8]))))
                .as("UDP")
                .isEqualTo(Verdict.ICMP_OTHER);
        assertThat(parse(error6(PacketBuilder.from(VIP6, CLIENT6).ip(17, 6, new byte[8]))))
                .isEqualTo(Verdict.ICMP_OTHER);
        assertThat(parse(error4(fromVip6(60)))).as("quotes IPv6").isEqualTo(Verdict.ICMP_OTHER);
        assertThat(parse(error6(fromVip4(40)))).as("quotes IPv4").isEqualTo(Verdict.ICMP_OTHER);
        final byte[] redirect = ipv4().icmp(5, 1, 0x0A000001, fromVip4(28));
        assertThat(parse(redirect)).isEqualTo(Verdict.ICMP_OTHER);
        assertThat(parse(ipv6().icmp(135, 0, 0, new byte[16])))
                .as("neighbour solicitation")
                .isEqualTo(Verdict.ICMP_OTHER);
        final byte[] shortHeader = fromVip4(40);
        shortHeader[0] = 0x44;
        assertThat(parse(error4(shortHeader))).isEqualTo(Verdict.BAD_HEADER_LENGTH);
    }

    @Test
    void everyErrorTypeIsTaken() {
        for (final int type : new int[] {3, 11, 12}) {
            assertThat(parse(PacketBuilder.from("192.0.2.1:0", VIP4).icmp(type, 0, 0, fromVip4(28))))
                    .isEqualTo(Verdict.ICMP_ERROR);
        }
        for (final int type : new int[] {1, 2, 3, 4}) {
            assertThat(parse(PacketBuilder.from("[2001:db8::ffff]:0", VIP6).icmp(type, 0, 0, fromVip6(48))))
                    .isEqualTo(Verdict.ICMP_ERROR);
        }
    }

    @Test
    void printsEveryField() {
        final byte[] bytes = ipv4().flags(TcpHeader.SYN).tcp();
        final MemorySegment segment = PacketBuilder.buffer(bytes);
        packet.parse(segment, PacketBuilder.FRONT, bytes.length);
        assertThat(packet).hasToString("10.1.0.2:43210 -> 10.9.0.1:80 SYN 0 bytes");
        assertThat(Ipv4Header.toString(segment, packet.offset()))
                .startsWith(
                        "IPv4 10.1.0.2 -> 10.9.0.1 headerLength=20 tos=0x00 totalLength=40 id=4660 fragment=0x4000");
        assertThat(TcpHeader.toString(segment, packet.tcpOffset()))
                .startsWith("TCP 43210 -> 80 seq=1000 ack=2000 headerLength=20 flags=SYN window=512");
        final byte[] six = ipv6().typeOfService(0xB8).tcp();
        assertThat(Ipv6Header.toString(MemorySegment.ofArray(six), 0))
                .isEqualTo("IPv6 2001:db8:1::2 -> 2001:db8:9::1 trafficClass=0xb8 flowLabel=0x00000 payloadLength=20"
                        + " nextHeader=6 hopLimit=63");
    }
}
