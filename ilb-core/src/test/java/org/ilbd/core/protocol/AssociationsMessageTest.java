package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.NetworkOrder;
import org.junit.jupiter.api.Test;

class AssociationsMessageTest {
    private final MemorySegment buffer = Samples.buffer(1_500);
    private final AssociationsWriter writer = new AssociationsWriter(buffer, 7);
    private final AssociationsMessage message = new AssociationsMessage();
    private final AssociationRecord record = new AssociationRecord();
    private final FourTuple ipv4 = Samples.tuple("10.1.0.2:1", "10.9.0.1:80");
    private final FourTuple ipv6 = Samples.tuple("[::2]:1", "[::1]:80");

    @Test
    void layoutIsFrozen() {
        append(ipv4);
        int length = writer.finishForAll(Samples.TAG, Samples.INCARNATION, 0x0A0B_0C0D);

        assertThat(length).isEqualTo(40 + 24);
        assertThat(Samples.hex(buffer, 7, 48))
                .isEqualTo("01030000" + "11223344" + "0102030405060708" + "0".repeat(32) + "0a0b0c0d" + "0001" + "01"
                        + "00" + "0200005000000000");
    }

    @Test
    void saysWhenItIsFull() {
        int records = 0;
        while (append(ipv4)) {
            records++;
        }
        assertThat(records).isEqualTo((1_400 - 40) / 24).isEqualTo(writer.count());
        assertThat(writer.lengthBytes()).isBetween(1_400 - 23, 1_400);
        assertThat(append(ipv6)).isFalse();
        assertThat(message.decode(buffer, 7, writer.finishForAll(1, 1, 1))).isEqualTo(DecodeResult.OK);
        assertThat(drain()).hasSize(records).containsOnly(ipv4);

        writer.clear();
        assertThat(writer.count()).isZero();
        assertThat(append(ipv6)).isTrue();
    }

    @Test
    void aFullOneStaysWithinItsBytes() {
        buffer.fill((byte) 0x5A);
        while (append(ipv6)) {}
        writer.finishForAll(1, 1, 1);

        assertThat(Samples.hex(buffer, 0, 7)).isEqualTo("5a".repeat(7));
        assertThat(Samples.hex(buffer, 1_407, 93)).isEqualTo("5a".repeat(93));
    }

    @Test
    void bothFamiliesMixInOneMessage() {
        long seed = System.nanoTime();
        System.out.println("AssociationsMessageTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            writer.clear();
            List<FourTuple> tuples = new ArrayList<>();
            for (int records = random.nextInt(60); records > 0; records--) {
                FourTuple tuple = Samples.randomTuple(random, random.nextBoolean());
                if (append(tuple)) {
                    tuples.add(tuple);
                }
            }
            int sequence = random.nextInt();
            int length = writer.finishForAll(random.nextInt(), random.nextLong(), sequence);

            assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.OK);
            assertThat(message.sequence()).isEqualTo(sequence);
            assertThat(message.count()).isEqualTo(tuples.size());
            assertThat(drain()).isEqualTo(tuples);
        }
    }

    @Test
    void aMessageForOneIsNotNumbered() {
        append(ipv4);
        int length = writer.finishForOne(1, 1);

        assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.OK);
        assertThat(message.audience()).isEqualTo(AssociationsMessage.Audience.ONE);
        assertThat(message.sequence()).isZero();
        assertThat(message.toString()).isEqualTo("ASSOCIATIONS sequence=0 audience=ONE count=1 remaining=1");
    }

    @Test
    void aFrameOfATransferStreamIsNumbered() {
        append(ipv4);
        int length = writer.finishForTransfer(1, 1, 0x8000_0001);

        assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.OK);
        assertThat(message.audience()).isEqualTo(AssociationsMessage.Audience.TRANSFER);
        assertThat(message.sequence()).isEqualTo(0x8000_0001);
        assertThat(Samples.hex(buffer, 7 + AssociationsMessage.AUDIENCE_OFFSET, 1))
                .isEqualTo("03");
        assertThat(message.toString())
                .isEqualTo("ASSOCIATIONS sequence=2147483649 audience=TRANSFER count=1 remaining=1");
    }

    @Test
    void aWriterOfAnotherSizeFillsThatAndNoMore() {
        int size = 16 * 1024;
        MemorySegment large = Samples.buffer(3 + size + 5).fill((byte) 0x5A);
        AssociationsWriter frames = new AssociationsWriter(large, 3, size);
        int records = 0;
        while (frames.append(AssociationState.CLOSING, true, ipv6, 0, 1, 80, 0, 0)) {
            records++;
        }
        int length = frames.finishForTransfer(1, 1, 1);

        int recordBytes = AssociationRecord.lengthBytes(true);
        assertThat(length).isBetween(size - recordBytes + 1, size);
        assertThat(records).isEqualTo((size - AssociationsMessage.RECORDS_OFFSET) / recordBytes);
        assertThat(Samples.hex(large, 0, 3) + Samples.hex(large, 3 + size, 5)).isEqualTo("5a".repeat(8));
        assertThat(message.decode(large, 3, length)).isEqualTo(DecodeResult.OK);
        assertThat(drain()).hasSize(records).containsOnly(ipv6);
    }

    @Test
    void aWriterLargerThanItsSegmentIsRefused() {
        assertThatThrownBy(() -> new AssociationsWriter(buffer, 7, 1_494))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void nothingIsHandedOutOfABrokenMessage() {
        append(ipv4);
        append(ipv6);
        append(ipv4);
        int length = writer.finishForAll(1, 1, 1);
        for (int shorter = 0; shorter < length; shorter++) {
            assertThat(message.decode(buffer, 7, shorter)).isEqualTo(DecodeResult.TRUNCATED);
            assertThat(message.next(record)).isFalse();
        }
        assertThat(message.decode(buffer, 7, length + 1)).isEqualTo(DecodeResult.BAD_VALUE);
        assertThat(message.next(record)).isFalse();
        buffer.set(ValueLayout.JAVA_BYTE, 7 + 40 + 24, (byte) 0);
        assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.BAD_VALUE);
        assertThat(message.next(record)).isFalse();
    }

    @Test
    void aCountThatLiesIsFound() {
        append(ipv4);
        int length = writer.finishForAll(1, 1, 1);
        setCount(65_535);
        assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.TRUNCATED);
        setCount(0);
        assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    @Test
    void anUnknownAudienceIsRefused() {
        int length = writer.finishForAll(1, 1, 1);
        buffer.set(ValueLayout.JAVA_BYTE, 7 + AssociationsMessage.AUDIENCE_OFFSET, (byte) 4);

        assertThat(message.decode(buffer, 7, length)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    private void setCount(int count) {
        buffer.set(NetworkOrder.SHORT, 7 + AssociationsMessage.COUNT_OFFSET, (short) count);
    }

    private boolean append(FourTuple tuple) {
        return writer.append(AssociationState.ESTABLISHED, false, tuple, 0, 0x0A02_0065, 80, 0, 0);
    }

    private List<FourTuple> drain() {
        List<FourTuple> tuples = new ArrayList<>();
        while (message.next(record)) {
            tuples.add(new FourTuple().copyFrom(record.tuple()));
        }
        return tuples;
    }
}
