package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.ilbd.core.packet.Endpoint;

/**
 * Watches servers by health checks and by asking their agents, all on one event loop, which needs the epoll transport; only programs run beside
 * it. The checks of each server run one at a time and independently of the others.
 */
public final class HealthChecker implements AutoCloseable {
    private record Key(String service, Endpoint server) {}

    private final EventLoop loop;
    private final HealthListener listener;
    private final Random random;
    /** Touched on the loop only. */
    private final Map<Key, ServerWatch> watches = new HashMap<>();

    private final Programs programs = new Programs();
    private volatile List<ServerCounts> counts = List.of();

    /**
     * Watches nothing yet.
     *
     * @param loop where everything runs; it stays the caller's
     * @param seed of the jitter
     * @param listener told what checks and agents say, on the loop
     */
    public HealthChecker(EventLoop loop, long seed, HealthListener listener) {
        this.loop = loop;
        this.random = new Random(seed);
        this.listener = listener;
    }

    /**
     * Watches these targets from now on, and nothing else. A target that was watched before keeps its state, also under other settings; one
     * that comes back after it was gone starts anew. From any thread; takes effect soon.
     *
     * @param targets no two of the same service and server
     */
    public void update(Collection<HealthTarget> targets) {
        Map<Key, HealthTarget> wanted = new HashMap<>();
        for (HealthTarget target : targets) {
            Key key = new Key(target.service(), target.server());
            if (wanted.put(key, target) != null) {
                throw new IllegalArgumentException(
                        "server " + target.server() + " of service " + target.service() + " is given twice");
            }
        }
        loop.execute(() -> apply(wanted));
    }

    private void apply(Map<Key, HealthTarget> wanted) {
        Iterator<Map.Entry<Key, ServerWatch>> known = watches.entrySet().iterator();
        while (known.hasNext()) {
            Map.Entry<Key, ServerWatch> entry = known.next();
            if (!wanted.containsKey(entry.getKey())) {
                entry.getValue().stop();
                known.remove();
            }
        }
        wanted.forEach((key, target) -> {
            ServerWatch watch = watches.get(key);
            if (watch == null) {
                watches.put(key, new ServerWatch(loop, random, programs, target, listener));
            } else {
                watch.change(target);
            }
        });
        counts = watches.values().stream().map(ServerWatch::counts).toList();
    }

    /** What was counted of the servers that are watched: another list after each change. From any thread. */
    public List<ServerCounts> counts() {
        return counts;
    }

    /** Stops watching; the listener hears no more once the loop has run what is queued. */
    @Override
    public void close() {
        update(List.of());
        loop.execute(programs::close);
    }
}
