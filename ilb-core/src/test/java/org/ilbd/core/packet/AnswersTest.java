package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The packets that are made here in answer to others: echo replies and resets. */
class AnswersTest {
    private static final int OUT = VirtioNetHeader.LENGTH_BYTES;

    private final Packet packet = new Packet();
    private final Packet answer = new Packet();
    private final MemorySegment out = MemorySegment.ofArray(new byte[OUT + TcpReset.MAX_LENGTH_BYTES]);

    private byte[] parse(final byte[] bytes) {
        packet.parse(PacketBuilder.buffer(bytes), PacketBuilder.FRONT, bytes.length);
        return bytes;
    }

    private byte[] parsed() {
        return PacketBuilder.bytes(packet.segment(), packet.offset(), packet.length());
    }

    private static PacketBuilder builder(final boolean ipv6, final boolean back) {
        final String client = ipv6 ? "[2001:db8:1::2]:43210" : "10.1.0.2:43210";
        final String vip = ipv6 ? "[2001:db8:9::1]:80" : "10.9.0.1:80";
        return back ? PacketBuilder.from(vip, client) : PacketBuilder.from(client, vip);
    }

    @Test
    void turnsAnEchoRequestIntoItsReply() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            final byte[] data = {1, 2, 3, 4, 5};
            final int request = ipv6 ? IcmpHeader.V6_ECHO_REQUEST : IcmpHeader.ECHO_REQUEST;
            final int reply = ipv6 ? IcmpHeader.V6_ECHO_REPLY : IcmpHeader.ECHO_REPLY;
            for (int timeToLive = 1; timeToLive < 256; timeToLive++) {
                parse(builder(ipv6, false).timeToLive(timeToLive).icmp(request, 0, 0x00070001, data));
                assertThat(EchoReply.reply(packet)).isTrue();
                assertThat(parsed())
                        .isEqualTo(builder(ipv6, true).timeToLive(64).icmp(reply, 0, 0x00070001, data));
            }
            assertThat(packet.tuple().destination().address())
                    .isEqualTo(IpAddress.parse(ipv6 ? "2001:db8:1::2" : "10.1.0.2"));
        }
    }

    @Test
    void repliesToNothingButEchoRequests() {
        final byte[] bytes = parse(builder(false, false).tcp());
        assertThat(EchoReply.reply(packet)).isFalse();
        assertThat(parsed()).isEqualTo(bytes);
        parse(builder(false, false).icmp(IcmpHeader.ECHO_REPLY, 0, 1, new byte[4]));
        assertThat(EchoReply.reply(packet)).isFalse();
    }

    private byte[] reset() {
        out.fill((byte) 0x55);
        final int length = TcpReset.write(packet, out, OUT);
        assertThat(PacketBuilder.bytes(out, 0, OUT)).containsOnly(0);
        assertThat(answer.parse(out, OUT, length)).isEqualTo(Packet.Verdict.TCP);
        assertThat(answer.length()).isEqualTo(length);
        assertThat(answer.tuple())
                .isEqualTo(new FourTuple().copyFrom(packet.tuple()).reverse());
        final byte[] bytes = PacketBuilder.bytes(out, OUT, length);
        final int transport = (int) (answer.tcpOffset() - OUT);
        assertThat(ReferenceChecksum.get(bytes, transport + 16))
                .isEqualTo(ReferenceChecksum.transport(bytes, transport, 16, 6));
        return bytes;
    }

    @Test
    void answersAnAcknowledgmentWithItsOwnNumber() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            parse(builder(ipv6, false).sequence(7, -5).payload(new byte[3]).tcp());
            reset();
            assertThat(answer.tcpFlags()).isEqualTo(TcpHeader.RST);
            assertThat(TcpHeader.sequence(out, answer.tcpOffset())).isEqualTo(-5);
            assertThat(TcpHeader.acknowledgment(out, answer.tcpOffset())).isZero();
        }
    }

    @Test
    void answersAnythingElseByAcknowledgingAllOfIt() {
        for (final boolean ipv6 : new boolean[] {false, true}) {
            parse(builder(ipv6, false)
                    .sequence(-2, 0)
                    .flags(TcpHeader.SYN)
                    .payload(new byte[3])
                    .tcp());
            reset();
            assertThat(answer.tcpFlags()).isEqualTo(TcpHeader.RST | TcpHeader.ACK);
            assertThat(TcpHeader.sequence(out, answer.tcpOffset())).isZero();
            assertThat(TcpHeader.acknowledgment(out, answer.tcpOffset()))
                    .as("data and the SYN, over the wrap")
                    .isEqualTo(2);
            parse(builder(ipv6, false).sequence(10, 0).flags(TcpHeader.FIN).tcp());
            reset();
            assertThat(TcpHeader.acknowledgment(out, answer.tcpOffset())).isEqualTo(11);
        }
    }

    @Test
    void neverAnswersAResetOrWhatIsNotTcp() {
        parse(builder(false, false).flags(TcpHeader.RST | TcpHeader.ACK).tcp());
        assertThat(TcpReset.write(packet, out, OUT)).isZero();
        parse(builder(false, false).icmp(IcmpHeader.ECHO_REQUEST, 0, 1, new byte[4]));
        assertThat(TcpReset.write(packet, out, OUT)).isZero();
    }
}
