package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class ForwardHeaderTest {
    private static final int PACKET = 40;

    private final MemorySegment buffer = Samples.buffer(200);
    private final ForwardHeader header = new ForwardHeader();

    @Test
    void layoutIsFrozen() {
        encode(2, false);

        assertThat(Samples.hex(buffer, 5, 44))
                .isEqualTo("01020000" + "11223344" + "0102030405060708" + "0".repeat(32) + "0200" + "0000" + "aaaaaaaa"
                        + "bbbbbbbb");
    }

    @Test
    void thePacketFollowsTheHeader() {
        int before = encode(1, false);

        assertThat(header.decode(buffer, 5, before + PACKET)).isEqualTo(DecodeResult.OK);
        assertThat(before).isEqualTo(44).isEqualTo(ForwardHeader.lengthBytes(false, true));
        assertThat(header.packetOffset()).isEqualTo(5 + 44);
        assertThat(header.packetLength()).isEqualTo(PACKET);
        assertThat(header.hasAssociation()).isFalse();
        assertThat(header.toString())
                .isEqualTo("FORWARD hop=1 visited0=0xaaaaaaaa visited1=0x0 association=none packetOffset=49"
                        + " packetLength=40");
    }

    @Test
    void thePacketFollowsTheAssociation() {
        int before = encode(2, true);

        assertThat(header.decode(buffer, 5, before + PACKET)).isEqualTo(DecodeResult.OK);
        assertThat(before).isEqualTo(44 + 24).isEqualTo(ForwardHeader.lengthBytes(true, false));
        assertThat(header.packetOffset()).isEqualTo(5 + 68);
        assertThat(header.packetLength()).isEqualTo(PACKET);
        assertThat(header.association().tuple()).isEqualTo(Samples.tuple("10.1.0.2:1", "10.9.0.1:80"));
        assertThat(header.toString())
                .isEqualTo("FORWARD hop=2 visited0=0xaaaaaaaa visited1=0xbbbbbbbb association=[state=HALF_OPEN"
                        + " reset=false server=10.2.0.101:80 ageMillis=3 tuple=10.1.0.2:1 -> 10.9.0.1:80]"
                        + " packetOffset=73 packetLength=40");
    }

    @Test
    void knowsWhoHasHadThePacket() {
        header.decode(buffer, 5, encode(1, false) + PACKET);
        assertThat(header.hasVisited(0xAAAA_AAAA)).isTrue();
        assertThat(header.hasVisited(0xBBBB_BBBB)).isFalse();
        assertThat(header.hasVisited(0)).isFalse();

        header.decode(buffer, 5, encode(2, false) + PACKET);
        assertThat(header.hasVisited(0xAAAA_AAAA)).isTrue();
        assertThat(header.hasVisited(0xBBBB_BBBB)).isTrue();
    }

    @Test
    void thereIsNoHopBeyondTheSecond() {
        int before = encode(2, false);
        for (int hop = 0; hop < 256; hop++) {
            buffer.set(ValueLayout.JAVA_BYTE, 5 + ForwardHeader.HOP_OFFSET, (byte) hop);
            assertThat(header.decode(buffer, 5, before + PACKET))
                    .isEqualTo(hop == 1 || hop == 2 ? DecodeResult.OK : DecodeResult.BAD_VALUE);
        }
    }

    @Test
    void isTruncatedAtEveryLengthThatHoldsNoIpHeader() {
        int before = encode(2, true);
        for (int length = 0; length < before + 20; length++) {
            assertThat(header.decode(buffer, 5, length)).isEqualTo(DecodeResult.TRUNCATED);
        }
        assertThat(header.decode(buffer, 5, before + 20)).isEqualTo(DecodeResult.OK);
    }

    @Test
    void aBadAssociationMakesABadMessage() {
        int before = encode(2, true);
        buffer.set(ValueLayout.JAVA_BYTE, 5 + ForwardHeader.ASSOCIATION_OFFSET, (byte) 9);

        assertThat(header.decode(buffer, 5, before + PACKET)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    @Test
    void unknownFlagsAreRefused() {
        int before = encode(2, false);
        buffer.set(ValueLayout.JAVA_BYTE, 5 + ForwardHeader.FLAGS_OFFSET, (byte) 2);

        assertThat(header.decode(buffer, 5, before + PACKET)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    private int encode(int hop, boolean association) {
        int length = ForwardHeader.encode(
                buffer, 5, Samples.TAG, Samples.INCARNATION, hop, 0xAAAA_AAAA, 0xBBBB_BBBB, association);
        if (association) {
            length += AssociationRecord.encode(
                    buffer,
                    5 + length,
                    AssociationState.HALF_OPEN,
                    false,
                    Samples.tuple("10.1.0.2:1", "10.9.0.1:80"),
                    0,
                    0x0A02_0065,
                    80,
                    3,
                    0);
        }
        return length;
    }
}
