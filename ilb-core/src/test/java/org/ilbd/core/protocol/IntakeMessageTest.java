package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.Test;

class IntakeMessageTest {
    private final MemorySegment buffer = Samples.buffer(120);
    private final IntakeMessage message = new IntakeMessage();

    private int encode(boolean request, String vip, String intake) {
        return IntakeMessage.encode(
                buffer,
                5,
                Samples.TAG,
                Samples.INCARNATION,
                request,
                Endpoint.parse(vip),
                0x0A0B_0C0D,
                0x1112_1314_1516_1718L,
                0x2122_2324_2526_2728L,
                0x3132_3334,
                IpAddress.parse(intake));
    }

    @Test
    void layoutIsFrozen() {
        buffer.fill((byte) 0xFF);
        assertThat(encode(true, "10.9.0.1:80", "10.2.0.101")).isEqualTo(96);

        assertThat(Samples.hex(buffer, 5, 96))
                .isEqualTo("01050000" + "11223344" + "0102030405060708" + "0".repeat(32) + "01000050" + "0a0b0c0d"
                        + "1112131415161718" + "2122232425262728" + "31323334" + "00000000"
                        + "0".repeat(24) + "0a090001" + "0".repeat(24) + "0a020065");
        assertThat(Samples.hex(buffer, 0, 5) + Samples.hex(buffer, 101, 19)).isEqualTo("ff".repeat(24));

        encode(false, "[fd00:9::1]:443", "fd00:2::65");
        assertThat(Samples.hex(buffer, 37, 4)).isEqualTo("000101bb");
        assertThat(Samples.hex(buffer, 69, 32))
                .isEqualTo("fd000009000000000000000000000001" + "fd000002000000000000000000000065");
    }

    @Test
    void saysWhatWasWritten() {
        int length = encode(true, "[fd00:9::1]:443", "fd00:2::65");
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.OK);
        assertThat(message.request()).isTrue();
        assertThat(message.vip()).isEqualTo(Endpoint.parse("[fd00:9::1]:443"));
        assertThat(message.designatorTag()).isEqualTo(0x0A0B_0C0D);
        assertThat(message.designatorIncarnation()).isEqualTo(0x1112_1314_1516_1718L);
        assertThat(message.sequence()).isEqualTo(0x2122_2324_2526_2728L);
        assertThat(message.ageMillis()).isEqualTo(0x3132_3334);
        assertThat(message.intake()).isEqualTo(IpAddress.parse("fd00:2::65"));

        encode(false, "10.9.0.1:80", "10.2.0.101");
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.OK);
        assertThat(message.toString())
                .isEqualTo("INTAKE request=false vip=10.9.0.1:80 designatorTag=0xa0b0c0d"
                        + " designatorIncarnation=1230066625199609624 sequence=2387509390608836392"
                        + " ageMillis=825373492 intake=10.2.0.101");
    }

    @Test
    void aShorterOneIsTruncated() {
        int whole = encode(true, "10.9.0.1:80", "10.2.0.101");
        for (int length = 0; length < whole; length++) {
            assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.TRUNCATED);
        }
    }

    @Test
    void whatNoIlbSendsIsRefused() {
        refuses(IntakeMessage.REQUEST_OFFSET, 2);
        refuses(IntakeMessage.IPV6_OFFSET, 2);
        refuses(IntakeMessage.SEQUENCE_OFFSET, 0x40);
        refuses(IntakeMessage.SEQUENCE_OFFSET, 0x80);
        refuses(IntakeMessage.AGE_OFFSET, 0x80);
        refuses(IntakeMessage.VIP_ADDRESS_OFFSET, 1);
        refuses(IntakeMessage.INTAKE_ADDRESS_OFFSET + 11, 1);
        int length = encode(true, "10.9.0.1:80", "10.2.0.101");
        MessageHeader.encode(buffer, 5, MessageType.ID, 0, 0);
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_TYPE);
    }

    private void refuses(int offset, int value) {
        int length = encode(true, "10.9.0.1:80", "10.2.0.101");
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.OK);
        buffer.set(ValueLayout.JAVA_BYTE, 5 + offset, (byte) value);
        assertThat(message.decode(buffer, 5, length))
                .as("%d at %d", value, offset)
                .isEqualTo(DecodeResult.BAD_VALUE);
    }
}
