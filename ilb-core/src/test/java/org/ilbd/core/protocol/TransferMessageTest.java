package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class TransferMessageTest {
    private final MemorySegment buffer = Samples.buffer(100);
    private final TransferMessage message = new TransferMessage();

    private int encode(TransferMessage.Kind kind) {
        return TransferMessage.encode(
                buffer, 5, Samples.TAG, Samples.INCARNATION, kind, 0x0A0B_0C0D, 0x1112_1314_1516_1718L);
    }

    @Test
    void layoutIsFrozen() {
        buffer.fill((byte) 0xFF);
        assertThat(encode(TransferMessage.Kind.HANDED_OVER)).isEqualTo(48);

        assertThat(Samples.hex(buffer, 5, 48))
                .isEqualTo("01040000" + "11223344" + "0102030405060708" + "0".repeat(32) + "02000000" + "0a0b0c0d"
                        + "1112131415161718");
        assertThat(Samples.hex(buffer, 0, 5) + Samples.hex(buffer, 53, 47)).isEqualTo("ff".repeat(52));
    }

    @Test
    void kindsKeepTheirCodes() {
        assertThat(TransferMessage.Kind.ACKNOWLEDGED.code()).isEqualTo(1);
        assertThat(TransferMessage.Kind.HANDED_OVER.code()).isEqualTo(2);
        assertThat(TransferMessage.Kind.BEGIN.code()).isEqualTo(3);
    }

    @Test
    void saysWhatWasWritten() {
        for (TransferMessage.Kind kind : TransferMessage.Kind.values()) {
            int length = encode(kind);
            assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.OK);
            assertThat(message.kind()).isEqualTo(kind);
            assertThat(message.number()).isEqualTo(0x0A0B_0C0D);
            assertThat(message.viewDigest()).isEqualTo(0x1112_1314_1516_1718L);
        }
        assertThat(message.toString()).isEqualTo("TRANSFER kind=BEGIN number=168496141 viewDigest=0x1112131415161718");
    }

    @Test
    void aShorterOneIsTruncated() {
        int whole = encode(TransferMessage.Kind.ACKNOWLEDGED);
        for (int length = 0; length < whole; length++) {
            assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.TRUNCATED);
        }
    }

    @Test
    void anUnknownKindAndAnotherTypeAreRefused() {
        int length = encode(TransferMessage.Kind.ACKNOWLEDGED);
        for (int kind : new int[] {0, TransferMessage.Kind.values().length + 1, 255}) {
            buffer.set(ValueLayout.JAVA_BYTE, 5 + TransferMessage.KIND_OFFSET, (byte) kind);
            assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_VALUE);
        }
        MessageHeader.encode(buffer, 5, MessageType.ID, 0, 0);
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_TYPE);
    }
}
