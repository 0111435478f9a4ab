package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Any bytes at all: no decoder throws, none reads outside the range that it is given, and what one accepts can be read and
 * printed. The segment ends with the range, so that reading behind it throws; what is in front of it, and behind it in a
 * longer segment, makes no difference.
 */
class DecoderFuzzTest {
    private static final int IN_FRONT = 9;
    private static final int BEHIND = 64;

    /** Decodes, and reads all there is to read. */
    private interface Decoder {
        String decode(MemorySegment segment, long offset, int length);
    }

    @FuzzTest(maxDuration = "1m")
    void associationRecord(byte[] data) {
        check(data, DecoderFuzzTest::associationRecord);
    }

    @FuzzTest(maxDuration = "1m")
    void forwardHeader(byte[] data) {
        check(data, DecoderFuzzTest::forwardHeader);
    }

    @FuzzTest(maxDuration = "1m")
    void associationsMessage(byte[] data) {
        check(data, DecoderFuzzTest::associationsMessage);
    }

    @FuzzTest(maxDuration = "1m")
    void idMessage(byte[] data) {
        check(data, DecoderFuzzTest::idMessage);
    }

    @FuzzTest(maxDuration = "1m")
    void transferMessage(byte[] data) {
        check(data, DecoderFuzzTest::transferMessage);
    }

    @FuzzTest(maxDuration = "1m")
    void intakeMessage(byte[] data) {
        check(data, DecoderFuzzTest::intakeMessage);
    }

    @FuzzTest(maxDuration = "1m")
    void selectionMessage(byte[] data) {
        check(data, DecoderFuzzTest::selectionMessage);
    }

    @FuzzTest(maxDuration = "1m")
    void messageAuthenticator(byte[] data) {
        check(data, DecoderFuzzTest::messageAuthenticator);
    }

    @Test
    void randomBytesAndBrokenMessages() {
        long seed = System.nanoTime();
        System.out.println("DecoderFuzzTest seed " + seed);
        Random random = new Random(seed);
        MemorySegment message = Samples.buffer(1_500);
        for (int i = 0; i < 4_000; i++) {
            int length = Samples.randomMessage(random, message, 0);
            byte[] data = message.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                data[random.nextInt(data.length)] = (byte) random.nextInt();
            }
            data = Arrays.copyOf(data, random.nextInt(10) == 0 ? random.nextInt(1_400) : data.length);
            associationRecord(data);
            forwardHeader(data);
            associationsMessage(data);
            idMessage(data);
            transferMessage(data);
            intakeMessage(data);
            selectionMessage(data);
            messageAuthenticator(data);
        }
    }

    @Test
    void everyWholeMessageIsAccepted() {
        long seed = System.nanoTime();
        System.out.println("DecoderFuzzTest seed " + seed);
        Random random = new Random(seed);
        MemorySegment message = Samples.buffer(1_500);
        for (int i = 0; i < 1_000; i++) {
            int length = Samples.randomMessage(random, message, 0);
            String text = switch (MessageHeader.type(message, 0)) {
                case ID -> idMessage(message, 0, length);
                case FORWARD -> forwardHeader(message, 0, length);
                case ASSOCIATIONS -> associationsMessage(message, 0, length);
                case TRANSFER -> transferMessage(message, 0, length);
                case INTAKE -> intakeMessage(message, 0, length);
                case SELECTION -> selectionMessage(message, 0, length);
                case UNKNOWN -> "unknown";
            };
            assertThat(text).startsWith("OK");
        }
    }

    private static void check(byte[] data, Decoder decoder) {
        String exact = decoder.decode(surrounded(data, 0, 0), 0, data.length);
        assertThat(decoder.decode(surrounded(data, BEHIND, 0x00), IN_FRONT, data.length))
                .isEqualTo(exact);
        assertThat(decoder.decode(surrounded(data, BEHIND, 0xFF), IN_FRONT, data.length))
                .isEqualTo(exact);
    }

    private static MemorySegment surrounded(byte[] data, int behind, int filling) {
        int inFront = behind == 0 ? 0 : IN_FRONT;
        MemorySegment segment = Samples.buffer(inFront + data.length + behind).fill((byte) filling);
        MemorySegment.copy(MemorySegment.ofArray(data), 0, segment, inFront, data.length);
        return segment;
    }

    private static String associationRecord(MemorySegment segment, long offset, int length) {
        AssociationRecord record = new AssociationRecord();
        DecodeResult result = record.decode(segment, offset, length);
        return result == DecodeResult.OK ? result + " " + record + " " + record.lengthBytes() : result.toString();
    }

    private static String forwardHeader(MemorySegment segment, long offset, int length) {
        ForwardHeader header = new ForwardHeader();
        DecodeResult result = header.decode(segment, offset, length);
        if (result != DecodeResult.OK) {
            return result.toString();
        }
        assertThat(header.packetOffset() + header.packetLength()).isEqualTo(offset + length);
        return result + " " + header.hop() + " " + header.visited0() + " " + header.visited1() + " "
                + (header.hasAssociation() ? header.association().toString() : "") + " " + header.packetLength();
    }

    private static String associationsMessage(MemorySegment segment, long offset, int length) {
        AssociationsMessage message = new AssociationsMessage();
        DecodeResult result = message.decode(segment, offset, length);
        StringBuilder text = new StringBuilder().append(result);
        AssociationRecord record = new AssociationRecord();
        int records = 0;
        while (message.next(record)) {
            text.append(' ').append(record);
            records++;
        }
        assertThat(records).isEqualTo(result == DecodeResult.OK ? message.count() : 0);
        return text.toString();
    }

    private static String idMessage(MemorySegment segment, long offset, int length) {
        IdMessage message = new IdMessage();
        DecodeResult result = message.decode(segment, offset, length);
        return result == DecodeResult.OK ? result + " " + message : result.toString();
    }

    private static String transferMessage(MemorySegment segment, long offset, int length) {
        TransferMessage message = new TransferMessage();
        DecodeResult result = message.decode(segment, offset, length);
        return result == DecodeResult.OK ? result + " " + message : result.toString();
    }

    private static String intakeMessage(MemorySegment segment, long offset, int length) {
        IntakeMessage message = new IntakeMessage();
        DecodeResult result = message.decode(segment, offset, length);
        return result == DecodeResult.OK ? result + " " + message : result.toString();
    }

    private static String selectionMessage(MemorySegment segment, long offset, int length) {
        SelectionMessage message = new SelectionMessage();
        DecodeResult result = message.decode(segment, offset, length);
        return result == DecodeResult.OK ? result + " " + message : result.toString();
    }

    private static String messageAuthenticator(MemorySegment segment, long offset, int length) {
        return new MessageAuthenticator(List.of(Samples.KEY)).verify(segment, offset, length) + " "
                + new MessageAuthenticator(List.of()).verify(segment, offset, length);
    }
}
