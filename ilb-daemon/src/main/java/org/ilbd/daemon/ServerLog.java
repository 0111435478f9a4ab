package org.ilbd.daemon;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the log what has become of the servers since the last time it was run. What is over by then is told by counters
 * only.
 */
final class ServerLog implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(ServerLog.class);

    private final Engine engine;
    private final Executor writer;
    /** By the servers' indexes. */
    private final List<ServerState> known = new ArrayList<>();

    /** Looks at the engine on its loop; the lines are written by that executor. */
    ServerLog(Engine engine, Executor writer) {
        this.engine = engine;
        this.writer = writer;
    }

    /** On the engine's loop. */
    @Override
    public void run() {
        for (int i = 0; i < engine.serverCount(); i++) {
            Server server = engine.server(i);
            if (i == known.size()) {
                known.add(server.state());
            } else if (known.get(i) != server.state()) {
                tell(server, known.set(i, server.state()));
            }
        }
    }

    private void tell(Server server, ServerState before) {
        String service = server.service().config().name();
        ServerState state = server.state();
        String reason = reason(server);
        writer.execute(() -> LOGGER.info(
                "service {}: server {} is {}{}, was {}",
                service,
                server.endpoint(),
                lower(state),
                reason,
                lower(before)));
    }

    private static String reason(Server server) {
        if (server.state() == ServerState.DOWN) {
            return server.silent() && server.up() ? " (clients get no answer from it)" : " (by its check or its agent)";
        }
        return server.state() == ServerState.DRAINING && !server.configured() ? " (not configured any more)" : "";
    }

    private static String lower(ServerState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }
}
