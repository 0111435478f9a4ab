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
 * Watches servers by connecting to them, all on one event loop, which needs the epoll transport. The checks of each server run one at a time
 * and independently of the others.
 */
public final class HealthChecker implements AutoCloseable {
    private record Key(String service, Endpoint server) {}

    private final EventLoop loop;
    private final HealthListener listener;
    private final Random random;
    /** Touched on the loop only. */
    private final Map<Key, HealthCheck> checks = new HashMap<>();

    /**
     * Watches nothing yet.
     *
     * @param loop where everything runs; it stays the caller's
     * @param seed of the jitter
     * @param listener told of every target when its watching begins and of every change, on the loop
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
        Iterator<Map.Entry<Key, HealthCheck>> known = checks.entrySet().iterator();
        while (known.hasNext()) {
            Map.Entry<Key, HealthCheck> entry = known.next();
            if (!wanted.containsKey(entry.getKey())) {
                entry.getValue().stop();
                known.remove();
            }
        }
        wanted.forEach((key, target) -> {
            HealthCheck check = checks.get(key);
            if (check == null) {
                checks.put(key, HealthCheck.start(loop, random, target, listener));
            } else {
                check.change(target.settings());
            }
        });
    }

    /** Stops watching; the listener hears no more once the loop has run what is queued. */
    @Override
    public void close() {
        update(List.of());
    }
}
