package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An open file descriptor with its own memory for errno. Used by one thread at a time; the kinds of descriptor are built on it.
 */
final class Descriptor implements AutoCloseable {
    private static final int O_RDWR = 0x2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int SOCK_NONBLOCK = O_NONBLOCK;
    private static final int SOCK_CLOEXEC = O_CLOEXEC;

    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;
    private static final int SO_RCVBUF = 8;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_RCVBUFFORCE = 33;

    /** Freed with this object: a capture segment must outlive every call, and calls end before the object does. */
    private final MemorySegment capture;

    private final String name;
    private final int fd;
    private boolean closed;

    private Descriptor(String name, int fd, MemorySegment capture) {
        this.name = name;
        this.fd = fd;
        this.capture = capture;
    }

    /** Opens a file for reading and writing, non-blocking. */
    static Descriptor open(String path) throws ErrnoException {
        MemorySegment capture = newCapture();
        try (Arena arena = Arena.ofConfined()) {
            int fd = SystemCalls.open(capture, arena.allocateFrom(path).address(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
            return new Descriptor(path, check("open(" + path + ")", fd), capture);
        }
    }

    /** Opens a non-blocking socket. */
    static Descriptor socket(String name, int domain, int type, int protocol) throws ErrnoException {
        MemorySegment capture = newCapture();
        int fd = SystemCalls.socket(capture, domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
        return new Descriptor(name, check("socket(" + name + ")", fd), capture);
    }

    int fd() {
        return fd;
    }

    /** Bytes read, or a negated errno. */
    int read(long address, long length) {
        return SystemCalls.read(capture, fd, address, length);
    }

    /** Bytes written, or a negated errno. */
    int write(long address, long length) {
        return SystemCalls.write(capture, fd, address, length);
    }

    /** Bytes sent, or a negated errno. */
    int sendTo(long address, long length, long destination, int destinationLength) {
        return SystemCalls.sendto(capture, fd, address, length, 0, destination, destinationLength);
    }

    /** Messages sent of an array of {@code struct mmsghdr}, up to the first that could not be; or its negated errno. */
    int sendMany(long messages, int count) {
        return SystemCalls.sendmmsg(capture, fd, messages, count, 0);
    }

    /** Datagrams received into an array of {@code struct mmsghdr}, or a negated errno. */
    int receiveMany(long messages, int count) {
        return SystemCalls.recvmmsg(capture, fd, messages, count, 0);
    }

    /** @param call as {@link ErrnoException} wants it */
    void ioctl(String call, long request, MemorySegment argument) throws ErrnoException {
        check(call, SystemCalls.ioctl(capture, fd, request, argument.address()));
    }

    /** An ioctl whose argument is a number, not a pointer. */
    void ioctl(String call, long request, long argument) throws ErrnoException {
        check(call, SystemCalls.ioctl(capture, fd, request, argument));
    }

    void bind(String call, MemorySegment socketAddress) throws ErrnoException {
        check(call, SystemCalls.bind(capture, fd, socketAddress.address(), (int) socketAddress.byteSize()));
    }

    /** The address that the kernel bound this socket to. */
    void localAddress(MemorySegment socketAddress) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) socketAddress.byteSize());
            check(
                    "getsockname(" + name + ")",
                    SystemCalls.getsockname(capture, fd, socketAddress.address(), length.address()));
        }
    }

    void option(String call, int level, int option, int value) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            option(call, level, option, arena.allocateFrom(JAVA_INT, value));
        }
    }

    void option(String call, int level, int option, MemorySegment value) throws ErrnoException {
        int result = SystemCalls.setsockopt(capture, fd, level, option, value.address(), (int) value.byteSize());
        check("setsockopt(" + name + ", " + call + ")", result);
    }

    /** The value of an option that is a 64-bit number. */
    long longOption(String call, int level, int option) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_LONG);
            MemorySegment length = arena.allocateFrom(JAVA_INT, Long.BYTES);
            check(
                    "getsockopt(" + name + ", " + call + ")",
                    SystemCalls.getsockopt(capture, fd, level, option, value.address(), length.address()));
            return value.get(JAVA_LONG, 0);
        }
    }

    /**
     * Asks for a send buffer: past the system's limit where the process may (CAP_NET_ADMIN in the first user namespace), else up to it.
     *
     * @return what the kernel granted, in bytes; it books twice what it was asked for, to cover its own overhead
     */
    int sendBuffer(int bytes) throws ErrnoException {
        return buffer("SO_SNDBUF", SO_SNDBUFFORCE, SO_SNDBUF, bytes);
    }

    /** As {@link #sendBuffer}, for receiving. */
    int receiveBuffer(int bytes) throws ErrnoException {
        return buffer("SO_RCVBUF", SO_RCVBUFFORCE, SO_RCVBUF, bytes);
    }

    private int buffer(String call, int forced, int limited, int bytes) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(JAVA_INT, bytes);
            if (SystemCalls.setsockopt(capture, fd, SOL_SOCKET, forced, value.address(), Integer.BYTES) < 0) {
                option(call, SOL_SOCKET, limited, value);
            }
            MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
            check(
                    "getsockopt(" + name + ", " + call + ")",
                    SystemCalls.getsockopt(capture, fd, SOL_SOCKET, limited, value.address(), length.address()));
            return value.get(JAVA_INT, 0);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            SystemCalls.close(capture, fd);
        }
    }

    private static MemorySegment newCapture() {
        return Arena.ofAuto().allocate(SystemCalls.CAPTURE_LAYOUT);
    }

    private static int check(String call, int result) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call, -result);
        }
        return result;
    }
}
