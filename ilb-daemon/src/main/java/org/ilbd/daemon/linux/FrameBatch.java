package org.ilbd.daemon.linux;

/** Frames to be sent with one call of the kernel, see {@link PacketSocket#send}. */
public final class FrameBatch {
    private final MessageArray messages;
    private int size;

    /** @param capacity frames, positive */
    public FrameBatch(int capacity) {
        messages = new MessageArray(capacity);
    }

    /**
     * Adds a frame to a batch that is not full: virtio-net header of {@link Tun#HEADER_LENGTH} bytes, Ethernet header, packet. It stays
     * where it is, and as it is, until it has been sent.
     */
    public void add(long address, int length) {
        messages.payload(size, address, length);
        size++;
    }

    /** Frames that have not been sent. */
    public int size() {
        return size;
    }

    /** For a call that begins with that frame. */
    long address(int index) {
        return messages.address(index);
    }

    void clear() {
        size = 0;
    }
}
