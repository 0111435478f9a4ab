package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;

/**
 * A packet socket that sends Ethernet frames on one interface and receives nothing; see packet(7). Each frame is behind a
 * virtio-net header, so a super-segment leaves whole and the interface, or the kernel just in front of it, cuts it.
 */
public final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_VNET_HDR = 15;
    /** {@code struct sockaddr_ll}. */
    private static final int ADDRESS_SIZE = 20;

    private static final int ADDRESS_INDEX_OFFSET = 4;

    /** 10 Gbit/s x 5 ms of waiting in the interface's queue = 6 MB, rounded up. */
    private static final int SEND_BUFFER_BYTES = 8 << 20;

    private final Descriptor descriptor;
    private final int sendBufferBytes;

    private PacketSocket(Descriptor descriptor, int sendBufferBytes) {
        this.descriptor = descriptor;
        this.sendBufferBytes = sendBufferBytes;
    }

    /**
     * Opens a socket on a device.
     *
     * @throws ErrnoException {@link Errno#EPERM} without CAP_NET_RAW
     */
    public static PacketSocket open(NetworkDevice device) throws ErrnoException {
        // Protocol 0: the socket is on no list of receivers, so it costs nothing for each packet that comes in.
        Descriptor descriptor = Descriptor.socket("packet, " + device.name(), AF_PACKET, SOCK_RAW, 0);
        try (Arena arena = Arena.ofConfined()) {
            descriptor.option("PACKET_VNET_HDR", SOL_PACKET, PACKET_VNET_HDR, 1);
            int granted = descriptor.sendBuffer(SEND_BUFFER_BYTES);
            MemorySegment address = arena.allocate(ADDRESS_SIZE, Integer.BYTES);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(JAVA_INT, ADDRESS_INDEX_OFFSET, device.index());
            descriptor.bind("bind(packet, " + device.name() + ")", address);
            return new PacketSocket(descriptor, granted);
        } catch (ErrnoException e) {
            descriptor.close();
            throw e;
        }
    }

    /**
     * Sends frames in their order and empties the batch. Never waits.
     *
     * @param refused takes the negated errno of each frame that was not sent: {@link Errno#EAGAIN} or {@link Errno#ENOBUFS} when a queue is
     *     full, {@link Errno#EMSGSIZE} when the frame is longer than the interface takes, {@link Errno#ENETDOWN} when it is down
     */
    public void send(FrameBatch frames, IntConsumer refused) {
        int next = 0;
        while (next < frames.size()) {
            int result = descriptor.sendMany(frames.address(next), frames.size() - next);
            if (result > 0) {
                next += result;
            } else {
                refused.accept(result);
                next++;
            }
        }
        frames.clear();
    }

    /** What the kernel granted, in bytes of its own accounting. */
    public int sendBufferBytes() {
        return sendBufferBytes;
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
