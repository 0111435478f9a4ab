package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The libc functions behind this package. Each returns what the call returned, or the negated errno, as the kernel itself does: one
 * number, no exception, no allocation.
 *
 * <p><b>Pointers</b> are raw {@code long} addresses, which the C ABIs of x86-64 and aarch64 pass as they pass a pointer. So no segment
 * is wrapped or checked in a call; the caller keeps the memory alive.
 *
 * <p><b>errno</b> must be captured inside the call, since the JVM may change it before Java code runs again. The caller brings the memory
 * for it ({@link #CAPTURE_LAYOUT}), one for each descriptor, so that two threads never share it.
 *
 * <p><b>Not inlined.</b> The linker makes an object of 40 bytes for that memory in each call, which the compiler removes where it sees all
 * of the call. Inlined into a long chain of callers it may not, so the start script's {@code CompileCommand} compiles these methods on
 * their own.
 */
final class SystemCalls {
    static final MemoryLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = CAPTURE_LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPEN =
            variadic("open", 2, FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle IOCTL =
            variadic("ioctl", 2, FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle CLOSE = function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle READ =
            function("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle WRITE =
            function("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle SOCKET =
            function("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
            function("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle GETSOCKNAME =
            function("getsockname", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle SETSOCKOPT =
            function("setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle GETSOCKOPT =
            function("getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle SENDTO = function(
            "sendto", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle RECVMMSG =
            function("recvmmsg", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle SENDMMSG =
            function("sendmmsg", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle SCHED_SETSCHEDULER =
            function("sched_setscheduler", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle KILL = function("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle STRERROR = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("strerror"),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT));

    private SystemCalls() {}

    static int open(MemorySegment capture, long path, int flags) {
        try {
            return result(capture, (int) OPEN.invokeExact(capture, path, flags, 0));
        } catch (Throwable e) {
            throw new LinkageError("open", e);
        }
    }

    static int ioctl(MemorySegment capture, int fd, long request, long argument) {
        try {
            return result(capture, (int) IOCTL.invokeExact(capture, fd, request, argument));
        } catch (Throwable e) {
            throw new LinkageError("ioctl", e);
        }
    }

    static int close(MemorySegment capture, int fd) {
        try {
            return result(capture, (int) CLOSE.invokeExact(capture, fd));
        } catch (Throwable e) {
            throw new LinkageError("close", e);
        }
    }

    static int read(MemorySegment capture, int fd, long address, long length) {
        try {
            return result(capture, (int) (long) READ.invokeExact(capture, fd, address, length));
        } catch (Throwable e) {
            throw new LinkageError("read", e);
        }
    }

    static int write(MemorySegment capture, int fd, long address, long length) {
        try {
            return result(capture, (int) (long) WRITE.invokeExact(capture, fd, address, length));
        } catch (Throwable e) {
            throw new LinkageError("write", e);
        }
    }

    static int socket(MemorySegment capture, int domain, int type, int protocol) {
        try {
            return result(capture, (int) SOCKET.invokeExact(capture, domain, type, protocol));
        } catch (Throwable e) {
            throw new LinkageError("socket", e);
        }
    }

    static int bind(MemorySegment capture, int fd, long address, int length) {
        try {
            return result(capture, (int) BIND.invokeExact(capture, fd, address, length));
        } catch (Throwable e) {
            throw new LinkageError("bind", e);
        }
    }

    static int getsockname(MemorySegment capture, int fd, long address, long length) {
        try {
            return result(capture, (int) GETSOCKNAME.invokeExact(capture, fd, address, length));
        } catch (Throwable e) {
            throw new LinkageError("getsockname", e);
        }
    }

    static int setsockopt(MemorySegment capture, int fd, int level, int option, long value, int length) {
        try {
            return result(capture, (int) SETSOCKOPT.invokeExact(capture, fd, level, option, value, length));
        } catch (Throwable e) {
            throw new LinkageError("setsockopt", e);
        }
    }

    static int getsockopt(MemorySegment capture, int fd, int level, int option, long value, long length) {
        try {
            return result(capture, (int) GETSOCKOPT.invokeExact(capture, fd, level, option, value, length));
        } catch (Throwable e) {
            throw new LinkageError("getsockopt", e);
        }
    }

    static int sendto(
            MemorySegment capture,
            int fd,
            long address,
            long length,
            int flags,
            long destination,
            int destinationLength) {
        try {
            return result(capture, (int)
                    (long) SENDTO.invokeExact(capture, fd, address, length, flags, destination, destinationLength));
        } catch (Throwable e) {
            throw new LinkageError("sendto", e);
        }
    }

    static int recvmmsg(MemorySegment capture, int fd, long messages, int count, int flags) {
        try {
            return result(capture, (int) RECVMMSG.invokeExact(capture, fd, messages, count, flags, 0L));
        } catch (Throwable e) {
            throw new LinkageError("recvmmsg", e);
        }
    }

    static int sendmmsg(MemorySegment capture, int fd, long messages, int count, int flags) {
        try {
            return result(capture, (int) SENDMMSG.invokeExact(capture, fd, messages, count, flags));
        } catch (Throwable e) {
            throw new LinkageError("sendmmsg", e);
        }
    }

    static int schedSetscheduler(MemorySegment capture, int thread, int policy, long parameters) {
        try {
            return result(capture, (int) SCHED_SETSCHEDULER.invokeExact(capture, thread, policy, parameters));
        } catch (Throwable e) {
            throw new LinkageError("sched_setscheduler", e);
        }
    }

    static int kill(MemorySegment capture, int process, int signal) {
        try {
            return result(capture, (int) KILL.invokeExact(capture, process, signal));
        } catch (Throwable e) {
            throw new LinkageError("kill", e);
        }
    }

    /** The kernel's words for an error number, in the C locale. */
    static String errorText(int errno) {
        try {
            long address = (long) STRERROR.invokeExact(errno);
            return MemorySegment.ofAddress(address).reinterpret(MAX_ERROR_TEXT).getString(0);
        } catch (Throwable e) {
            throw new LinkageError("strerror", e);
        }
    }

    /** glibc's longest text is about 50 bytes; its buffer for unknown numbers is larger than what it writes. */
    private static final long MAX_ERROR_TEXT = 1024;

    private static int result(MemorySegment capture, int value) {
        return value >= 0 ? value : -capture.get(JAVA_INT, ERRNO_OFFSET);
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name),
                        descriptor,
                        Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle variadic(String name, int fixedArguments, FunctionDescriptor descriptor) {
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name),
                        descriptor,
                        Linker.Option.captureCallState("errno"),
                        Linker.Option.firstVariadicArg(fixedArguments));
    }
}
