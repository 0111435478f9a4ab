package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.Test;

class AssociationRecordTest {
    private final MemorySegment buffer = Samples.buffer(80);
    private final AssociationRecord record = new AssociationRecord();

    @Test
    void ipv4LayoutIsFrozen() {
        int length =
                encode("10.1.0.2:43210", "10.9.0.1:80", "10.2.0.101:8080", AssociationState.HALF_OPEN, false, 1000);

        assertThat(length).isEqualTo(24).isEqualTo(AssociationRecord.lengthBytes(false));
        assertThat(Samples.hex(buffer, 1, length))
                .isEqualTo("01" + "00" + "1f90" + "000003e8" + "0a020065" + "00500a090001" + "a8ca0a010002");
    }

    @Test
    void ipv6LayoutIsFrozen() {
        int length = encode(
                "[2001:db8::2]:43210",
                "[2001:db8:9::1]:443",
                "[2001:db8:2::65]:443",
                AssociationState.CLOSING,
                true,
                Integer.MAX_VALUE);

        assertThat(length).isEqualTo(60).isEqualTo(AssociationRecord.lengthBytes(true));
        assertThat(Samples.hex(buffer, 1, length))
                .isEqualTo("03" + "03" + "01bb" + "7fffffff" + "20010db8000200000000000000000065" + "01bb"
                        + "20010db8000900000000000000000001" + "a8ca" + "20010db8000000000000000000000002");
    }

    @Test
    void theOwnerThatItIsAssignedToIsBehindTheTuple() {
        int length = encode(
                "10.1.0.2:43210", "10.9.0.1:80", "10.2.0.101:8080", AssociationState.HALF_OPEN, false, 0, 0x1122_3344);

        assertThat(length).isEqualTo(28);
        assertThat(Samples.hex(buffer, 1, length)).startsWith("01" + "04").endsWith("a8ca0a010002" + "11223344");
        assertThat(record.decode(buffer, 1, length)).isEqualTo(DecodeResult.OK);
        assertThat(record.toString()).endsWith(" assignedOwner=0x11223344");
        for (int available = 0; available < length; available++) {
            assertThat(record.decode(buffer, 1, available)).isEqualTo(DecodeResult.TRUNCATED);
        }
        buffer.asSlice(1 + 24, 4).fill((byte) 0);
        assertThat(record.decode(buffer, 1, length)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    @Test
    void everyFieldIsPrinted() {
        int length = encode("10.1.0.2:43210", "10.9.0.1:80", "10.2.0.101:80", AssociationState.ESTABLISHED, false, 7);
        record.decode(buffer, 1, length);

        assertThat(record.toString())
                .isEqualTo("state=ESTABLISHED reset=false server=10.2.0.101:80 ageMillis=7"
                        + " tuple=10.1.0.2:43210 -> 10.9.0.1:80");
    }

    @Test
    void whatIsDecodedIsWhatWasEncoded() {
        long seed = System.nanoTime();
        System.out.println("AssociationRecordTest seed " + seed);
        RandomGenerator random = new Random(seed);
        for (int i = 0; i < 5_000; i++) {
            boolean ipv6 = random.nextBoolean();
            FourTuple tuple = Samples.randomTuple(random, ipv6);
            AssociationState state = Samples.randomState(random);
            boolean reset = random.nextBoolean();
            long high = ipv6 ? random.nextLong() : 0;
            long low = ipv6 ? random.nextLong() : random.nextLong(1L << 32);
            int port = random.nextInt(1, 1 << 16);
            int age = random.nextInt() & Integer.MAX_VALUE;
            int offset = random.nextInt(12);
            int assigned = random.nextBoolean() ? 0 : random.nextInt();

            int length = AssociationRecord.encode(buffer, offset, state, reset, tuple, high, low, port, age, assigned);

            assertThat(record.decode(buffer, offset, (int) buffer.byteSize() - offset))
                    .isEqualTo(DecodeResult.OK);
            assertThat(record.lengthBytes()).isEqualTo(length);
            assertThat(record.tuple()).isEqualTo(tuple);
            assertThat(record.state()).isEqualTo(state);
            assertThat(record.reset()).isEqualTo(reset);
            assertThat(record.serverHigh()).isEqualTo(high);
            assertThat(record.serverLow()).isEqualTo(low);
            assertThat(record.serverPort()).isEqualTo(port);
            assertThat(record.ageMillis()).isEqualTo(age);
            assertThat(record.assignedOwner()).isEqualTo(assigned);
        }
    }

    @Test
    void isTruncatedAtEveryShorterLength() {
        for (String[] family :
                new String[][] {{"10.1.0.2:1", "10.9.0.1:80", "10.2.0.1:80"}, {"[::2]:1", "[::1]:80", "[::3]:80"}}) {
            int length = encode(family[0], family[1], family[2], AssociationState.ESTABLISHED, false, 0);
            for (int available = 0; available < length; available++) {
                assertThat(record.decode(buffer, 1, available)).isEqualTo(DecodeResult.TRUNCATED);
            }
            assertThat(record.decode(buffer, 1, length)).isEqualTo(DecodeResult.OK);
        }
    }

    @Test
    void valuesThatNoEncoderWritesAreRefused() {
        assertRefused(AssociationRecord.STATE_OFFSET, 0);
        assertRefused(AssociationRecord.STATE_OFFSET, 8);
        assertRefused(AssociationRecord.FLAGS_OFFSET, 0x08);
        assertRefused(AssociationRecord.FLAGS_OFFSET, 0x80);
        assertRefused(AssociationRecord.AGE_OFFSET, 0x80);
        encode("10.1.0.2:1", "10.9.0.1:80", "10.2.0.1:0", AssociationState.ESTABLISHED, false, 0);
        assertThat(record.decode(buffer, 1, 24)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    @Test
    void anAgeBelowZeroIsZero() {
        int length = encode("10.1.0.2:1", "10.9.0.1:80", "10.2.0.1:80", AssociationState.ESTABLISHED, false, -5);

        assertThat(record.decode(buffer, 1, length)).isEqualTo(DecodeResult.OK);
        assertThat(record.ageMillis()).isZero();
    }

    private void assertRefused(int offset, int value) {
        encode("10.1.0.2:1", "10.9.0.1:80", "10.2.0.1:80", AssociationState.ESTABLISHED, false, 0);
        buffer.set(ValueLayout.JAVA_BYTE, 1 + offset, (byte) value);
        assertThat(record.decode(buffer, 1, 70)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    private int encode(
            String source, String destination, String server, AssociationState state, boolean reset, int age) {
        return encode(source, destination, server, state, reset, age, 0);
    }

    private int encode(
            String source,
            String destination,
            String server,
            AssociationState state,
            boolean reset,
            int age,
            int assignedOwner) {
        Endpoint endpoint = Endpoint.parse(server);
        return AssociationRecord.encode(
                buffer,
                1,
                state,
                reset,
                Samples.tuple(source, destination),
                endpoint.address().high(),
                endpoint.address().low(),
                endpoint.port(),
                age,
                assignedOwner);
    }
}
