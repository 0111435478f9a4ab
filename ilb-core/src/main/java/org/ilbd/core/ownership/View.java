package org.ilbd.core.ownership;

import static org.ilbd.core.packet.Mixing.fmix64;

import java.util.Collections;
import java.util.List;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.Mixing;

/**
 * The set of ILBs that are ACTIVE, as one ILB sees it, ready to rank them for a connection. Immutable; its members
 * have the positions 0..size-1 in the order of their ids.
 *
 * <p><b>Score.</b> With {@code crc = CRC32(id ‖ 4-tuple)} as an unsigned 32-bit number, the score is
 *
 * <ul>
 *   <li>{@code crc32}: crc itself;
 *   <li>{@code crc32-mixed}: the upper 33 bits of {@code fmix64(h XOR crc)}, with {@code h =
 *       fmix64(fmix64(fmix64(fmix64("ilbd-own" XOR seed) XOR kind) XOR high) XOR low)}: "ilbd-own" is eight ASCII
 *       bytes as a big-endian number; kind is 0 for an index, 4 for an IPv4 address, 6 for an IPv6 address; high and
 *       low are the first and last eight bytes of an IPv6 address, otherwise 0 and the four bytes as a number. fmix64
 *       is the finaliser of MurmurHash3 (Appleby, 2011): a bijection in which every bit of the input changes every
 *       bit of the output with probability 1/2.
 * </ul>
 *
 * <p>The largest unsigned score is the owner, the second largest the backup; of equal scores the smaller id comes
 * first. This is rendezvous hashing (Thaler, Ravishankar: "A Name-Based Mapping Scheme for Rendezvous", 1996): a
 * member that goes moves its own connections only, each to its backup; a member that comes takes only what it now
 * owns.
 *
 * <p><b>Speed.</b> crc is {@code c(id) XOR g(4-tuple)} ({@link ConnectionHash}), so one constant for each member
 * holds both h and c(id), and the packet is hashed once. The first step of fmix64 is linear, and done in that constant (it
 * leaves the 32 bits of g as they are); the last one does not reach the upper 33 bits, so it is left out. Score and position
 * go into one long, so that the two largest come out of max and min instructions: the order of random scores is what no
 * branch predictor can learn.
 */
public final class View {
    /** Stands for an owner or backup where there is none. */
    public static final int NONE = -1;

    /** ASCII "ilbd-own": keeps this use of the seed apart from any other. */
    private static final long DOMAIN = 0x696C_6264_2D6F_776EL;

    /** What the score leaves of a long. */
    private static final int POSITION_BITS = 31;

    private static final long POSITION_MASK = (1L << POSITION_BITS) - 1;

    /** The most members of a view. */
    public static final int MAX_SIZE = 1 << 16;

    private final boolean mixed;
    private final List<IlbId> members;
    /** By position: h XOR c(id), in mode crc32-mixed after the first step of fmix64, for 12-byte tuples. */
    private final long[] keysIpv4;
    /** The same for 36-byte tuples. */
    private final long[] keysIpv6;

    /**
     * A view of these members, in any order.
     *
     * @param seed the cluster-wide seed; it counts in mode {@code crc32-mixed} only
     * @throws IllegalArgumentException if a member is there twice, or there are more than {@link #MAX_SIZE}
     */
    public View(OwnershipMode mode, long seed, List<IlbId> members) {
        this.mixed = mode == OwnershipMode.CRC32_MIXED;
        this.members = members.stream().sorted().distinct().toList();
        int size = this.members.size();
        if (size != members.size()) {
            throw new IllegalArgumentException("an id is there twice in " + members);
        }
        if (size > MAX_SIZE) {
            throw new IllegalArgumentException(size + " members are more than " + MAX_SIZE);
        }
        this.keysIpv4 = new long[size];
        this.keysIpv6 = new long[size];
        for (int i = 0; i < size; i++) {
            keysIpv4[i] = key(seed, this.members.get(i), FourTuple.IPV4_LENGTH_BYTES);
            keysIpv6[i] = key(seed, this.members.get(i), FourTuple.IPV6_LENGTH_BYTES);
        }
    }

    private long key(long seed, IlbId id, int tupleBytes) {
        long c = Integer.toUnsignedLong(ConnectionHash.shift(id.tag(), tupleBytes));
        return mixed ? Mixing.fold(idHash(seed, id) ^ c) : c;
    }

    /** The number of members. */
    public int size() {
        return keysIpv4.length;
    }

    /** The member at a position, 0..size-1. */
    public IlbId member(int position) {
        return members.get(position);
    }

    /** The members, sorted by id. */
    public List<IlbId> members() {
        return members;
    }

    /** The position of a member, or {@link #NONE}. */
    public int indexOf(IlbId id) {
        return Math.max(NONE, Collections.binarySearch(members, id));
    }

    /** Ranks the members for a connection; {@link #owner} and {@link #backup} read the result. Packet path. */
    public long rank(FourTuple tuple) {
        long g = Integer.toUnsignedLong(ConnectionHash.of(tuple));
        long[] keys = tuple.ipv6() ? keysIpv6 : keysIpv4;
        long first = Long.MIN_VALUE;
        long second = Long.MIN_VALUE;
        if (mixed) {
            for (int i = 0; i < keys.length; i++) {
                long candidate = candidate(Mixing.multiply(keys[i] ^ g), i);
                second = Math.max(second, Math.min(first, candidate));
                first = Math.max(first, candidate);
            }
        } else {
            for (int i = 0; i < keys.length; i++) {
                long candidate = candidate((keys[i] ^ g) << 32, i);
                second = Math.max(second, Math.min(first, candidate));
                first = Math.max(first, candidate);
            }
        }
        int size = keys.length;
        int owner = size > 0 ? position(first) : NONE;
        int backup = size > 1 ? position(second) : NONE;
        return (long) owner << 32 | Integer.toUnsignedLong(backup);
    }

    /** The position of the owner in the result of {@link #rank}, or {@link #NONE} in an empty view. */
    public static int owner(long rank) {
        return (int) (rank >> 32);
    }

    /** The position of the backup in the result of {@link #rank}, or {@link #NONE} where there is no second member. */
    public static int backup(long rank) {
        return (int) rank;
    }

    /**
     * The upper 33 bits of a score above the position, so that signed order of candidates is unsigned order of scores
     * and, among equal ones, the smaller position is the larger candidate.
     */
    private static long candidate(long score, int position) {
        return (score | POSITION_MASK) + (Long.MIN_VALUE - position);
    }

    private static int position(long candidate) {
        return (int) (POSITION_MASK - (candidate & POSITION_MASK));
    }

    private static long idHash(long seed, IlbId id) {
        long kind = id.isIndex() ? 0 : id.address().orElseThrow().ipv6() ? 6 : 4;
        return fmix64(fmix64(fmix64(fmix64(DOMAIN ^ seed) ^ kind) ^ id.high()) ^ id.low());
    }

    @Override
    public String toString() {
        return members.toString();
    }
}
