package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.NetworkOrder;
import org.junit.jupiter.api.Test;

class IdMessageTest {
    private final MemorySegment buffer = Samples.buffer(1_500);
    private final IdMessage message = new IdMessage();

    @Test
    void layoutIsFrozen() {
        encode(IlbId.parse("10.2.0.11"));
        IdMessage.appendLoad(
                buffer,
                3,
                0x3132_3334_3536_3738L,
                0x4142_4344,
                0x0000_07D0,
                0x0000_001E,
                0x0102,
                IdMessage.flags(75, 1, true, false));
        int length = IdMessage.finish(buffer, 3, 0x0203);

        assertThat(length).isEqualTo(98);
        assertThat(Samples.hex(buffer, 3, length).substring(0, 8)).isEqualTo("01010000");
        assertThat(Samples.hex(buffer, 3 + 32, length - 32))
                .isEqualTo("02" + "04" + "0001" + "51525354" + "0000000000000000000000000a02000b" + "6162636465666768"
                        + "7172737475767778" + "3132333435363738" + "41424344" + "000007d0" + "0000001e" + "0102"
                        + "0c4b" + "0203");
        assertThat(MessageHeader.senderTag(buffer, 3))
                .isEqualTo(IlbId.parse("10.2.0.11").tag());
    }

    @Test
    void everyFieldIsPrinted() {
        encode(IlbId.parse("7"));
        IdMessage.appendLoad(buffer, 3, 0xAB, 5, 2_000, 30, 250, IdMessage.flags(256, 2, true, false));
        IdMessage.appendLoad(
                buffer,
                3,
                0xCD,
                6,
                IdMessage.NO_REPORT,
                0,
                IdMessage.UNKNOWN_LOAD,
                IdMessage.flags(100, 0, false, true));
        message.decode(buffer, 3, IdMessage.finish(buffer, 3, 515));

        assertThat(message.toString())
                .isEqualTo(
                        "ID version=1 type=ID keyId=0 flags=0x0 senderTag=0x"
                                + Integer.toHexString(IlbId.parse("7").tag())
                                + " incarnation=72623859790382856 counter=0 mac=0x0 state=2 id=7 broadcastSequence=1364349780"
                                + " viewDigest=0x6162636465666768 configurationDigest=0x7172737475767778 hostLoad=515 loads=[0xab=5 age=2000 maxConnections=30 load=250 weight=256% administration=2 agentDown, 0xcd=6 checkDown]");
        assertThat(new IdMessage().toString()).isEqualTo("ID nothing decoded");
    }

    @Test
    void everyKindOfIdComesBack() {
        for (String text :
                new String[] {"0", "7", "4294967295", "10.2.0.11", "255.255.255.255", "2001:db8::b", "::7"}) {
            IlbId id = IlbId.parse(text);
            assertThat(message.decode(buffer, 3, encode(id))).isEqualTo(DecodeResult.OK);
            assertThat(message.id()).isEqualTo(id);
            assertThat(message.senderTag()).isEqualTo(id.tag());
        }
    }

    @Test
    void whatIsDecodedIsWhatWasEncoded() {
        long seed = System.nanoTime();
        System.out.println("IdMessageTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            IlbId id = Samples.randomId(random);
            long incarnation = random.nextLong();
            int state = random.nextInt(1, 4);
            int sequence = random.nextInt();
            long view = random.nextLong();
            long configuration = random.nextLong();
            long[] keys = random.longs(random.nextInt(IdMessage.MAX_LOADS + 1)).toArray();
            int hostLoad = Samples.randomLoad(random);
            IdMessage.encode(buffer, 3, id, incarnation, state, sequence, view, configuration);
            for (long key : keys) {
                assertThat(append(key)).isTrue();
            }
            int length = IdMessage.finish(buffer, 3, hostLoad);

            assertThat(message.decode(buffer, 3, length)).isEqualTo(DecodeResult.OK);
            assertThat(message.id()).isEqualTo(id);
            assertThat(message.incarnation()).isEqualTo(incarnation);
            assertThat(message.state()).isEqualTo(state);
            assertThat(message.broadcastSequence()).isEqualTo(sequence);
            assertThat(message.viewDigest()).isEqualTo(view);
            assertThat(message.configurationDigest()).isEqualTo(configuration);
            assertThat(message.hostLoad()).isEqualTo(hostLoad);
            assertThat(message.loadCount()).isEqualTo(keys.length);
            for (int load = 0; load < keys.length; load++) {
                assertThat(message.loadServerKey(load)).isEqualTo(keys[load]);
                assertThat(message.loadConnections(load)).isEqualTo((int) (keys[load] >>> 33));
                assertThat(message.loadReportAgeMillis(load)).isEqualTo(age(keys[load]));
                assertThat(message.loadMaxConnections(load)).isEqualTo((int) (keys[load] & Integer.MAX_VALUE));
                assertThat(message.loadPerMille(load)).isEqualTo(perMille(keys[load]));
                assertThat(message.loadWeightPercent(load)).isEqualTo(percent(keys[load]));
                assertThat(message.loadAdministration(load)).isEqualTo(administration(keys[load]));
                assertThat(message.loadAgentDown(load)).isEqualTo((keys[load] & 1) != 0);
                assertThat(message.loadCheckDown(load)).isEqualTo((keys[load] & 2) != 0);
            }
        }
    }

