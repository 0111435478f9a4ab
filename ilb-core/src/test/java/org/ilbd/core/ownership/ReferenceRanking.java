package org.ilbd.core.ownership;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.zip.CRC32;
import org.ilbd.core.packet.FourTuple;

/**
 * The ranking as the definition has it, without tables, linearity or tricks: one java.util.zip.CRC32 for each member.
 */
final class ReferenceRanking {
    private ReferenceRanking() {}

    /** The members from owner to last. */
    static List<IlbId> rank(OwnershipMode mode, long seed, List<IlbId> members, FourTuple tuple) {
        return members.stream()
                .sorted(Comparator.<IlbId, String>comparing(
                                id -> String.format("%016x", score(mode, seed, id, tuple)), Comparator.reverseOrder())
                        .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    /** CRC32 of id and tuple, unsigned. */
    static long crc(byte[] id, FourTuple tuple) {
        MemorySegment encoded = MemorySegment.ofArray(new byte[tuple.lengthBytes()]);
        tuple.encode(encoded, 0);
        CRC32 crc = new CRC32();
        crc.update(id);
        crc.update(encoded.toArray(ValueLayout.JAVA_BYTE));
        return crc.getValue();
    }

    private static long score(OwnershipMode mode, long seed, IlbId id, FourTuple tuple) {
        long crc = crc(id.bytes(), tuple);
        if (mode == OwnershipMode.CRC32) {
            return crc;
        }
        long domain =
                ByteBuffer.wrap("ilbd-own".getBytes(StandardCharsets.US_ASCII)).getLong();
        byte[] bytes = id.bytes();
        byte[] padded = new byte[16];
        System.arraycopy(bytes, 0, padded, 16 - bytes.length, bytes.length);
        long hash = murmur(domain ^ seed);
        hash = murmur(hash ^ (id.isIndex() ? 0 : bytes.length == 4 ? 4 : 6));
        hash = murmur(hash ^ ByteBuffer.wrap(padded).getLong(0));
        hash = murmur(hash ^ ByteBuffer.wrap(padded).getLong(8));
        return murmur(hash ^ crc) >>> 31;
    }

    /** fmix64 of MurmurHash3, as in its reference implementation. */
    private static long murmur(long key) {
        long k = key;
        k ^= k >>> 33;
        k *= 0xff51afd7ed558ccdL;
        k ^= k >>> 33;
        k *= 0xc4ceb9fe1a85ec53L;
        k ^= k >>> 33;
        return k;
    }
}
