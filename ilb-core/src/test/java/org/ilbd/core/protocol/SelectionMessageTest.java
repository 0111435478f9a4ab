package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.Test;

class SelectionMessageTest {
    private static final FourTuple IPV4 = Samples.tuple("10.1.0.2:40000", "10.9.0.1:80");
    private static final FourTuple IPV6 = Samples.tuple("[fd00:1::2]:40000", "[fd00:9::1]:80");

    private final MemorySegment buffer = Samples.buffer(200);
    private final SelectionMessage message = new SelectionMessage();

    private int request() {
        return SelectionMessage.encode(
                buffer,
                5,
                Samples.TAG,
                Samples.INCARNATION,
                SelectionMessage.Kind.REQUEST,
                0x0A0B_0C0D,
                0x0304,
                IPV4,
                0,
                0x0A02_0065,
                8080);
    }

    private int answer() {
        return SelectionMessage.encode(
                buffer,
                5,
                Samples.TAG,
                Samples.INCARNATION,
                SelectionMessage.Kind.ANSWER,
                0,
                0x5566_7788,
                IPV6,
                0x11L,
                0x22L,
                443);
    }

    @Test
    void layoutIsFrozen() {
        buffer.fill((byte) 0xFF);
        assertThat(request()).isEqualTo(60);
        assertThat(Samples.hex(buffer, 5, 60))
                .isEqualTo("01060000" + "11223344" + "0102030405060708" + "0".repeat(32) + "01001f90" + "0a0b0c0d"
                        + "00000304" + "0a020065" + "0050" + "0a090001" + "9c40" + "0a010002");
        assertThat(Samples.hex(buffer, 0, 5) + Samples.hex(buffer, 65, 135)).isEqualTo("ff".repeat(140));

        assertThat(answer()).isEqualTo(96);
        assertThat(Samples.hex(buffer, 5 + 32, 64))
                .isEqualTo("020101bb" + "00000000" + "55667788" + "00000000000000110000000000000022" + "0050"
                        + "fd000009000000000000000000000001" + "9c40" + "fd000001000000000000000000000002");
    }

    @Test
    void saysWhatWasWritten() {
        assertThat(message.decode(buffer, 5, request())).isEqualTo(DecodeResult.OK);
        assertThat(message)
                .hasToString(
                        "SELECTION kind=REQUEST zone=0xa0b0c0d load=772 serverHigh=0x0 serverLow=0xa020065 serverPort=8080"
                                + " tuple=10.1.0.2:40000 -> 10.9.0.1:80");
        assertThat(message.decode(buffer, 5, answer())).isEqualTo(DecodeResult.OK);
        assertThat(message)
                .hasToString(
                        "SELECTION kind=ANSWER zone=0x0 assignedOwner=0x55667788 serverHigh=0x11 serverLow=0x22 serverPort=443"
                                + " tuple=[fd00:1::2]:40000 -> [fd00:9::1]:80");
    }

    @Test
    void anotherLengthIsRefused() {
        int whole = answer();
        for (int length = 0; length < whole; length++) {
            assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.TRUNCATED);
        }
        assertThat(message.decode(buffer, 5, whole + 1)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    @Test
    void unknownKindsFlagsAndTypesAreRefused() {
        int length = request();
        for (int kind : new int[] {0, SelectionMessage.Kind.values().length + 1, 255}) {
            buffer.set(ValueLayout.JAVA_BYTE, 5 + SelectionMessage.KIND_OFFSET, (byte) kind);
            assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_VALUE);
        }
        request();
        buffer.set(ValueLayout.JAVA_BYTE, 5 + SelectionMessage.LOAD_OR_OWNER_OFFSET + 2, (byte) 4);
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_VALUE);
        request();
        buffer.set(ValueLayout.JAVA_BYTE, 5 + SelectionMessage.FLAGS_OFFSET, (byte) 2);
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_VALUE);
        request();
        buffer.set(ValueLayout.JAVA_BYTE, 5 + MessageHeader.TYPE_OFFSET, (byte) MessageType.ID.code());
        assertThat(message.decode(buffer, 5, length)).isEqualTo(DecodeResult.BAD_TYPE);
    }

    @Test
    void anyValuesComeBack() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 1_000; i++) {
            FourTuple tuple = Samples.randomTuple(random, random.nextBoolean());
            int zone = random.nextInt();
            long low = tuple.ipv6() ? random.nextLong() : random.nextLong(1L << 32);
            int port = random.nextInt(1 << 16);
            int load = Samples.randomLoad(random);
            int length = SelectionMessage.encode(
                    buffer, 0, 1, 1, SelectionMessage.Kind.REQUEST, zone, load, tuple, tuple.ipv6() ? 7 : 0, low, port);
            assertThat(message.decode(buffer, 0, length)).as("seed %d", seed).isEqualTo(DecodeResult.OK);
            assertThat(message.tuple()).as("seed %d", seed).isEqualTo(tuple);
            assertThat(message.zone()).as("seed %d", seed).isEqualTo(zone);
            assertThat(message.load()).as("seed %d", seed).isEqualTo(load);
            assertThat(message.serverHigh()).as("seed %d", seed).isEqualTo(tuple.ipv6() ? 7 : 0);
            assertThat(message.serverLow()).as("seed %d", seed).isEqualTo(low);
            assertThat(message.serverPort()).as("seed %d", seed).isEqualTo(port);
        }
    }
}
