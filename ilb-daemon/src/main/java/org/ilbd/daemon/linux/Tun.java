package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * A TUN device with offload: each read and each write is one IP packet behind a virtio-net header of {@link #HEADER_LENGTH} bytes, and
 * may be a super-segment of 64 KiB (linux/if_tun.h, linux/virtio_net.h). The device lives as long as this descriptor.
 */
public final class Tun implements AutoCloseable {
    /** {@code struct virtio_net_hdr}, in the byte order of the host. */
    public static final int HEADER_LENGTH = 10;

    private static final String PATH = "/dev/net/tun";
    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final short IFF_TUN = 0x0001;
    private static final short IFF_NO_PI = 0x1000;
    private static final short IFF_VNET_HDR = 0x4000;
    private static final int TUN_F_CSUM = 0x01;
    private static final int TUN_F_TSO4 = 0x02;
    private static final int TUN_F_TSO6 = 0x04;
    private static final int TUN_F_TSO_ECN = 0x08;

    private final Descriptor descriptor;
    private final String name;

    private Tun(Descriptor descriptor, String name) {
        this.descriptor = descriptor;
        this.name = name;
    }

    /**
     * Makes the device, or takes over one that was made to last and that nobody holds.
     *
     * @param name at most {@link NetworkDevice#MAX_NAME_LENGTH} bytes; {@code ilb%d} lets the kernel choose the number
     * @throws ErrnoException {@link Errno#ENOENT} or {@link Errno#EACCES} without a usable /dev/net/tun, {@link Errno#EPERM} without
     *     CAP_NET_ADMIN, {@link Errno#EBUSY} if another process holds a device of that name
     */
    public static Tun open(String name) throws ErrnoException {
        Descriptor descriptor = Descriptor.open(PATH);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = NetworkDevice.request(arena, name);
            request.set(JAVA_SHORT, NetworkDevice.REQUEST_VALUE_OFFSET, (short) (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR));
            descriptor.ioctl("TUN device " + name, TUNSETIFF, request);
            MemorySegment headerLength = arena.allocateFrom(JAVA_INT, HEADER_LENGTH);
            descriptor.ioctl("TUN device " + name + ", header length", TUNSETVNETHDRSZ, headerLength);
            descriptor.ioctl(
                    "TUN device " + name + ", offload",
                    TUNSETOFFLOAD,
                    TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
            return new Tun(descriptor, actualName(request));
        } catch (ErrnoException e) {
            descriptor.close();
            throw e;
        }
    }

    public String name() {
        return name;
    }

    /** For polling. */
    public int fd() {
        return descriptor.fd();
    }

    /**
     * Reads one packet with its header, if one is waiting.
     *
     * @return bytes including the header, or a negated errno: {@link Errno#EAGAIN} when none is waiting, {@link Errno#EBADFD} when the
     *     device is gone
     */
    public int read(long address, int capacity) {
        return descriptor.read(address, capacity);
    }

    /**
     * Hands one packet with its header to the kernel, as if it had come in on this device.
     *
     * @return bytes including the header, or a negated errno: {@link Errno#EIO} when the device is down, {@link Errno#EINVAL} when the
     *     header or the packet is malformed
     */
    public int write(long address, int length) {
        return descriptor.write(address, length);
    }

    @Override
    public void close() {
        descriptor.close();
    }

    private static String actualName(MemorySegment request) {
        byte[] bytes = request.asSlice(0, REQUEST_NAME_LENGTH).toArray(JAVA_BYTE);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static final int REQUEST_NAME_LENGTH = NetworkDevice.REQUEST_VALUE_OFFSET;
}
