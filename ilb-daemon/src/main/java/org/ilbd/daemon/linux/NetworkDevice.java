package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * A network device of this host, as it was when it was looked up; see netdevice(7).
 *
 * @param index the kernel's number for it, positive
 * @param mac the Ethernet address in the low 48 bits, its first byte the most significant; {@link #NO_MAC} where it has none
 * @param mtu bytes of an IP packet
 */
public record NetworkDevice(String name, int index, long mac, int mtu) {
    public static final long NO_MAC = -1;
    /** IFNAMSIZ less the closing zero. */
    public static final int MAX_NAME_LENGTH = 15;

    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final long SIOCGIFMTU = 0x8921;
    private static final long SIOCSIFMTU = 0x8922;
    private static final long SIOCGIFHWADDR = 0x8927;
    private static final long SIOCGIFINDEX = 0x8933;
    private static final short ARPHRD_ETHER = 1;

    /** {@code struct ifreq}: a name of 16 bytes and a union of 24. */
    static final int REQUEST_SIZE = 40;

    static final int REQUEST_VALUE_OFFSET = 16;
    private static final int REQUEST_MAC_OFFSET = REQUEST_VALUE_OFFSET + 2;

    /**
     * Looks a device up by its name.
     *
     * @throws ErrnoException {@link Errno#ENODEV} if there is none of that name
     */
    public static NetworkDevice find(String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined();
                Descriptor socket = Descriptor.socket("netdevice", AF_INET, SOCK_DGRAM, 0)) {
            MemorySegment request = request(arena, name);
            socket.ioctl("interface " + name, SIOCGIFINDEX, request);
            int index = request.get(JAVA_INT, REQUEST_VALUE_OFFSET);
            socket.ioctl("interface " + name, SIOCGIFMTU, request);
            int mtu = request.get(JAVA_INT, REQUEST_VALUE_OFFSET);
            socket.ioctl("interface " + name, SIOCGIFHWADDR, request);
            long mac = NO_MAC;
            if (request.get(JAVA_SHORT, REQUEST_VALUE_OFFSET) == ARPHRD_ETHER) {
                mac = readMac(request, REQUEST_MAC_OFFSET);
            }
            return new NetworkDevice(name, index, mac, mtu);
        }
    }

    /** Sets the largest IP packet, in bytes. */
    public void setMtu(int bytes) throws ErrnoException {
        try (Arena arena = Arena.ofConfined();
                Descriptor socket = Descriptor.socket("netdevice", AF_INET, SOCK_DGRAM, 0)) {
            MemorySegment request = request(arena, name);
            request.set(JAVA_INT, REQUEST_VALUE_OFFSET, bytes);
            socket.ioctl("interface " + name + " mtu " + bytes, SIOCSIFMTU, request);
        }
    }

    /** Sets how many packets may wait in the device's queue. */
    public void setTransmitQueueLength(int packets) throws ErrnoException {
        RouteSocket.setTransmitQueueLength(index, packets);
    }

    /** A zeroed {@code struct ifreq} with the name in it. */
    static MemorySegment request(Arena arena, String name) throws ErrnoException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_NAME_LENGTH) {
            throw new ErrnoException("interface " + name, Errno.ENODEV);
        }
        MemorySegment request = arena.allocate(REQUEST_SIZE, Long.BYTES);
        MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
        return request;
    }

    static long readMac(MemorySegment segment, long offset) {
        long mac = 0;
        for (int i = 0; i < 6; i++) {
            mac = mac << 8 | (segment.get(JAVA_BYTE, offset + i) & 0xFF);
        }
        return mac;
    }

    /** An Ethernet address as operators write it: {@code 02:00:0a:02:00:65}. */
    public static String formatMac(long mac) {
        if (mac == NO_MAC) {
            return "none";
        }
        StringBuilder text = new StringBuilder(17);
        for (int shift = 40; shift >= 0; shift -= 8) {
            text.append(Character.forDigit((int) (mac >>> (shift + 4)) & 0xF, 16))
                    .append(Character.forDigit((int) (mac >>> shift) & 0xF, 16))
                    .append(shift > 0 ? ":" : "");
        }
        return text.toString();
    }
}
