package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.BAD_MAC;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.MALFORMED;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.OK;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.REPLAY;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.STALE;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.UNKNOWN_KEY;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.ilbd.core.packet.NetworkOrder;
import org.ilbd.core.protocol.MessageAuthenticator.Verdict;
import org.junit.jupiter.api.Test;

class MessageAuthenticatorTest {
    private static final int OFFSET = 5;
    private static final int LENGTH = 100;

    private final MemorySegment buffer = Samples.buffer(200);
    private final MessageAuthenticator sender = new MessageAuthenticator(List.of(Samples.KEY));
    private final MessageAuthenticator receiver = new MessageAuthenticator(List.of(Samples.KEY));

    @Test
    void whatAHolderOfTheKeySignsIsTakenOnce() {
        sign(sender, 1, 1);

        assertThat(verify(receiver)).isEqualTo(OK);
        assertThat(verify(receiver)).isEqualTo(REPLAY);
    }

    @Test
    void verifyingLeavesTheMessageAsItWas() {
        sign(sender, 1, 1);
        String before = Samples.hex(buffer, 0, 200);
        verify(receiver);

        assertThat(Samples.hex(buffer, 0, 200)).isEqualTo(before);
    }

    @Test
    void everyBitOfTheMessageIsProtected() {
        // Counter 3: no single bit makes 0 of it, which would be malformed before it is a bad MAC.
        sign(sender, 1, 1);
        sign(sender, 1, 1);
        sign(sender, 1, 1);
        for (int bit = 0; bit < LENGTH * 8; bit++) {
            flip(bit);
            Verdict expected = switch (bit / 8) {
                case MessageHeader.VERSION_OFFSET -> MALFORMED;
                case MessageHeader.KEY_ID_OFFSET -> UNKNOWN_KEY;
                // The sign of the counter: it counts up from 1.
                case MessageHeader.COUNTER_OFFSET -> bit % 8 == 7 ? MALFORMED : BAD_MAC;
                default -> BAD_MAC;
            };
            assertThat(verify(receiver)).as("bit %d", bit).isEqualTo(expected);
            flip(bit);
        }
        assertThat(verify(receiver)).isEqualTo(OK);
    }

    @Test
    void aMessageCutShortOrExtendedIsNotTheOneSigned() {
        sign(sender, 1, 1);

        for (int length = 0; length < LENGTH + 50; length++) {
            if (length != LENGTH) {
                assertThat(receiver.verify(buffer, OFFSET, length))
                        .isEqualTo(length < MessageHeader.LENGTH_BYTES ? MALFORMED : BAD_MAC);
            }
        }
        assertThat(receiver.verify(buffer, OFFSET, 1_000)).isEqualTo(MALFORMED);
        assertThat(receiver.verify(buffer, -1, LENGTH)).isEqualTo(MALFORMED);
    }

    @Test
    void aForgeryDoesNotUseUpTheCounterOfTheTrueOne() {
        sign(sender, 1, 1);
        flip(8 * 90);
        assertThat(verify(receiver)).isEqualTo(BAD_MAC);
        flip(8 * 90);

        assertThat(verify(receiver)).isEqualTo(OK);
    }

    @Test
    void anotherKeyIsUnknown() {
        sign(new MessageAuthenticator(List.of(Samples.OTHER_KEY)), 1, 1);

        assertThat(verify(receiver)).isEqualTo(UNKNOWN_KEY);
    }

    @Test
    void anotherKeyWithTheSameIdDoesNotFit() {
        int id = ClusterKey.derive(Samples.KEY).id();
        byte[] twin = Samples.KEY.clone();
        do {
            twin[0]++;
        } while (ClusterKey.derive(twin).id() != id);
        MessageAuthenticator twinSender = new MessageAuthenticator(List.of(twin));
        sign(twinSender, 1, 1);

        assertThat(verify(receiver)).isEqualTo(BAD_MAC);
        receiver.setKeys(List.of(Samples.KEY, twin));
        assertThat(verify(receiver)).isEqualTo(OK);
    }

    @Test
    void aRotationLosesNoMessage() {
        MessageAuthenticator[] ilbs = {sender, receiver};
        List<List<byte[]>> steps = List.of(
                List.of(Samples.KEY),
                List.of(Samples.KEY, Samples.OTHER_KEY),
                List.of(Samples.OTHER_KEY, Samples.KEY),
                List.of(Samples.OTHER_KEY));
        for (List<byte[]> step : steps) {
            for (MessageAuthenticator ilb : ilbs) {
                ilb.setKeys(step);
                sign(sender, 1, 1);
                assertThat(verify(receiver)).isEqualTo(OK);
                assertThat(verify(receiver)).isEqualTo(REPLAY);
                sign(receiver, 2, 1);
                assertThat(verify(sender)).isEqualTo(OK);
            }
        }
        assertThat(MessageHeader.keyId(buffer, OFFSET))
                .isEqualTo(ClusterKey.derive(Samples.OTHER_KEY).id());
    }

    @Test
    void whatWasSignedWithAKeyThatIsGoneIsUnknown() {
        sign(sender, 1, 1);
        receiver.setKeys(List.of(Samples.OTHER_KEY));

        assertThat(verify(receiver)).isEqualTo(UNKNOWN_KEY);
    }

    @Test
    void aPastIncarnationIsStale() {
        MemorySegment old = Samples.buffer(200);
        sign(sender, 1, 10);
        old.copyFrom(buffer);
        sign(sender, 1, 11);

        assertThat(verify(receiver)).isEqualTo(OK);
        assertThat(receiver.verify(old, OFFSET, LENGTH)).isEqualTo(STALE);
    }

