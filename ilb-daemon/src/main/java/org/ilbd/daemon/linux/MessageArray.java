package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An array of {@code struct mmsghdr} on 64-bit: many messages for one call of the kernel, each in one piece of memory. */
final class MessageArray {
    // msghdr (name, name length, iovec, count, control, control length, flags), then the transferred length.
    private static final int MESSAGE_SIZE = 64;
    private static final int NAME_OFFSET = 0;
    private static final int NAME_LENGTH_OFFSET = 8;
    private static final int VECTOR_OFFSET = 16;
    private static final int VECTOR_COUNT_OFFSET = 24;
    private static final int FLAGS_OFFSET = 48;
    private static final int TRANSFERRED_OFFSET = 56;
    private static final int VECTOR_SIZE = 16;

    private final MemorySegment messages;
    private final MemorySegment vectors;

    MessageArray(int capacity) {
        Arena arena = Arena.ofAuto();
        messages = arena.allocate((long) MESSAGE_SIZE * capacity, 64);
        vectors = arena.allocate((long) VECTOR_SIZE * capacity, 64);
        for (int i = 0; i < capacity; i++) {
            messages.set(JAVA_LONG, message(i) + VECTOR_OFFSET, vectors.address() + vector(i));
            messages.set(JAVA_LONG, message(i) + VECTOR_COUNT_OFFSET, 1);
        }
    }

    /** Where the payload of a message lies. The caller keeps the memory alive. */
    void payload(int index, long address, int length) {
        vectors.set(JAVA_LONG, vector(index), address);
        vectors.set(JAVA_LONG, vector(index) + Long.BYTES, length);
    }

    /** Where the address of the other end lies, or is to be put. */
    void name(int index, long address) {
        messages.set(JAVA_LONG, message(index) + NAME_OFFSET, address);
    }

    /** The room for the address of the other end; the kernel overwrites it. */
    void nameLength(int index, int length) {
        messages.set(JAVA_INT, message(index) + NAME_LENGTH_OFFSET, length);
    }

    /** What the kernel said of a message, {@code MSG_...}. */
    int flags(int index) {
        return messages.get(JAVA_INT, message(index) + FLAGS_OFFSET);
    }

    /** Bytes of the payload that were transferred. */
    int transferred(int index) {
        return messages.get(JAVA_INT, message(index) + TRANSFERRED_OFFSET);
    }

    /** For a call that begins with that message. */
    long address(int index) {
        return messages.address() + message(index);
    }

    private static long message(int index) {
        return (long) MESSAGE_SIZE * index;
    }

    private static long vector(int index) {
        return (long) VECTOR_SIZE * index;
    }
}
