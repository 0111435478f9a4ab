package org.ilbd.core.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What is derived from the bytes of a cluster key: with {@code d = SHA-256("ilbd cluster key 1" ‖ bytes)}, the key of
 * SipHash is {@code d[0..15]} and its id {@code 1 + d[16] mod 255}. So a key has a name without anybody numbering it.
 *
 * @param id 1..255; two keys may have the same
 * @param key0 the first half of the SipHash key
 * @param key1 the second half
 */
record ClusterKey(int id, long key0, long key1) {
    /** Bytes of the shortest key that is taken: fewer than 128 bits would be the weakest part. */
    static final int MIN_LENGTH_BYTES = 16;

    private static final byte[] DOMAIN = "ilbd cluster key 1".getBytes(StandardCharsets.US_ASCII);
    private static final int IDS = 255;

    /** @throws IllegalArgumentException if there are fewer than 16 bytes */
    static ClusterKey derive(byte[] bytes) {
        if (bytes.length < MIN_LENGTH_BYTES) {
            throw new IllegalArgumentException(
                    "a cluster key has at least " + MIN_LENGTH_BYTES + " bytes, not " + bytes.length);
        }
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(DOMAIN);
            ByteBuffer digest = ByteBuffer.wrap(sha256.digest(bytes)).order(ByteOrder.LITTLE_ENDIAN);
            return new ClusterKey(1 + Byte.toUnsignedInt(digest.get(16)) % IDS, digest.getLong(0), digest.getLong(8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The id alone: a key never shows up in a log. */
    @Override
    public String toString() {
        return "ClusterKey[id=" + id + "]";
    }
}
