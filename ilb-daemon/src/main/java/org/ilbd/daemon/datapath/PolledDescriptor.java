package org.ilbd.daemon.datapath;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A descriptor that is not Netty's own, polled by a Netty epoll loop.
 *
 * <p><b>Level-triggered.</b> A reader takes a batch and returns; if more is waiting, the loop comes back after it has looked at the other
 * descriptors and its tasks. So no descriptor starves another, and the tick is never late by more than a batch.
 *
 * <p><b>Lifetime.</b> The descriptor belongs to who opened it, and is closed after the loop has ended.
 */
public final class PolledDescriptor implements EpollIoHandle {
    private static final Logger LOGGER = LoggerFactory.getLogger(PolledDescriptor.class);

    /** Reads what is waiting. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Takes a batch at most.
         *
         * @return false to be polled no more: the descriptor is of no use
         */
        boolean onReadable();
    }

    private final String name;
    private final FileDescriptor descriptor;
    private final Reader reader;
    private long failures;

    private PolledDescriptor(String name, int fd, Reader reader) {
        this.name = name;
        this.descriptor = new FileDescriptor(fd);
        this.reader = reader;
    }

    /**
     * Polls from now on. May be called from any thread; the reader is called on the loop's.
     *
     * @param name for the log
     */
    public static void register(IoEventLoop loop, String name, int fd, Reader reader) {
        PolledDescriptor handle = new PolledDescriptor(name, fd, reader);
        loop.register(handle).addListener(future -> {
            if (future.isSuccess()) {
                ((IoRegistration) future.getNow()).submit(EpollIoOps.EPOLLIN);
            } else {
                LOGGER.error("{}: cannot be polled", name, future.cause());
            }
        });
    }

    @Override
    public FileDescriptor fd() {
        return descriptor;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
        boolean useful = true;
        try {
            useful = reader.onReadable();
        } catch (RuntimeException e) {
            onFailure(e);
        }
        if (!useful) {
            registration.cancel();
        }
    }

    /** A defect of ours: the packet is lost, the loop goes on. The log gets the 1st, 2nd, 4th, 8th... lest it fill the disk. */
    private void onFailure(RuntimeException e) {
        failures++;
        if (Long.bitCount(failures) == 1) {
            LOGGER.error("{}: failed on what it read (time {})", name, failures, e);
        }
    }

    @Override
    public void close() {
        // The owner closes the descriptor.
    }
}
