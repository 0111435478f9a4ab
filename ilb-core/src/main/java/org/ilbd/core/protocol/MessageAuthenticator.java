package org.ilbd.core.protocol;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.ilbd.core.packet.SipHash;

/**
 * Signs what this ILB sends and judges what it receives: who has the cluster key may speak, and each message counts once.
 *
 * <h2>MAC</h2>
 * SipHash-2-4, 64 bits, over the whole datagram with the MAC field as 0. The addresses of the datagram are not part of it.
 *
 * <h2>Rotation</h2>
 * The first key signs, both verify. To change the key: give every ILB (old, new), then every one (new, old), then (new).
 *
 * <h2>Replay</h2>
 * For each sender (its tag) one incarnation is known, with a {@link ReplayWindow} over its counters. An older incarnation is
 * STALE, a newer one replaces it. So an incarnation must never be smaller than the one before it. What this cannot tell: an
 * ILB that has just started knows no sender, and takes for current a recording of one that no longer speaks.
 *
 * <h2>No key</h2>
 * Key id and MAC are 0 and nothing but the replay is checked. Whoever reaches the port can then speak for any ILB.
 *
 * <h2>Memory</h2>
 * {@link #MAX_SENDERS} senders with 1 KiB each, made when first heard; the one unheard for longest gives way. Only holders
 * of the key get there. Nothing is allocated for a message of a known sender.
 */
public final class MessageAuthenticator {
    /** What is known of a received message. Every one but OK means: drop it, and count it. */
    public enum Verdict {
        /** From a holder of the key, and new. */
        OK,
        /** No message of this version: too short, of another version, or a counter that is never sent. */
        MALFORMED,
        /** Signed with a key that is not here, not signed though a key is set, or signed though none is. */
        UNKNOWN_KEY,
        /** The key is known, but the message is not as it was signed. */
        BAD_MAC,
        /** Of a past incarnation, or so late that it cannot be told from a replay. */
        STALE,
        /** Seen before. */
        REPLAY
    }

    /** Twice the ILBs of the largest cluster, less one: restarts under other ids do not push out anyone who speaks. */
    static final int MAX_SENDERS = 512;

    private static final ClusterKey NO_KEY = new ClusterKey(0, 0, 0);

    private final int[] tags = new int[MAX_SENDERS];
    private final Sender[] senders = new Sender[MAX_SENDERS];
    private ClusterKey current = NO_KEY;
    private ClusterKey other = NO_KEY;
    private int senderCount;
    private int lastHit;
    private long accepted;
    private long counter;

    /**
     * An authenticator that has sent and heard nothing.
     *
     * @param keys as for {@link #setKeys}
     */
    public MessageAuthenticator(List<byte[]> keys) {
        setKeys(keys);
    }

    /**
     * Sets the keys and keeps all else: for a rotation.
     *
     * @param keys none; one; or two, of which the first signs. Each has 16 bytes or more
     * @throws IllegalArgumentException with a text for an operator
     */
    public void setKeys(List<byte[]> keys) {
        if (keys.size() > 2) {
            throw new IllegalArgumentException("there are one or two cluster keys, not " + keys.size());
        }
        List<ClusterKey> derived = keys.stream().map(ClusterKey::derive).toList();
        current = derived.isEmpty() ? NO_KEY : derived.getFirst();
        other = derived.isEmpty() ? NO_KEY : derived.getLast();
    }

    /** Whether a key is set; if not, anybody may speak. */
    public boolean hasKey() {
        return current.id() != NO_KEY.id();
    }

    /** Completes a message whose header is written: key id, counter and MAC. */
    public void sign(MemorySegment segment, long offset, int length) {
        counter++;
        MessageHeader.setKeyId(segment, offset, current.id());
        MessageHeader.setCounter(segment, offset, counter);
        MessageHeader.setMac(segment, offset, 0);
        MessageHeader.setMac(segment, offset, mac(current, segment, offset, length));
    }

    /**
     * Judges a received datagram; the same one a second time is a REPLAY.
     *
     * @param segment can be written: while the MAC is computed its field is 0; afterwards all is as it was
     */
    public Verdict verify(MemorySegment segment, long offset, int length) {
        if (MessageHeader.check(segment, offset, length) != DecodeResult.OK
                || MessageHeader.counter(segment, offset) <= 0) {
            return Verdict.MALFORMED;
        }
        int keyId = MessageHeader.keyId(segment, offset);
        if (keyId != current.id() && keyId != other.id()) {
            return Verdict.UNKNOWN_KEY;
        }
        if (!isMacRight(keyId, segment, offset, length)) {
            return Verdict.BAD_MAC;
        }
        accepted++;
        Sender sender = sender(MessageHeader.senderTag(segment, offset));
        return sender.accept(
                MessageHeader.incarnation(segment, offset), MessageHeader.counter(segment, offset), accepted);
    }

    private boolean isMacRight(int keyId, MemorySegment segment, long offset, int length) {
        long mac = MessageHeader.mac(segment, offset);
        MessageHeader.setMac(segment, offset, 0);
        // Two keys may have the same id, one time in 255.
        boolean right = (keyId == current.id() && mac == mac(current, segment, offset, length))
                || (keyId == other.id() && mac == mac(other, segment, offset, length));
        MessageHeader.setMac(segment, offset, mac);
        return right;
    }

    private static long mac(ClusterKey key, MemorySegment segment, long offset, int length) {
        return key.id() == NO_KEY.id() ? 0 : SipHash.hash24(key.key0(), key.key1(), segment, offset, length);
    }

    /** A scan over packed tags, from the last hit on: a cluster has a few ILBs, and datagrams come in bursts. */
    private Sender sender(int tag) {
        if (lastHit < senderCount && tags[lastHit] == tag) {
            return senders[lastHit];
        }
        for (int i = 0; i < senderCount; i++) {
            if (tags[i] == tag) {
                lastHit = i;
                return senders[i];
            }
        }
        lastHit = senderCount < MAX_SENDERS ? senderCount++ : longestUnheard();
        tags[lastHit] = tag;
        Sender sender = new Sender();
        senders[lastHit] = sender;
        return sender;
    }

    private int longestUnheard() {
        int longest = 0;
        for (int i = 1; i < MAX_SENDERS; i++) {
            if (senders[i].heardAt < senders[longest].heardAt) {
                longest = i;
            }
        }
        return longest;
    }

    /** How many senders are known, 0..{@link #MAX_SENDERS}. */
    int senderCount() {
        return senderCount;
    }

    @Override
    public String toString() {
        return "currentKeyId=" + current.id() + " otherKeyId=" + other.id() + " counter=" + counter + " senders="
                + senderCount;
    }

    /** One sender: its newest incarnation and what was seen of it. */
    private static final class Sender {
        private final ReplayWindow window = new ReplayWindow();
        private long incarnation = Long.MIN_VALUE;
        /** A running number of accepted messages, not a time. */
        private long heardAt;

        Verdict accept(long incarnation, long counter, long now) {
            if (incarnation < this.incarnation) {
                return Verdict.STALE;
            }
            if (incarnation > this.incarnation) {
                this.incarnation = incarnation;
                window.clear();
            }
            heardAt = now;
            return window.accept(counter);
        }
    }
}