    @Test
    void aNewIncarnationCountsFromTheStart() {
        for (int i = 0; i < 20_000; i++) {
            sign(sender, 1, 10);
        }
        assertThat(verify(receiver)).isEqualTo(OK);
        sign(new MessageAuthenticator(List.of(Samples.KEY)), 1, 11);

        assertThat(verify(receiver)).isEqualTo(OK);
    }

    @Test
    void aMessageFarBehindIsStale() {
        MemorySegment old = Samples.buffer(200);
        sign(sender, 1, 1);
        old.copyFrom(buffer);
        for (int i = 0; i < ReplayWindow.SIZE; i++) {
            sign(sender, 1, 1);
        }
        assertThat(verify(receiver)).isEqualTo(OK);
        assertThat(receiver.verify(old, OFFSET, LENGTH)).isEqualTo(STALE);
    }

    @Test
    void sendersDoNotDisturbEachOther() {
        MessageAuthenticator second = new MessageAuthenticator(List.of(Samples.KEY));
        for (int i = 0; i < 100; i++) {
            sign(sender, 1, 1);
            assertThat(verify(receiver)).isEqualTo(OK);
            sign(second, 2, 99);
            assertThat(verify(receiver)).isEqualTo(OK);
        }
        assertThat(receiver.senderCount()).isEqualTo(2);
    }

    @Test
    void theSenderUnheardForLongestGivesWay() {
        for (int tag = 0; tag < MessageAuthenticator.MAX_SENDERS; tag++) {
            sign(sender, tag, 1);
            verify(receiver);
        }
        MemorySegment first = Samples.buffer(200);
        sign(sender, 0, 1);
        first.copyFrom(buffer);
        assertThat(verify(receiver)).isEqualTo(OK);

        sign(sender, -1, 1);
        assertThat(verify(receiver)).isEqualTo(OK);
        assertThat(verify(receiver)).isEqualTo(REPLAY);
        assertThat(receiver.verify(first, OFFSET, LENGTH)).isEqualTo(REPLAY);
        assertThat(receiver.senderCount()).isEqualTo(MessageAuthenticator.MAX_SENDERS);
    }

    @Test
    void withoutAKeyMessagesStillCountOnce() {
        MessageAuthenticator open = new MessageAuthenticator(List.of());
        sign(open, 1, 1);

        assertThat(open.hasKey()).isFalse();
        assertThat(MessageHeader.keyId(buffer, OFFSET)).isZero();
        assertThat(MessageHeader.mac(buffer, OFFSET)).isZero();
        assertThat(verify(open)).isEqualTo(OK);
        assertThat(verify(open)).isEqualTo(REPLAY);
    }

    @Test
    void signedAndUnsignedDoNotMix() {
        MessageAuthenticator open = new MessageAuthenticator(List.of());
        sign(open, 1, 1);
        assertThat(verify(receiver)).isEqualTo(UNKNOWN_KEY);
        sign(sender, 1, 1);
        assertThat(verify(open)).isEqualTo(UNKNOWN_KEY);
    }

    @Test
    void anUnsignedMessageHasNoMac() {
        MessageAuthenticator open = new MessageAuthenticator(List.of());
        sign(open, 1, 1);
        MessageHeader.setMac(buffer, OFFSET, 1);

        assertThat(verify(open)).isEqualTo(BAD_MAC);
    }

    @Test
    void aCounterThatIsNeverSentIsMalformed() {
        MessageAuthenticator open = new MessageAuthenticator(List.of());
        sign(open, 1, 1);
        for (long counter : new long[] {0, -1, Long.MIN_VALUE}) {
            buffer.set(NetworkOrder.LONG, OFFSET + MessageHeader.COUNTER_OFFSET, counter);
            assertThat(verify(open)).isEqualTo(MALFORMED);
        }
    }

    @Test
    void theDerivationOfAKeyIsFrozen() {
        ClusterKey key = ClusterKey.derive("0123456789abcdef".getBytes(StandardCharsets.US_ASCII));

        // python3: d = sha256(b"ilbd cluster key 1" + b"0123456789abcdef").digest()
        assertThat(key.id()).isEqualTo(93);
        assertThat(key.key0()).isEqualTo(0xe794ab377c50accfL);
        assertThat(key.key1()).isEqualTo(0x69840aa26da1624aL);
        assertThat(key.toString()).isEqualTo("ClusterKey[id=93]");
    }

    @Test
    void aKeyThatIsTooShortIsRefusedWithItsReason() {
        assertThatThrownBy(() -> new MessageAuthenticator(List.of(new byte[15])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a cluster key has at least 16 bytes, not 15");
        assertThatThrownBy(() -> sender.setKeys(List.of(Samples.KEY, Samples.KEY, Samples.KEY)))
                .hasMessage("there are one or two cluster keys, not 3");
        sign(sender, 1, 1);
        assertThat(verify(receiver)).isEqualTo(OK);
    }

    private void sign(MessageAuthenticator authenticator, int tag, long incarnation) {
        MessageHeader.encode(buffer, OFFSET, MessageType.FORWARD, tag, incarnation);
        authenticator.sign(buffer, OFFSET, LENGTH);
    }

    private Verdict verify(MessageAuthenticator authenticator) {
        return authenticator.verify(buffer, OFFSET, LENGTH);
    }

    private void flip(int bit) {
        int at = OFFSET + bit / 8;
        buffer.set(ValueLayout.JAVA_BYTE, at, (byte) (buffer.get(ValueLayout.JAVA_BYTE, at) ^ 1 << bit % 8));
    }
}
