package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.Test;

class TableAllocationTest {

    private static final int WARM_UP = 60_000;
    private static final int MEASURED = 20_000;
    private static final ExpiryPolicy ALWAYS = slot -> true;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final FourTuple tuple = new FourTuple();
    private int now;

    @Test
    void ownedConnectionsAllocateNothing() {
        try (Arena arena = Arena.ofConfined()) {
            OwnedConnections table = new OwnedConnections(arena, 100, 50, 100, 1000, 500, 1, 2);
            for (int i = 0; i < WARM_UP; i++) {
                serve(table, i);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < MEASURED; i++) {
                serve(table, i);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isZero();
            assertThat(table.evictions()).isPositive();
            table.checkConsistency();
        }
    }

    @Test
    void cacheAllocatesNothing() {
        try (Arena arena = Arena.ofConfined()) {
            AssociationCache cache = new AssociationCache(arena, 100, 200, 1, 2);
            for (int i = 0; i < WARM_UP; i++) {
                serve(cache, i);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < MEASURED; i++) {
                serve(cache, i);
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isZero();
            assertThat(cache.evictions()).isPositive();
            cache.checkConsistency();
        }
    }

    /** Packets of a thousand clients, in all states, more than there is room for. */
    private void serve(OwnedConnections table, int i) {
        int random = (i * 0x9e3779b1) >>> 8;
        now += (i & 15) == 0 ? 1 : 0;
        int slot = table.find(random & 3, Clients.fill(tuple, random % 1009));
        if (slot == OwnedConnections.NONE) {
            table.insert(random & 3, tuple, i, state(i % 3), now, now);
        } else {
            switch (random % 7) {
                case 0 -> table.remove(slot);
                case 1, 2 -> table.transition(slot, state(i % 3), now);
                case 3 -> table.setStamp(slot, table.nextSlot(slot));
                default -> table.touch(slot, now);
            }
        }
        table.expire(now, 4, ALWAYS);
    }

    private static ConnectionState state(int number) {
        return switch (number) {
            case 0 -> ConnectionState.HALF_OPEN;
            case 1 -> ConnectionState.ESTABLISHED;
            default -> ConnectionState.CLOSING;
        };
    }

    private void serve(AssociationCache cache, int i) {
        now += (i & 15) == 0 ? 1 : 0;
        int slot = cache.find(1, Clients.fill(tuple, i * 7 % 300));
        if (slot == AssociationCache.NONE) {
            cache.put(1, tuple, i, i & 7, now);
        } else if (i % 11 == 0) {
            cache.remove(slot);
        } else {
            cache.touch(slot, now);
        }
        if (i % 1000 == 0) {
            cache.voidOrigin(i & 7);
        }
        cache.expire(now, 4);
    }
}
