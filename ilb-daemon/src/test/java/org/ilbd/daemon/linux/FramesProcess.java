package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends frames of an experimental type with one call, and prints what was refused: {@code FramesProcess DEVICE LENGTH...}, lengths in bytes
 * with the Ethernet header.
 */
final class FramesProcess {
    private static final int BROADCAST_BYTES = 6;
    private static final int TYPE_AT = 12;
    /** IEEE 802, local experimental. */
    private static final int TYPE = 0x88B5;

    private FramesProcess() {}

    public static void main(String[] arguments) throws ErrnoException {
        FrameBatch frames = new FrameBatch(arguments.length);
        List<Integer> refused = new ArrayList<>();
        try (Arena arena = Arena.ofConfined();
                PacketSocket socket = PacketSocket.open(NetworkDevice.find(arguments[0]))) {
            for (int i = 1; i < arguments.length; i++) {
                int length = Tun.HEADER_LENGTH + Integer.parseInt(arguments[i]);
                MemorySegment frame = arena.allocate(length, Long.BYTES);
                frame.asSlice(Tun.HEADER_LENGTH, BROADCAST_BYTES).fill((byte) -1);
                frame.set(JAVA_BYTE, Tun.HEADER_LENGTH + TYPE_AT, (byte) (TYPE >> Byte.SIZE));
                frame.set(JAVA_BYTE, Tun.HEADER_LENGTH + TYPE_AT + 1, (byte) TYPE);
                frames.add(frame.address(), length);
            }
            socket.send(frames, refused::add);
        }
        System.out.println("refused " + refused + ", left " + frames.size());
    }
}
