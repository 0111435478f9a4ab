package org.ilbd.daemon.it;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.ilbd.core.packet.InternetChecksum;
import org.ilbd.core.packet.Ipv4Header;
import org.ilbd.core.packet.TcpHeader;
import org.ilbd.daemon.linux.Errno;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.FrameBatch;
import org.ilbd.daemon.linux.NetworkDevice;
import org.ilbd.daemon.linux.PacketSocket;
import org.ilbd.daemon.linux.Tun;

/**
 * TCP packets of many connections that nobody has, from made-up sources in 10.64.0.0/10: the fastest way to fill a table, or a flood.
 *
 * <p>Arguments, {@code name=value}: {@code mac}, where the frames go; {@code target=ADDRESS:PORT}; {@code first}, the number of the first
 * connection; {@code count}, how many; {@code rate} in packets a second; {@code flags}, what each connection sends, such as {@code SYN,ACK}.
 * Prints one line when all is sent, and ends.
 */
final class BlasterProcess {
    private static final int VIRTIO_BYTES = Tun.HEADER_LENGTH;
    private static final int ETHERNET_BYTES = 14;
    private static final int IP_AT = VIRTIO_BYTES + ETHERNET_BYTES;
    private static final int TCP_AT = IP_AT + Ipv4Header.MIN_LENGTH_BYTES;
    private static final int FRAME_BYTES = TCP_AT + TcpHeader.MIN_LENGTH_BYTES;
    private static final int PACKET_BYTES = FRAME_BYTES - IP_AT;
    private static final short ETHERTYPE_IPV4 = 0x0800;
    private static final byte TIME_TO_LIVE = 64;
    private static final int CHECKSUM_AT = 16;

    private static final int FIRST_SOURCE = 10 << 24 | 64 << 16;
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 60_000;

    /** Packets between two looks at the clock. */
    private static final int BURST = 64;

    private static final long PAUSE_NANOS = 50_000;

    private final PacketSocket socket;
    private final FrameBatch frames = new FrameBatch(1);
    private final MemorySegment frame;
    private final ByteBuffer bytes;
    private final int destination;
    private final int port;
    private int refusal;

    private BlasterProcess(PacketSocket socket, MemorySegment frame, long from, long to, int destination, int port) {
        this.socket = socket;
        this.frame = frame;
        this.bytes = frame.asByteBuffer();
        this.destination = destination;
        this.port = port;
        bytes.position(VIRTIO_BYTES);
        bytes.putShort((short) (to >> 32)).putInt((int) to);
        bytes.putShort((short) (from >> 32)).putInt((int) from).putShort(ETHERTYPE_IPV4);
    }

    public static void main(String[] arguments) throws ErrnoException {
        Map<String, String> options = Stream.of(arguments)
                .collect(Collectors.toMap(
                        argument -> argument.substring(0, argument.indexOf('=')),
                        argument -> argument.substring(argument.indexOf('=') + 1)));
        String target = options.getOrDefault("target", "");
        NetworkDevice device = NetworkDevice.find("eth0");
        try (Arena arena = Arena.ofConfined();
                PacketSocket socket = PacketSocket.open(device)) {
            BlasterProcess blaster = new BlasterProcess(
                    socket,
                    arena.allocate(FRAME_BYTES, Long.BYTES),
                    device.mac(),
                    Long.parseLong(options.getOrDefault("mac", "").replace(":", ""), 16),
                    address(target.substring(0, target.indexOf(':'))),
                    Integer.parseInt(target.substring(target.indexOf(':') + 1)));
            int[] flags = Stream.of(options.getOrDefault("flags", "").split(",", -1))
                    .mapToInt(BlasterProcess::flag)
                    .toArray();
            long start = System.nanoTime();
            blaster.send(
                    Integer.parseInt(options.getOrDefault("first", "")),
                    Integer.parseInt(options.getOrDefault("count", "")),
                    Integer.parseInt(options.getOrDefault("rate", "")),
                    flags);
            System.out.println("sent in " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + " ms");
        }
    }

    private static int address(String text) {
        int address = 0;
        for (String part : text.split("\\.", -1)) {
            address = address << 8 | Integer.parseInt(part);
        }
        return address;
    }

    private static int flag(String name) {
        return switch (name) {
            case "SYN" -> TcpHeader.SYN;
            case "ACK" -> TcpHeader.ACK;
            case "FIN" -> TcpHeader.FIN | TcpHeader.ACK;
            default -> throw new IllegalArgumentException(name);
        };
    }

    private void send(int first, int count, int rate, int[] flags) {
        long start = System.nanoTime();
        long sent = 0;
        for (int i = 0; i < count; i++) {
            for (int flag : flags) {
                write(first + i, flag);
                sent++;
                if (sent % BURST == 0) {
                    long due = start + TimeUnit.SECONDS.toNanos(sent) / rate;
                    while (System.nanoTime() - due < 0) {
                        LockSupport.parkNanos(PAUSE_NANOS);
                    }
                }
            }
        }
    }

    /** Sends one packet; it waits while the interface's queue is full. */
    private void write(int connection, int flags) {
        int source = FIRST_SOURCE + connection / PORTS;
        int sourcePort = FIRST_PORT + connection % PORTS;
        bytes.position(IP_AT);
        bytes.put((byte) 0x45).put((byte) 0).putShort((short) PACKET_BYTES);
        bytes.putInt(Ipv4Header.DONT_FRAGMENT)
                .put(TIME_TO_LIVE)
                .put((byte) Ipv4Header.PROTOCOL_TCP)
                .putShort((short) 0);
        bytes.putInt(source).putInt(destination);
        bytes.putShort(IP_AT + 10, (short)
                InternetChecksum.finish(InternetChecksum.sum(frame, IP_AT, Ipv4Header.MIN_LENGTH_BYTES)));
        bytes.putShort((short) sourcePort).putShort((short) port);
        bytes.putInt(connection).putInt((flags & TcpHeader.ACK) == 0 ? 0 : 1);
        bytes.putShort((short) ((TcpHeader.MIN_LENGTH_BYTES / 4) << 12 | flags)).putShort((short) 0xffff);
        bytes.putInt(0);
        long sum = InternetChecksum.pseudoHeader(
                        0,
                        Integer.toUnsignedLong(source),
                        0,
                        Integer.toUnsignedLong(destination),
                        Ipv4Header.PROTOCOL_TCP,
                        TcpHeader.MIN_LENGTH_BYTES)
                + InternetChecksum.sum(frame, TCP_AT, TcpHeader.MIN_LENGTH_BYTES);
        bytes.putShort(TCP_AT + CHECKSUM_AT, (short) InternetChecksum.finish(sum));
        int result = trySend();
        while (result == -Errno.EAGAIN || result == -Errno.ENOBUFS) {
            LockSupport.parkNanos(PAUSE_NANOS);
            result = trySend();
        }
        if (result < 0) {
            throw new IllegalStateException("send: errno " + -result);
        }
    }

    /** 0, or a negated errno. */
    private int trySend() {
        refusal = 0;
        frames.add(frame.address(), FRAME_BYTES);
        socket.send(frames, result -> refusal = result);
        return refusal;
    }
}
