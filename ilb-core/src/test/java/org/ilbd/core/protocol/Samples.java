package org.ilbd.core.protocol;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;

/** Values and messages to test with, fixed and random. */
final class Samples {
    static final byte[] KEY = "a cluster key of 31 bytes, once".getBytes(StandardCharsets.US_ASCII);
    static final byte[] OTHER_KEY = "another cluster key, for change".getBytes(StandardCharsets.US_ASCII);
    static final long INCARNATION = 0x0102_0304_0506_0708L;
    static final int TAG = 0x1122_3344;

    private Samples() {}

    static MemorySegment buffer(int bytes) {
        return MemorySegment.ofArray(new byte[bytes]);
    }

    static String hex(MemorySegment segment, long offset, int length) {
        return HexFormat.of().formatHex(segment.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
    }

    static FourTuple tuple(String source, String destination) {
        return new FourTuple().set(Endpoint.parse(source), Endpoint.parse(destination));
    }

    static FourTuple randomTuple(RandomGenerator random, boolean ipv6) {
        return new FourTuple()
                .set(
                        ipv6,
                        ipv6 ? random.nextLong() : 0,
                        ipv6 ? random.nextLong() : random.nextLong(1L << 32),
                        random.nextInt(1 << 16),
                        ipv6 ? random.nextLong() : 0,
                        ipv6 ? random.nextLong() : random.nextLong(1L << 32),
                        random.nextInt(1 << 16));
    }

    static IlbId randomId(RandomGenerator random) {
        return switch (random.nextInt(3)) {
            case 0 -> IlbId.ofIndex(random.nextInt());
            case 1 -> IlbId.of(IpAddress.ofIpv4(random.nextInt()));
            default -> IlbId.of(new IpAddress(true, random.nextLong(), random.nextLong()));
        };
    }

    static AssociationState randomState(RandomGenerator random) {
        return AssociationState.values()[random.nextInt(AssociationState.values().length)];
    }

    /** Writes a random message that decodes; returns its length. There must be 1,400 bytes at {@code offset}. */
    static int randomMessage(RandomGenerator random, MemorySegment segment, long offset) {
        return switch (random.nextInt(6)) {
            case 0 -> randomId(random, segment, offset);
            case 3 ->
                SelectionMessage.encode(
                        segment,
                        offset,
                        random.nextInt(),
                        random.nextLong(),
                        random.nextBoolean() ? SelectionMessage.Kind.REQUEST : SelectionMessage.Kind.ANSWER,
                        random.nextInt(),
                        random.nextInt(1_001),
                        randomTuple(random, random.nextBoolean()),
                        random.nextLong(),
                        random.nextLong(),
                        random.nextInt(1 << 16));
            case 2 ->
                TransferMessage.encode(
                        segment,
                        offset,
                        random.nextInt(),
                        random.nextLong(),
                        random.nextBoolean() ? TransferMessage.Kind.ACKNOWLEDGED : TransferMessage.Kind.HANDED_OVER,
                        random.nextInt(),
                        random.nextLong());
            case 4 -> randomIntake(random, segment, offset);
            case 1 -> randomForward(random, segment, offset);
            default -> randomAssociations(random, segment, offset);
        };
    }

    private static int randomId(RandomGenerator random, MemorySegment segment, long offset) {
        IdMessage.encode(
                segment,
                offset,
                randomId(random),
                random.nextLong(),
                random.nextInt(IdMessage.JOINING, IdMessage.LEAVING + 1),
                random.nextInt(),
                random.nextLong(),
                random.nextLong());
        for (int loads = random.nextInt(4); loads > 0; loads--) {
            appendLoad(random, segment, offset);
        }
        return IdMessage.finish(segment, offset, randomLoad(random));
    }

    /** A load of a server with any values that an encoder may write. */
    static void appendLoad(RandomGenerator random, MemorySegment segment, long offset) {
        IdMessage.appendLoad(
                segment,
                offset,
                random.nextLong(),
                random.nextInt(Integer.MAX_VALUE),
                random.nextInt(IdMessage.NO_REPORT, Integer.MAX_VALUE),
                random.nextInt(Integer.MAX_VALUE),
                randomLoad(random),
                IdMessage.flags(random.nextInt(257), random.nextInt(3), random.nextBoolean(), random.nextBoolean()));
    }

    static int randomLoad(RandomGenerator random) {
        return random.nextBoolean() ? random.nextInt(1_001) : IdMessage.UNKNOWN_LOAD;
    }

    private static int randomIntake(RandomGenerator random, MemorySegment segment, long offset) {
        boolean ipv6 = random.nextBoolean();
        return IntakeMessage.encode(
                segment,
                offset,
                random.nextInt(),
                random.nextLong(),
                random.nextBoolean(),
                new Endpoint(randomAddress(random, ipv6), random.nextInt(1 << 16)),
                random.nextInt(),
                random.nextLong(),
                random.nextLong(IntakeMessage.MAX_SEQUENCE),
                random.nextInt(Integer.MAX_VALUE),
                randomAddress(random, ipv6));
    }

    private static IpAddress randomAddress(RandomGenerator random, boolean ipv6) {
        return ipv6 ? new IpAddress(true, random.nextLong(), random.nextLong()) : IpAddress.ofIpv4(random.nextInt());
    }

    private static int randomForward(RandomGenerator random, MemorySegment segment, long offset) {
        boolean association = random.nextBoolean();
        int length = ForwardHeader.encode(
                segment,
                offset,
                random.nextInt(),
                random.nextLong(),
                random.nextInt(1, ForwardHeader.MAX_HOP + 1),
                random.nextInt(),
                random.nextInt(),
                association);
        if (association) {
            length += randomRecord(random, segment, offset + length);
        }
        return length + random.nextInt(20, 100);
    }

    static int randomRecord(RandomGenerator random, MemorySegment segment, long offset) {
        FourTuple tuple = randomTuple(random, random.nextBoolean());
        return AssociationRecord.encode(
                segment,
                offset,
                randomState(random),
                random.nextBoolean(),
                tuple,
                random.nextLong(),
                random.nextLong(),
                random.nextInt(1, 1 << 16),
                random.nextInt(Integer.MAX_VALUE),
                random.nextBoolean() ? 0 : random.nextInt());
    }

    private static int randomAssociations(RandomGenerator random, MemorySegment segment, long offset) {
        AssociationsWriter writer = new AssociationsWriter(segment, offset);
        for (int records = random.nextInt(5); records > 0; records--) {
            FourTuple tuple = randomTuple(random, random.nextBoolean());
            writer.append(
                    randomState(random),
                    random.nextBoolean(),
                    tuple,
                    random.nextLong(),
                    random.nextLong(),
                    random.nextInt(1, 1 << 16),
                    random.nextInt(Integer.MAX_VALUE),
                    random.nextBoolean() ? 0 : random.nextInt());
        }
        return random.nextBoolean()
                ? writer.finishForOne(random.nextInt(), random.nextLong())
                : writer.finishForAll(random.nextInt(), random.nextLong(), random.nextInt());
    }
}
