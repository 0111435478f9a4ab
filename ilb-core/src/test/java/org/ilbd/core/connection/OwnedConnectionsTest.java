package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ilbd.core.connection.ConnectionState.CLOSING;
import static org.ilbd.core.connection.ConnectionState.ESTABLISHED;
import static org.ilbd.core.connection.ConnectionState.HALF_OPEN;
import static org.ilbd.core.connection.OwnedConnections.NONE;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OwnedConnectionsTest {

    private static final int ESTABLISHED_CAPACITY = 100;
    private static final int HALF_OPEN_CAPACITY = 10;
    private static final int HALF_OPEN_TIMEOUT = 10_000;
    private static final int ESTABLISHED_TIMEOUT = 3_600_000;
    private static final int CLOSING_TIMEOUT = 30_000;
    private static final int SERVICE = 7;
    private static final ExpiryPolicy ALWAYS = slot -> true;

    private final Arena arena = Arena.ofConfined();
    private OwnedConnections table = table(ESTABLISHED_CAPACITY, HALF_OPEN_CAPACITY);
    private int now;

    @BeforeEach
    void startClock() {
        now = 1000;
    }

    @AfterEach
    void checkAndFree() {
        table.checkConsistency();
        arena.close();
    }

    private OwnedConnections table(int established, int halfOpen) {
        return new OwnedConnections(
                arena, established, halfOpen, HALF_OPEN_TIMEOUT, ESTABLISHED_TIMEOUT, CLOSING_TIMEOUT, 1, 2);
    }

    private int insert(int client, ConnectionState state) {
        return table.insert(SERVICE, Clients.tuple(client), client, state, now, now);
    }

    private int find(int client) {
        return table.find(SERVICE, Clients.tuple(client));
    }

    private void fillWithEstablished() {
        for (int client = 0; client < ESTABLISHED_CAPACITY; client++) {
            assertThat(insert(client, ESTABLISHED)).isNotEqualTo(NONE);
        }
    }

    /** Expires everything that is due, and says which servers the connections had, which are the clients' numbers. */
    private List<Integer> expired(int budget) {
        List<Integer> servers = new ArrayList<>();
        int removed = table.expire(now, budget, slot -> servers.add(table.server(slot)));
        assertThat(removed).isEqualTo(servers.size());
        return servers;
    }

    @Test
    void newConnectionIsFoundWithAllItsFields() {
        FourTuple tuple = new FourTuple().set(true, 0x20010db800000001L, -2L, 65535, 3, 4, 443);
        int slot = table.insert(65535, tuple, -5, HALF_OPEN, 17, now);

        assertThat(table.find(65535, tuple)).isEqualTo(slot);
        assertThat(table.state(slot)).isEqualTo(HALF_OPEN);
        assertThat(table.server(slot)).isEqualTo(-5);
        assertThat(table.createdMillis(slot)).isEqualTo(17);
        assertThat(table.lastSeenMillis(slot)).isEqualTo(now);
        assertThat(table.flags(slot)).isZero();
        assertThat(table.stamp(slot)).isZero();
        assertThat(table.service(slot)).isEqualTo(65535);
        assertThat(table.ipv6(slot)).isTrue();
        assertThat(table.sourceHigh(slot)).isEqualTo(0x20010db800000001L);
        assertThat(table.sourceLow(slot)).isEqualTo(-2L);
        assertThat(table.sourcePort(slot)).isEqualTo(65535);
        assertThat(table.size()).isEqualTo(1);
        assertThat(table.size(HALF_OPEN)).isEqualTo(1);
    }

    @Test
    void callersFieldsAreKeptApartAndClearedForTheNextConnection() {
        int slot = insert(1, ESTABLISHED);
        table.setFlags(slot, (byte) 0x81);
        table.setStamp(slot, 0x12345678);
        table.setServer(slot, 42);
        table.setCreatedMillis(slot, -1);
        assertThat(table.transition(slot, CLOSING, now)).isTrue();

        assertThat(table.flags(slot)).isEqualTo((byte) 0x81);
        assertThat(table.stamp(slot)).isEqualTo(0x12345678);
        assertThat(table.server(slot)).isEqualTo(42);
        assertThat(table.createdMillis(slot)).isEqualTo(-1);

        table.remove(slot);
        int reused = insert(2, ESTABLISHED);
        assertThat(reused).isEqualTo(slot);
        assertThat(table.flags(reused)).isZero();
        assertThat(table.stamp(reused)).isZero();
    }

    @Test
    void connectionsThatDifferInOneComponentAreDifferent() {
        FourTuple tuple = new FourTuple().set(true, 1, 2, 3, 0, 0, 0);
        int slot = table.insert(4, tuple, 0, ESTABLISHED, now, now);

        assertThat(table.find(5, tuple)).isEqualTo(NONE);
        assertThat(table.find(4, new FourTuple().set(false, 1, 2, 3, 0, 0, 0))).isEqualTo(NONE);
        assertThat(table.find(4, new FourTuple().set(true, 0, 2, 3, 0, 0, 0))).isEqualTo(NONE);
        assertThat(table.find(4, new FourTuple().set(true, 1, 0, 3, 0, 0, 0))).isEqualTo(NONE);
        assertThat(table.find(4, new FourTuple().set(true, 1, 2, 0, 0, 0, 0))).isEqualTo(NONE);
        assertThat(table.find(4, new FourTuple().set(true, 1, 2, 3, 9, 9, 9))).isEqualTo(slot);
    }

    @Test
    void removedConnectionIsNotFoundAndItsNeighboursAre() {
        fillWithEstablished();
        for (int client = 0; client < ESTABLISHED_CAPACITY; client += 2) {
            table.remove(find(client));
        }
        for (int client = 0; client < ESTABLISHED_CAPACITY; client++) {
            if (client % 2 == 0) {
                assertThat(find(client)).isEqualTo(NONE);
            } else {
                assertThat(table.server(find(client))).isEqualTo(client);
            }
        }
        assertThat(table.size()).isEqualTo(ESTABLISHED_CAPACITY / 2);
    }

    @Test
    void synFloodLeavesEstablishedConnectionsAlone() {
        fillWithEstablished();
        for (int client = 1000; client < 101_000; client++) {
            int slot = insert(client, HALF_OPEN);
            assertThat(slot == NONE).isEqualTo(client >= 1000 + HALF_OPEN_CAPACITY);
        }
        assertThat(table.size(ESTABLISHED)).isEqualTo(ESTABLISHED_CAPACITY);
        assertThat(table.size(HALF_OPEN)).isEqualTo(HALF_OPEN_CAPACITY);
        for (int client = 0; client < ESTABLISHED_CAPACITY; client++) {
            assertThat(table.server(find(client))).isEqualTo(client);
        }
        assertThat(table.evictions()).isZero();
    }

    @Test
    void halfOpenRoomIsFreeAgainOnceTheFloodExpires() {
        for (int client = 0; client < HALF_OPEN_CAPACITY; client++) {
            insert(client, HALF_OPEN);
        }
        now += HALF_OPEN_TIMEOUT;
        assertThat(insert(99, HALF_OPEN)).isEqualTo(NONE);
        assertThat(expired(1)).containsExactly(0);
        assertThat(insert(99, HALF_OPEN)).isNotEqualTo(NONE);
    }

    @Test
    void establishedNeverGivesWayToAnything() {
        fillWithEstablished();
        int halfOpen = insert(500, HALF_OPEN);
        now += 10;

        assertThat(insert(501, ESTABLISHED)).isEqualTo(NONE);
        assertThat(insert(502, CLOSING)).isEqualTo(NONE);
        assertThat(table.transition(halfOpen, ESTABLISHED, now)).isFalse();
        assertThat(table.transition(halfOpen, CLOSING, now)).isFalse();

        assertThat(table.state(halfOpen)).isEqualTo(HALF_OPEN);
        assertThat(table.lastSeenMillis(halfOpen)).isEqualTo(now);
        assertThat(table.size(ESTABLISHED)).isEqualTo(ESTABLISHED_CAPACITY);
    }

    @Test
    void oldestClosingGivesWayToEstablished() {
        fillWithEstablished();
        List<Integer> evicted = new ArrayList<>();
        table.onEviction(slot -> {
            assertThat(table.state(slot)).isEqualTo(CLOSING);
            evicted.add(table.server(slot));
        });
        for (int client : new int[] {30, 10, 20}) {
            now += 1000;
            assertThat(table.transition(find(client), CLOSING, now)).isTrue();
        }
        int halfOpen = insert(500, HALF_OPEN);

        assertThat(table.transition(halfOpen, ESTABLISHED, now)).isTrue();
        assertThat(insert(501, ESTABLISHED)).isNotEqualTo(NONE);
        assertThat(insert(502, CLOSING)).isNotEqualTo(NONE);

        assertThat(evicted).containsExactly(30, 10, 20);
        assertThat(find(30)).isEqualTo(NONE);
        assertThat(table.evictions()).isEqualTo(3);
        assertThat(table.size()).isEqualTo(ESTABLISHED_CAPACITY);
    }

    @Test
    void transitionWithinARoomNeedsNoSpace() {
        fillWithEstablished();
        int slot = find(5);
        assertThat(table.transition(slot, CLOSING, now)).isTrue();
        assertThat(table.transition(slot, ESTABLISHED, now)).isTrue();
        assertThat(table.transition(slot, ESTABLISHED, now)).isTrue();
        assertThat(table.evictions()).isZero();
        assertThat(table.size(ESTABLISHED)).isEqualTo(ESTABLISHED_CAPACITY);
    }

    @Test
    void reopeningNeedsHalfOpenRoom() {
        int slot = insert(1, CLOSING);
        for (int client = 100; client < 100 + HALF_OPEN_CAPACITY; client++) {
            insert(client, HALF_OPEN);
        }
        assertThat(table.transition(slot, HALF_OPEN, now)).isFalse();
        assertThat(table.state(slot)).isEqualTo(CLOSING);
        table.remove(find(100));
        assertThat(table.transition(slot, HALF_OPEN, now)).isTrue();
        assertThat(table.state(slot)).isEqualTo(HALF_OPEN);
    }

    @Test
    void eachStateHasItsOwnTimeout() {
        insert(1, ESTABLISHED);
        insert(2, CLOSING);
        insert(3, HALF_OPEN);

        now += HALF_OPEN_TIMEOUT - 1;
        assertThat(expired(10)).isEmpty();
        now += 1;
        assertThat(expired(10)).containsExactly(3);
        now += CLOSING_TIMEOUT - HALF_OPEN_TIMEOUT;
        assertThat(expired(10)).containsExactly(2);
        now += ESTABLISHED_TIMEOUT - CLOSING_TIMEOUT;
        assertThat(expired(10)).containsExactly(1);
        assertThat(table.size()).isZero();
    }

    @Test
    void budgetBoundsExpiryAndTheMostOverdueGoFirst() {
        for (int client = 0; client < 5; client++) {
            insert(client, HALF_OPEN);
            insert(client + 100, CLOSING);
            now += 100;
        }
        now += CLOSING_TIMEOUT;
        assertThat(expired(0)).isEmpty();
        assertThat(expired(3)).containsExactly(0, 1, 2);
        assertThat(expired(4)).containsExactly(3, 4, 100, 101);
        assertThat(expired(10)).containsExactly(102, 103, 104);
    }

    @Test
    void usedConnectionIsNeverExpiredEarlyAndAtMostOne64thLate() {
        int used = insert(1, ESTABLISHED);
        insert(2, ESTABLISHED);
        int granularity = ESTABLISHED_TIMEOUT / 64;
        now += granularity - 1;
        table.touch(used, now); // too soon to change its place in front of 2
        int lastSeen = now;

        now = lastSeen + ESTABLISHED_TIMEOUT - 1;
        assertThat(expired(10)).isEmpty();
        now = lastSeen + ESTABLISHED_TIMEOUT;
        assertThat(expired(10)).containsExactly(1, 2);
    }

    @Test
    void keepAliveConnectionLivesForHours() {
        int slot = insert(1, ESTABLISHED);
        for (int i = 0; i < 100; i++) {
            now += ESTABLISHED_TIMEOUT - 1;
            assertThat(expired(10)).isEmpty();
            table.touch(slot, now);
        }
        now += ESTABLISHED_TIMEOUT;
        assertThat(expired(10)).containsExactly(1);
    }

    @Test
    void millisecondsMayWrap() {
        now = Integer.MAX_VALUE - 5;
        int slot = insert(1, ESTABLISHED);
        insert(2, HALF_OPEN);
        now += 10;
        assertThat(now).isNegative();
        insert(3, HALF_OPEN);
        table.touch(slot, now);
        assertThat(expired(10)).isEmpty();

        now += HALF_OPEN_TIMEOUT - 10;
        assertThat(expired(10)).containsExactly(2);
        now += 10;
        assertThat(expired(10)).containsExactly(3);
        now += ESTABLISHED_TIMEOUT - HALF_OPEN_TIMEOUT - 1;
        assertThat(expired(10)).isEmpty();
        now += 1;
        assertThat(expired(10)).containsExactly(1);
    }

    @Test
    void walkInSlicesSeesWhatStaysOnceWhateverHappensBetween() {
        for (int client = 0; client < 60; client++) {
            insert(client, ESTABLISHED);
        }
        BitSet seen = new BitSet();
        int slot = NONE;
        for (int slice = 0; slice < 12; slice++) {
            for (int i = 0; i < 10; i++) {
                slot = table.nextSlot(slot);
                if (slot == NONE) {
                    break;
                }
                int client = table.server(slot);
                assertThat(seen.get(client)).isFalse();
                seen.set(client);
            }
            if (slot == NONE) {
                break;
            }
            // Clients 40..59 leave from the top, others come, and those that stay move about in their lists.
            table.remove(find(59 - slice));
            insert(100 + slice, ESTABLISHED);
            table.transition(find(slice), CLOSING, now);
            now += 1000;
            table.touch(find(20 + slice), now);
        }
        assertThat(slot).isEqualTo(NONE);
        assertThat(seen.nextClearBit(0)).isGreaterThanOrEqualTo(40);
    }

    @Test
    void walkGoesOnFromASlotThatWasRemoved() {
        for (int client = 0; client < 5; client++) {
            insert(client, ESTABLISHED);
        }
        int slot = table.nextSlot(table.nextSlot(NONE));
        table.remove(slot);
        assertThat(table.nextSlot(slot)).isEqualTo(slot + 1);
        assertThat(table.nextSlot(Integer.MAX_VALUE - 1)).isEqualTo(NONE);
    }

    @Test
    void emptyTableHasNothing() {
        assertThat(find(1)).isEqualTo(NONE);
        assertThat(table.nextSlot(NONE)).isEqualTo(NONE);
        assertThat(table.expire(Integer.MAX_VALUE, 10, ALWAYS)).isZero();
        assertThat(table.size()).isZero();
    }

    @Test
    void tableWithoutHalfOpenRoomServesSynsWithoutState() {
        table = table(1, 0);
        assertThat(insert(1, HALF_OPEN)).isEqualTo(NONE);
        assertThat(insert(1, ESTABLISHED)).isNotEqualTo(NONE);
        assertThat(table.establishedCapacity()).isEqualTo(1);
        assertThat(table.halfOpenCapacity()).isZero();
    }

    @Test
    void tenMillionAssociationsFitInOneGibibyte() {
        try (Arena large = Arena.ofConfined()) {
            OwnedConnections tenMillion =
                    new OwnedConnections(large, 9_000_000, 1_000_000, 10_000, 3_600_000, 30_000, 1, 2);
            assertThat(tenMillion.memoryBytes()).isBetween(640_000_000L, (1L << 30) - 1);
            assertThat(tenMillion.insert(1, Clients.tuple(1), 1, HALF_OPEN, 0, 0))
                    .isNotEqualTo(NONE);
        }
    }

    @Test
    void refusesFiguresOutOfRange() {
        assertThatThrownBy(() -> table(0, 10)).hasMessageContaining("0 established and 10 half-open");
        assertThatThrownBy(() -> table(1, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> table(1 << 30, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> table(Integer.MAX_VALUE, Integer.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new OwnedConnections(arena, 1, 1, 0, 1, 1, 0, 0))
                .hasMessageContaining("timeout is 0 ms");
        assertThatThrownBy(() -> new OwnedConnections(arena, 1, 1, 1, (1 << 30) + 1, 1, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
