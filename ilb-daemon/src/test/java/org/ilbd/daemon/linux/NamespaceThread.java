package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A thread that is in another network namespace than the rest of its process: what it opens is there. */
public final class NamespaceThread implements AutoCloseable {
    private static final int O_RDONLY = 0;
    private static final int CLONE_NEWNET = 0x40000000;

    private static final MethodHandle SETNS = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("setns"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());

    /** @param path of the namespace's file, as {@code /run/netns/lab-ilb1} */
    public NamespaceThread(String path) {
        try {
            call(() -> enter(path));
        } catch (ExecutionException e) {
            throw new IllegalArgumentException(path, e);
        }
    }

    private static int enter(String path) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(SystemCalls.CAPTURE_LAYOUT);
            int fd = SystemCalls.open(capture, arena.allocateFrom(path).address(), O_RDONLY);
            if (fd < 0) {
                throw new ErrnoException("open(" + path + ")", -fd);
            }
            int result = setns(fd);
            SystemCalls.close(capture, fd);
            if (result != 0) {
                throw new IllegalStateException("setns(" + path + ") failed");
            }
            return result;
        }
    }

    private static int setns(int fd) {
        try {
            return (int) SETNS.invokeExact(fd, CLONE_NEWNET);
        } catch (Throwable e) {
            throw new LinkageError("setns", e);
        }
    }

    /**
     * Does something on the thread, and waits for it.
     *
     * @throws ExecutionException with what it has thrown
     */
    public <T> T call(Callable<T> task) throws ExecutionException {
        try {
            return thread.submit(task).get();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Lets go of the namespace. */
    @Override
    public void close() {
        thread.close();
    }
}
