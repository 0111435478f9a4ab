package org.ilbd.daemon.config;

import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A key that authenticates the messages between ILBs. Never prints itself. */
public final class ClusterKey {
    private final byte[] bytes;

    ClusterKey(final byte[] bytes) {
        this.bytes = bytes.clone();
    }

    /** A new array for each call. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(final @Nullable Object object) {
        return object instanceof final ClusterKey other && MessageDigest.isEqual(bytes, other.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "ClusterKey";
    }
}