    private boolean append(long key) {
        return IdMessage.appendLoad(
                buffer,
                3,
                key,
                (int) (key >>> 33),
                age(key),
                (int) (key & Integer.MAX_VALUE),
                perMille(key),
                IdMessage.flags(percent(key), administration(key), (key & 1) != 0, (key & 2) != 0));
    }

    private static int age(long key) {
        return (int) Long.remainderUnsigned(key, 100_000) - 1;
    }

    private static int perMille(long key) {
        int value = (int) Long.remainderUnsigned(key, 1_002);
        return value == 1_001 ? IdMessage.UNKNOWN_LOAD : value;
    }

    private static int percent(long key) {
        return (int) Long.remainderUnsigned(key, 257);
    }

    private static int administration(long key) {
        return (int) Long.remainderUnsigned(key, 3);
    }

    @Test
    void takesFiftyLoadsAndNoMore() {
        encode(IlbId.parse("7"));
        for (int i = 0; i < 50; i++) {
            assertThat(append(i)).isTrue();
        }
        assertThat(append(1)).isFalse();
        int length = IdMessage.finish(buffer, 3, 1);
        assertThat(length).isEqualTo(IdMessage.MAX_LENGTH_BYTES).isLessThanOrEqualTo(MessageHeader.MAX_DATAGRAM_BYTES);
        assertThat(message.decode(buffer, 3, length)).isEqualTo(DecodeResult.OK);
        assertThat(message.loadCount()).isEqualTo(50);
        assertThatThrownBy(() -> message.loadServerKey(50)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void isTruncatedAtEveryShorterLength() {
        encode(IlbId.parse("7"));
        append(1);
        append(2);
        int length = IdMessage.finish(buffer, 3, 1_000);
        for (int shorter = 0; shorter < length; shorter++) {
            assertThat(message.decode(buffer, 3, shorter)).isEqualTo(DecodeResult.TRUNCATED);
        }
    }

    @Test
    void aLoadCountThatLiesIsFound() {
        int length = encode(IlbId.parse("7"));
        buffer.set(NetworkOrder.SHORT, 3 + IdMessage.LOAD_COUNT_OFFSET, (short) 0xFFFF);

        assertThat(message.decode(buffer, 3, length)).isEqualTo(DecodeResult.TRUNCATED);
    }

    @Test
    void whatALaterReleaseAppendsIsNotLookedAt() {
        int length = encode(IlbId.parse("7"));

        assertThat(message.decode(buffer, 3, length + 50)).isEqualTo(DecodeResult.OK);
        assertThat(message.loadCount()).isZero();
    }

    @Test
    void valuesThatNoEncoderWritesAreRefused() {
        assertRefused("7", IdMessage.STATE_OFFSET, 0);
        assertRefused("7", IdMessage.STATE_OFFSET, 4);
        assertRefused("7", IdMessage.ID_KIND_OFFSET, 0);
        assertRefused("7", IdMessage.ID_KIND_OFFSET, 5);
        assertRefused("2001:db8::b", IdMessage.ID_KIND_OFFSET, IdMessage.IPV4_KIND);
        assertRefused("10.2.0.11", IdMessage.ID_OFFSET + 11, 1);
        assertRefused("7", IdMessage.LOADS_OFFSET, 4);
        assertLoadRefused(-1, 0, 0, 0);
        assertLoadRefused(0, IdMessage.NO_REPORT - 1, 0, 0);
        assertLoadRefused(0, 0, 1_001, 0);
        assertLoadRefused(0, 0, 0, IdMessage.flags(257, 0, false, false));
        assertLoadRefused(0, 0, 0, IdMessage.flags(0, 3, false, false));
    }

    private void assertLoadRefused(int connections, int age, int load, int flags) {
        encode(IlbId.parse("7"));
        IdMessage.appendLoad(buffer, 3, 1, connections, age, 0, load, flags);
        int length = IdMessage.finish(buffer, 3, IdMessage.UNKNOWN_LOAD);
        assertThat(message.decode(buffer, 3, length)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    private void assertRefused(String id, int offset, int value) {
        int length = encode(IlbId.parse(id));
        buffer.set(ValueLayout.JAVA_BYTE, 3 + offset, (byte) value);
        assertThat(message.decode(buffer, 3, length)).isEqualTo(DecodeResult.BAD_VALUE);
    }

    private int encode(IlbId id) {
        IdMessage.encode(
                buffer,
                3,
                id,
                Samples.INCARNATION,
                IdMessage.ACTIVE,
                0x5152_5354,
                0x6162_6364_6566_6768L,
                0x7172_7374_7576_7778L);
        return IdMessage.finish(buffer, 3, 0);
    }
}
