package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class MessageHeaderTest {
    private final MemorySegment buffer = Samples.buffer(64);

    @Test
    void everyFieldHasItsPlaceInNetworkByteOrder() {
        assertThat(MessageHeader.encode(buffer, 3, MessageType.FORWARD, Samples.TAG, Samples.INCARNATION))
                .isEqualTo(32);
        MessageHeader.setKeyId(buffer, 3, 0xAB);
        MessageHeader.setCounter(buffer, 3, 0x1112_1314_1516_1718L);
        MessageHeader.setMac(buffer, 3, 0x2122_2324_2526_2728L);

        assertThat(Samples.hex(buffer, 3, 32))
                .isEqualTo("0102ab00" + "11223344" + "0102030405060708" + "1112131415161718" + "2122232425262728");
        assertThat(MessageHeader.toString(buffer, 3))
                .isEqualTo("version=1 type=FORWARD keyId=171 flags=0x0 senderTag=0x11223344"
                        + " incarnation=72623859790382856 counter=1230066625199609624 mac=0x2122232425262728");
    }

    @Test
    void encodingClearsWhatAnEarlierMessageLeft() {
        buffer.fill((byte) 0xFF);
        MessageHeader.encode(buffer, 0, MessageType.ID, 0, 0);

        assertThat(Samples.hex(buffer, 0, 32)).isEqualTo("01010000" + "0".repeat(56));
    }

    @Test
    void typesKeepTheirCodes() {
        for (MessageType type : MessageType.values()) {
            assertThat(MessageType.ofCode(type.code())).isEqualTo(type);
        }
        assertThat(MessageType.ofCode(0)).isEqualTo(MessageType.UNKNOWN);
        assertThat(MessageType.TRANSFER.code()).isEqualTo(4);
        assertThat(MessageType.INTAKE.code()).isEqualTo(5);
        assertThat(MessageType.ofCode(200)).isEqualTo(MessageType.UNKNOWN);
        assertThat(MessageType.ofCode(255)).isEqualTo(MessageType.UNKNOWN);
    }

    @Test
    void aShorterOneIsTruncated() {
        MessageHeader.encode(buffer, 0, MessageType.ID, 0, 0);
        for (int length = 0; length < 32; length++) {
            assertThat(MessageHeader.check(buffer, 0, length)).isEqualTo(DecodeResult.TRUNCATED);
        }
        assertThat(MessageHeader.check(buffer, 0, 32)).isEqualTo(DecodeResult.OK);
    }

    @Test
    void aRangeOutsideTheSegmentIsTruncated() {
        assertThat(MessageHeader.check(buffer, 33, 32)).isEqualTo(DecodeResult.TRUNCATED);
        assertThat(MessageHeader.check(buffer, -1, 32)).isEqualTo(DecodeResult.TRUNCATED);
        assertThat(MessageHeader.check(buffer, 0, -1)).isEqualTo(DecodeResult.TRUNCATED);
        assertThat(MessageHeader.check(buffer, Long.MAX_VALUE, 32)).isEqualTo(DecodeResult.TRUNCATED);
        assertThat(MessageHeader.check(buffer, 0, Integer.MAX_VALUE)).isEqualTo(DecodeResult.TRUNCATED);
    }

    @Test
    void anotherVersionIsRefused() {
        for (int version = 0; version < 256; version++) {
            MessageHeader.encode(buffer, 0, MessageType.ID, 0, 0);
            buffer.set(ValueLayout.JAVA_BYTE, 0, (byte) version);
            assertThat(MessageHeader.check(buffer, 0, 32))
                    .isEqualTo(version == 1 ? DecodeResult.OK : DecodeResult.BAD_VERSION);
        }
    }

    @Test
    void anotherTypeThanWantedIsRefused() {
        MessageHeader.encode(buffer, 0, MessageType.ID, 0, 0);

        assertThat(MessageHeader.check(buffer, 0, 32, MessageType.FORWARD)).isEqualTo(DecodeResult.BAD_TYPE);
        assertThat(MessageHeader.check(buffer, 0, 32, MessageType.ID)).isEqualTo(DecodeResult.OK);
    }
}
