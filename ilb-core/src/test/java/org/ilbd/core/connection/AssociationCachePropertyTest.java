package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.connection.AssociationCache.NONE;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.Test;

/**
 * Random operations on the cache and on a plain model of it: what the cache says is true, and it forgets only what has expired or
 * what was among the least recently used when it was full.
 */
class AssociationCachePropertyTest {

    private static final int ROUNDS = 10;
    private static final int OPERATIONS = 120_000;
    private static final int ORIGINS = 5;
    private static final int SERVICE = 40_000;

    private static final class Entry {
        int server;
        int origin;
        int lastSeen;
    }

    private final RandomGenerator random = Seed.random("AssociationCachePropertyTest");
    private final FourTuple tuple = new FourTuple();
    private final Map<Integer, Entry> told = new HashMap<>();
    /** When each client was last put or touched, whatever became of it. */
    private int[] used = {};

    private int capacity;
    private int timeout;
    private int granularity;
    private int now;

    @Test
    void cacheNeverLiesAndForgetsTheOldestOnly() {
        for (int round = 0; round < ROUNDS; round++) {
            capacity = 1 + random.nextInt(round % 2 == 0 ? 8 : 200);
            timeout = 1 + random.nextInt(1 << (4 + random.nextInt(14)));
            granularity = Math.min(1000, timeout / 64);
            now = Integer.MAX_VALUE - random.nextInt(100_000);
            told.clear();
            used = new int[2 * capacity + 2];
            Arrays.fill(used, now - 10_000_000);
            try (Arena arena = Arena.ofConfined()) {
                run(new AssociationCache(arena, capacity, timeout, random.nextLong(), random.nextLong()));
            }
        }
    }

    private void run(AssociationCache cache) {
        for (int i = 0; i < OPERATIONS; i++) {
            now += random.nextInt(3);
            int client = random.nextInt(used.length);
            int slot = cache.find(SERVICE, Clients.fill(tuple, client));
            checkFound(cache, client, slot);
            int choice = random.nextInt(1000);
            if (choice < 10) {
                int origin = random.nextInt(ORIGINS);
                cache.voidOrigin(origin);
                told.values().removeIf(entry -> entry.origin == origin);
            } else if (choice == 10) {
                cache.voidAll();
                told.clear();
            } else if (choice < 30) {
                cache.remove(SERVICE, tuple);
                told.remove(client);
            } else if (choice < 40) {
                expire(cache);
            } else if (choice < 300) {
                put(cache, client);
            } else if (slot != NONE) {
                cache.touch(slot, now);
                Objects.requireNonNull(told.get(client)).lastSeen = now;
                used[client] = now;
            }
            if (i % 5000 == 0) {
                cache.checkConsistency();
            }
        }
        cache.checkConsistency();
    }

    private void checkFound(AssociationCache cache, int client, int slot) {
        Entry entry = told.get(client);
        if (slot == NONE) {
            told.remove(client);
            if (entry != null && now - entry.lastSeen < timeout) {
                assertThat(usedSince(entry.lastSeen - granularity)).isGreaterThan(capacity);
            }
        } else if (entry == null || cache.server(slot) != entry.server || cache.origin(slot) != entry.origin) {
            throw new AssertionError("the cache lies about client " + client);
        }
    }

    private int usedSince(int since) {
        int count = 0;
        for (int time : used) {
            if (time - since >= 0) {
                count++;
            }
        }
        return count;
    }

    private void put(AssociationCache cache, int client) {
        Entry entry = new Entry();
        entry.server = random.nextInt();
        entry.origin = random.nextInt(ORIGINS);
        entry.lastSeen = now;
        int slot = cache.put(SERVICE, tuple, entry.server, entry.origin, now);
        told.put(client, entry);
        used[client] = now;
        assertThat(cache.find(SERVICE, tuple)).isEqualTo(slot);
        assertThat(cache.size()).isLessThanOrEqualTo(capacity);
    }

    private void expire(AssociationCache cache) {
        int budget = random.nextInt(2 * capacity);
        int removed = cache.expire(now, budget);
        assertThat(removed).isLessThanOrEqualTo(budget);
        if (removed < budget) {
            told.forEach((client, entry) -> {
                if (now - entry.lastSeen > timeout + granularity) {
                    assertThat(cache.find(SERVICE, Clients.fill(tuple, client))).isEqualTo(NONE);
                }
            });
        }
    }
}
