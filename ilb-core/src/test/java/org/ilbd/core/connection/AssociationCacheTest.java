package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ilbd.core.connection.AssociationCache.NONE;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AssociationCacheTest {

    private static final int CAPACITY = 100;
    private static final int TIMEOUT = 300_000;
    private static final int SERVICE = 3;

    private final Arena arena = Arena.ofConfined();
    private AssociationCache cache = new AssociationCache(arena, CAPACITY, TIMEOUT, 1, 2);
    private int now = Integer.MAX_VALUE - 1000;

    @AfterEach
    void checkAndFree() {
        cache.checkConsistency();
        arena.close();
    }

    private int put(int client, int origin) {
        return cache.put(SERVICE, Clients.tuple(client), client, origin, now);
    }

    private int find(int client) {
        return cache.find(SERVICE, Clients.tuple(client));
    }

    @Test
    void associationIsFoundWithItsFields() {
        int slot = put(1, 255);
        cache.setStamp(slot, 99);
        assertThat(find(1)).isEqualTo(slot);
        assertThat(cache.server(slot)).isEqualTo(1);
        assertThat(cache.origin(slot)).isEqualTo(255);
        assertThat(cache.stamp(slot)).isEqualTo(99);
        assertThat(find(2)).isEqualTo(NONE);
        assertThat(cache.find(SERVICE + 1, Clients.tuple(1))).isEqualTo(NONE);
    }

    @Test
    void laterWordReplacesServerAndOrigin() {
        int slot = put(1, 4);
        assertThat(cache.put(SERVICE, Clients.tuple(1), 77, 5, now)).isEqualTo(slot);
        assertThat(cache.server(slot)).isEqualTo(77);
        assertThat(cache.size()).isEqualTo(1);
        cache.voidOrigin(4);
        assertThat(find(1)).isEqualTo(slot);
        cache.voidOrigin(5);
        assertThat(find(1)).isEqualTo(NONE);
    }

    @Test
    void voidOriginVoidsWhatItToldSoFarAndNothingElse() {
        put(1, 0);
        put(2, 254);
        put(3, 0);
        cache.voidOrigin(0);
        assertThat(cache.size()).isEqualTo(3);
        put(4, 0);

        assertThat(find(1)).isEqualTo(NONE);
        assertThat(find(3)).isEqualTo(NONE);
        assertThat(find(2)).isNotEqualTo(NONE);
        assertThat(find(4)).isNotEqualTo(NONE);
        assertThat(cache.size()).isEqualTo(2);
    }

    @Test
    void voidAllVoidsEveryOrigin() {
        for (int origin = 0; origin < CAPACITY; origin++) {
            put(origin, origin);
        }
        cache.voidAll();
        put(5, 5);
        for (int client = 0; client < CAPACITY; client++) {
            assertThat(find(client) != NONE).isEqualTo(client == 5);
        }
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void voidsOfOneOriginAndOfAllNeverCancelEachOther() {
        put(1, 1);
        cache.voidAll();
        cache.voidOrigin(1);
        cache.voidOrigin(2);
        put(2, 2);
        cache.voidAll();
        assertThat(find(1)).isEqualTo(NONE);
        assertThat(find(2)).isEqualTo(NONE);
    }

    @Test
    void voidAssociationMayBeToldAnew() {
        put(1, 1);
        cache.voidOrigin(1);
        int slot = put(1, 1);
        assertThat(find(1)).isEqualTo(slot);
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void leastRecentlyUsedGivesWayWhenFull() {
        for (int client = 0; client < CAPACITY; client++) {
            put(client, 0);
            now += 100;
        }
        cache.touch(find(0), now);
        put(1000, 0);
        put(1001, 0);
        assertThat(find(0)).isNotEqualTo(NONE);
        assertThat(find(1)).isEqualTo(NONE);
        assertThat(find(2)).isEqualTo(NONE);
        assertThat(find(3)).isNotEqualTo(NONE);
        assertThat(cache.size()).isEqualTo(CAPACITY);
        assertThat(cache.capacity()).isEqualTo(CAPACITY);
        assertThat(cache.evictions()).isEqualTo(2);
    }

    @Test
    void associationInUseSurvivesAFlood() {
        put(0, 0);
        for (int client = 1; client <= 100_000; client++) {
            now += 20; // the cache turns over every 2 s
            put(client, 1);
            int slot = find(0);
            assertThat(slot).isNotEqualTo(NONE);
            cache.touch(slot, now);
        }
        assertThat(cache.size()).isEqualTo(CAPACITY);
    }

    @Test
    void voidAssociationsGiveWayFirstAsNobodyUsesThem() {
        for (int client = 0; client < CAPACITY; client++) {
            put(client, client % 2);
        }
        cache.voidOrigin(0);
        now += 5000;
        for (int client = 1; client < CAPACITY; client += 2) {
            cache.touch(find(client), now);
        }
        for (int client = 1000; client < 1000 + CAPACITY / 2; client++) {
            put(client, 1);
        }
        for (int client = 1; client < CAPACITY; client += 2) {
            assertThat(find(client)).isNotEqualTo(NONE);
        }
    }

    @Test
    void unusedAssociationExpires() {
        put(1, 0);
        put(2, 0);
        put(3, 0);
        now += TIMEOUT - 1;
        assertThat(cache.expire(now, 10)).isZero();
        cache.touch(find(2), now);
        now += 1;
        assertThat(cache.expire(now, 1)).isEqualTo(1);
        assertThat(cache.expire(now, 10)).isEqualTo(1);
        assertThat(find(2)).isNotEqualTo(NONE);
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void removesByNameAndBySlot() {
        put(1, 0);
        int slot = put(2, 0);
        cache.remove(SERVICE, Clients.tuple(1));
        cache.remove(SERVICE, Clients.tuple(1));
        cache.remove(slot);
        assertThat(cache.size()).isZero();
        assertThat(find(1)).isEqualTo(NONE);
        assertThat(find(2)).isEqualTo(NONE);
    }

    @Test
    void cacheOfOneHoldsTheLast() {
        cache = new AssociationCache(arena, 1, TIMEOUT, 1, 2);
        for (int client = 0; client < 10; client++) {
            put(client, 0);
            assertThat(cache.server(find(client))).isEqualTo(client);
            assertThat(cache.size()).isEqualTo(1);
        }
        assertThat(cache.memoryBytes()).isPositive();
    }

    @Test
    void refusesFiguresOutOfRange() {
        assertThatThrownBy(() -> new AssociationCache(arena, 0, 1, 0, 0)).hasMessageContaining("capacity is 0");
        assertThatThrownBy(() -> new AssociationCache(arena, (1 << 30) + 1, 1, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new AssociationCache(arena, 1, 0, 0, 0)).hasMessageContaining("timeout is 0");
    }
}
