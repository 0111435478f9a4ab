package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.ilbd.core.packet.Endpoint;

/**
 * A check that runs a program, which learns from its environment what to check. The time counts from the program's start: one that has to
 * wait for its turn is late, which says nothing of the server.
 */
final class ExecProbe implements Probe {
    private final EventLoop loop;
    private final Programs programs;
    private final List<String> command;
    private final Map<String, String> environment;
    private final Duration timeout;

    ExecProbe(
            EventLoop loop,
            Programs programs,
            List<String> command,
            String service,
            Endpoint server,
            Duration timeout) {
        this.loop = loop;
        this.programs = programs;
        this.command = command;
        this.timeout = timeout;
        environment = Map.of(
                "ILBD_SERVICE", service,
                "ILBD_SERVER_ADDRESS", server.address().toString(),
                "ILBD_SERVER_PORT", Integer.toString(server.port()));
    }

    @Override
    public Running begin(Consumer<CheckOutcome> done) {
        Execution execution = new Execution(done);
        Future<?> task = programs.submit(() -> {
            CheckOutcome outcome = Programs.run(command, environment, timeout);
            loop.execute(() -> execution.end(outcome));
            return outcome;
        });
        return () -> {
            execution.cancelled = true;
            task.cancel(true);
        };
    }

    /** On the event loop: a program may end while it is being cancelled. */
    private static final class Execution {
        private final Consumer<CheckOutcome> done;
        private boolean cancelled;

        Execution(Consumer<CheckOutcome> done) {
            this.done = done;
        }

        void end(CheckOutcome outcome) {
            if (!cancelled) {
                done.accept(outcome);
            }
        }
    }
}
