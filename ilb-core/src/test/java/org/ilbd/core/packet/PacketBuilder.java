package org.ilbd.core.packet;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** Makes IP packets for tests, byte by byte and with nothing of what is tested. */
public final class PacketBuilder {
    /** Bytes in front of a packet in {@link #buffer}: headroom and virtio-net header. */
    public static final int FRONT = 50;

    private final Endpoint source;
    private final Endpoint destination;
    private int flags = 0x10;
    private int sequence = 1_000;
    private int acknowledgment = 2_000;
    private byte[] tcpOptions = {};
    private byte[] ipOptions = {};
    private byte[] payload = {};
    private int typeOfService;
    private int timeToLive = 63;
    private int identification = 0x1234;
    private int fragment = 0x4000;
    private final byte[] extensions = new byte[4096];
    private int extensionsLength;
    private int firstNext;
    private int lastNextAt = -1;

    private PacketBuilder(final Endpoint source, final Endpoint destination) {
        this.source = source;
        this.destination = destination;
    }

    public static PacketBuilder from(final String source, final String destination) {
        return new PacketBuilder(Endpoint.parse(source), Endpoint.parse(destination));
    }

    public static PacketBuilder from(final Endpoint source, final Endpoint destination) {
        return new PacketBuilder(source, destination);
    }

    public PacketBuilder flags(final int flags) {
        this.flags = flags;
        return this;
    }

    public PacketBuilder sequence(final int sequence, final int acknowledgment) {
        this.sequence = sequence;
        this.acknowledgment = acknowledgment;
        return this;
    }

    public PacketBuilder tcpOptions(final byte[] options) {
        tcpOptions = options;
        return this;
    }

    public PacketBuilder ipOptions(final byte[] options) {
        ipOptions = options;
        return this;
    }

    public PacketBuilder payload(final byte[] payload) {
        this.payload = payload;
        return this;
    }

    public PacketBuilder typeOfService(final int typeOfService) {
        this.typeOfService = typeOfService;
        return this;
    }

    public PacketBuilder timeToLive(final int timeToLive) {
        this.timeToLive = timeToLive;
        return this;
    }

    public PacketBuilder identification(final int identification) {
        this.identification = identification;
        return this;
    }

    /** The 16 bits of flags and offset of IPv4. */
    public PacketBuilder fragment(final int fragment) {
        this.fragment = fragment;
        return this;
    }

    /** Adds an IPv6 extension header; the first byte of {@code bytes} will be the next header. */
    public PacketBuilder extension(final int type, final byte[] bytes) {
        if (lastNextAt < 0) {
            firstNext = type;
        } else {
            extensions[lastNextAt] = (byte) type;
        }
        lastNextAt = extensionsLength;
        System.arraycopy(bytes, 0, extensions, extensionsLength, bytes.length);
        extensionsLength += bytes.length;
        return this;
    }

    /** A TCP packet with right checksums. */
    public byte[] tcp() {
        final int headerLength = 20 + tcpOptions.length;
        final ByteBuffer tcp = ByteBuffer.allocate(headerLength + payload.length)
                .putShort((short) source.port())
                .putShort((short) destination.port())
                .putInt(sequence)
                .putInt(acknowledgment)
                .put((byte) ((headerLength / 4) << 4))
                .put((byte) flags)
                .putShort((short) 512)
                .putShort((short) 0)
                .putShort((short) 0)
                .put(tcpOptions)
                .put(payload);
        return ip(6, 16, tcp.array());
    }

    /** A TCP packet whose checksum is the folded pseudo-header sum. */
    public byte[] partialTcp() {
        final byte[] packet = tcp();
        final int transport = packet.length - 20 - tcpOptions.length - payload.length;
        ReferenceChecksum.put(packet, transport + 16, ReferenceChecksum.pseudoHeader(packet, transport, 6));
        return packet;
    }

    /** An ICMP or ICMPv6 message with right checksums. */
    public byte[] icmp(final int type, final int code, final int rest, final byte[] body) {
        final ByteBuffer icmp = ByteBuffer.allocate(8 + body.length)
                .put((byte) type)
                .put((byte) code)
                .putShort((short) 0)
                .putInt(rest)
                .put(body);
        return ip(source.address().ipv6() ? 58 : 1, 2, icmp.array());
    }

    /** An IP packet around any payload; the checksum goes to {@code checksumField}, if that is not negative. */
    public byte[] ip(final int protocol, final int checksumField, final byte[] transport) {
        final byte[] packet = source.address().ipv6() ? ipv6(protocol, transport) : ipv4(protocol, transport);
        if (checksumField >= 0) {
            final int start = packet.length - transport.length;
            ReferenceChecksum.put(
                    packet, start + checksumField, ReferenceChecksum.transport(packet, start, checksumField, protocol));
        }
        return packet;
    }

    private byte[] ipv4(final int protocol, final byte[] transport) {
        final int headerLength = 20 + ipOptions.length;
        final byte[] packet = ByteBuffer.allocate(headerLength + transport.length)
                .put((byte) (0x40 | headerLength / 4))
                .put((byte) typeOfService)
                .putShort((short) (headerLength + transport.length))
                .putShort((short) identification)
                .putShort((short) fragment)
                .put((byte) timeToLive)
                .put((byte) protocol)
                .putShort((short) 0)
                .put(source.address().toBytes())
                .put(destination.address().toBytes())
                .put(ipOptions)
                .put(transport)
                .array();
        ReferenceChecksum.put(packet, 10, ReferenceChecksum.ipv4(packet, 0, headerLength));
        return packet;
    }

    private byte[] ipv6(final int protocol, final byte[] transport) {
        if (lastNextAt >= 0) {
            extensions[lastNextAt] = (byte) protocol;
        }
        return ByteBuffer.allocate(40 + extensionsLength + transport.length)
                .putInt(0x6000_0000 | typeOfService << 20)
                .putShort((short) (extensionsLength + transport.length))
                .put((byte) (lastNextAt < 0 ? protocol : firstNext))
                .put((byte) timeToLive)
                .put(source.address().toBytes())
                .put(destination.address().toBytes())
                .put(extensions, 0, extensionsLength)
                .put(transport)
                .array();
    }

    /** A buffer with the packet at {@link #FRONT}, a zero virtio-net header in front of it, and nothing behind it. */
    public static MemorySegment buffer(final byte[] packet) {
        final MemorySegment segment = MemorySegment.ofArray(new byte[FRONT + packet.length]);
        MemorySegment.copy(packet, 0, segment, ValueLayout.JAVA_BYTE, FRONT, packet.length);
        return segment;
    }

    /** The same, with a virtio-net header that says the TCP checksum is partial, and the GSO type and size given. */
    public static MemorySegment superSegment(
            final byte[] packet, final int transport, final int gsoType, final int gsoSize) {
        final MemorySegment segment = buffer(packet);
        final long virtio = FRONT - VirtioNetHeader.LENGTH_BYTES;
        VirtioNetHeader.flags(segment, virtio, VirtioNetHeader.NEEDS_CSUM);
        VirtioNetHeader.gsoType(segment, virtio, gsoType);
        VirtioNetHeader.gsoSize(segment, virtio, gsoSize);
        VirtioNetHeader.checksumStart(segment, virtio, transport);
        VirtioNetHeader.checksumOffset(segment, virtio, 16);
        return segment;
    }

    /** The bytes of a packet in a {@link #buffer}. */
    public static byte[] bytes(final MemorySegment segment, final long offset, final long length) {
        return segment.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }
}
