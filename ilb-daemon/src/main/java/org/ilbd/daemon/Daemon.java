package org.ilbd.daemon;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.ilbd.daemon.cli.Launcher;
import org.ilbd.daemon.config.Configuration;
import org.ilbd.daemon.config.ConfigurationException;
import org.ilbd.daemon.config.ConfigurationLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts an ILB, runs it until a signal ends it, and takes it down again. */
public final class Daemon implements Launcher {
    private static final Logger LOGGER = LoggerFactory.getLogger(Daemon.class);

    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicBoolean stopping = new AtomicBoolean();
    private volatile boolean lost;

    /** One run of the process. */
    public Daemon() {}

    @Override
    public void run(Configuration configuration, Path file) throws StartupException {
        try (Node node = Node.start(configuration, this::onLost)) {
            Signals.handle(() -> reload(node, file), this::stop);
            System.out.println(node.summary());
            awaitStop();
            node.leave();
        }
        if (lost) {
            throw new StartupException(
                    ExitCode.FAILURE, "the TUN device was taken away while ilbd was running; see the log");
        }
        LOGGER.info("stopped");
    }

    private void awaitStop() {
        boolean waiting = true;
        while (waiting) {
            try {
                stopped.await();
                waiting = false;
            } catch (InterruptedException e) {
                LOGGER.debug("nobody interrupts this thread", e);
            }
        }
    }

    /** The first time: leaves gracefully. The second time: ends at once, and the next start cleans up. */
    private void stop() {
        if (stopping.compareAndSet(false, true)) {
            LOGGER.info("leaving; a second signal ends at once");
            stopped.countDown();
        } else {
            LOGGER.warn("ending at once");
            Runtime.getRuntime().halt(ExitCode.FAILURE.number());
        }
    }

    private void onLost() {
        lost = true;
        stopped.countDown();
    }

    /** Takes over what a reload can change; with any problem in the file, nothing. */
    private synchronized void reload(Node node, Path file) {
        try {
            node.reconfigure(ConfigurationLoader.load(file));
        } catch (ConfigurationException e) {
            LOGGER.error("reload failed, the old configuration goes on:\n{}", e.getMessage());
        } catch (StartupException e) {
            LOGGER.error("reload failed, the old configuration goes on: {}", e.getMessage());
        }
    }
}
