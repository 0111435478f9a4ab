package org.ilbd.core.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.Test;

/** Random operations on the table and on a plain model of it, which must agree after each. */
class OwnedConnectionsPropertyTest {

    private static final int ROUNDS = 12;
    private static final int OPERATIONS = 120_000;
    private static final ConnectionState[] STATES = ConnectionState.values();

    private static final class Entry {
        int client;
        int slot;
        int server;
        ConnectionState state = ConnectionState.HALF_OPEN;
        int lastSeen;
    }

    private final RandomGenerator random = Seed.random("OwnedConnectionsPropertyTest");
    private final Map<Integer, Entry> model = new HashMap<>();
    private final FourTuple tuple = new FourTuple();
    private final int[] timeouts = new int[STATES.length];
    private final int[] counts = new int[STATES.length];
    private int establishedCapacity;
    private int halfOpenCapacity;
    private int clientCapacity;
    private long evicted;
    private int now;

    @Test
    void tableAgreesWithModel() {
        for (int round = 0; round < ROUNDS; round++) {
            model.clear();
            Arrays.fill(counts, 0);
            evicted = 0;
            establishedCapacity = 1 + random.nextInt(round % 2 == 0 ? 300 : 6);
            halfOpenCapacity = random.nextInt(round % 3 == 0 ? 100 : 4);
            clientCapacity = random.nextInt(round % 4 == 0 ? 200 : 5);
            for (int i = 0; i < timeouts.length; i++) {
                timeouts[i] = 1 + random.nextInt(1 << (4 + random.nextInt(13)));
            }
            timeouts[3] = timeouts[0];
            // Half of the rounds pass the point where milliseconds wrap.
            now = random.nextBoolean() ? Integer.MAX_VALUE - random.nextInt(50_000) : random.nextInt();
            try (Arena arena = Arena.ofConfined()) {
                OwnedConnections table = new OwnedConnections(
                        arena,
                        establishedCapacity,
                        halfOpenCapacity,
                        clientCapacity,
                        timeouts[0],
                        timeouts[1],
                        timeouts[2],
                        random.nextLong(),
                        random.nextLong());
                table.setClientTimeoutMillis(timeouts[4]);
                run(table);
            }
        }
    }

    private static final int FETCHED = 16;

    private final int[] fetched = new int[FETCHED];
    private final int[] tags = new int[FETCHED];
    private final int[] candidates = new int[FETCHED];

    private void run(OwnedConnections table) {
        table.onEviction(slot -> evict(table, slot));
        int clients = 2 * (establishedCapacity + halfOpenCapacity + clientCapacity) + 3;
        for (int i = 0; i < OPERATIONS; i++) {
            if (random.nextInt(4) == 0) {
                now += random.nextInt(random.nextInt(100) == 0 ? 2000 : 5);
            }
            int client = random.nextInt(clients);
            Entry entry = model.get(client);
            Clients.fill(tuple, client);
            int slot = table.find(service(client), tuple);
            if (slot != (entry == null ? OwnedConnections.NONE : entry.slot)) {
                throw new AssertionError("client " + client + " is in slot " + slot + " after " + i + " operations");
            }
            checkFetched(table, clients, i);
            Clients.fill(tuple, client);
            if (entry == null) {
                insert(table, client);
            } else {
                checkEntry(table, entry);
                change(table, entry);
            }
            if (random.nextInt(50) == 0) {
                expire(table, random.nextInt(20));
            }
            if (i % 5000 == 0) {
                table.checkConsistency();
                checkWalk(table);
            }
        }
        table.checkConsistency();
        checkWalk(table);
        assertThat(table.evictions()).isEqualTo(evicted);
    }

    /** What was fetched some operations ago leads to what is there now. */
    private void checkFetched(OwnedConnections table, int clients, int operation) {
        if (operation % 20 == 0) {
            for (int i = 0; i < FETCHED; i++) {
                fetched[i] = random.nextInt(clients);
                Clients.fill(tuple, fetched[i]);
                tags[i] = table.tag(service(fetched[i]), tuple);
            }
            table.fetch(tags, candidates, FETCHED);
        }
        int i = random.nextInt(FETCHED);
        Entry entry = model.get(fetched[i]);
        int slot = table.find(service(fetched[i]), Clients.fill(tuple, fetched[i]), tags[i], candidates[i]);
        if (slot != (entry == null ? OwnedConnections.NONE : entry.slot)) {
            throw new AssertionError("fetched client " + fetched[i] + " is in slot " + slot + " after " + operation);
        }
    }

    private void insert(OwnedConnections table, int client) {
        ConnectionState state = STATES[random.nextInt(STATES.length)];
        boolean room = mayEnter(state);
        int server = random.nextInt();
        int slot = table.insert(service(client), tuple, server, state, client, now);
        assertThat(slot != OwnedConnections.NONE).isEqualTo(room);
        if (room) {
            Entry entry = new Entry();
            entry.client = client;
            entry.slot = slot;
            entry.server = server;
            entry.state = state;
            entry.lastSeen = now;
            model.put(client, entry);
            counts[state.ordinal()]++;
        }
    }

    private void change(OwnedConnections table, Entry entry) {
        switch (random.nextInt(8)) {
            case 0 -> {
                table.remove(entry.slot);
                forget(entry);
            }
            case 1, 2 -> {
                ConnectionState to = STATES[random.nextInt(STATES.length)];
                while (to.isClient() != entry.state.isClient()) {
                    to = STATES[random.nextInt(STATES.length)];
                }
                boolean sameRoom = (to == ConnectionState.HALF_OPEN) == (entry.state == ConnectionState.HALF_OPEN);
                boolean room = sameRoom || mayEnter(to);
                assertThat(table.transition(entry.slot, to, now)).isEqualTo(room);
                entry.lastSeen = now;
                if (room) {
                    counts[entry.state.ordinal()]--;
                    counts[to.ordinal()]++;
                    entry.state = to;
                }
            }
            case 3 -> {
                entry.server = random.nextInt();
                table.setServer(entry.slot, entry.server);
            }
            default -> {
                table.touch(entry.slot, now);
                entry.lastSeen = now;
            }
        }
    }

    private boolean mayEnter(ConnectionState state) {
        if (state == ConnectionState.HALF_OPEN) {
            return counts[0] < halfOpenCapacity;
        }
        if (state.isClient()) {
            return clientCapacity > 0;
        }
        return counts[1] + counts[2] < establishedCapacity || counts[2] > 0;
    }

    private void evict(OwnedConnections table, int slot) {
        Entry victim = entryAt(table, slot);
        if (victim.state.isClient()) {
            assertThat(counts[3] + counts[4]).isEqualTo(clientCapacity);
            assertThat(victim.state)
                    .isEqualTo(counts[3] > 0 ? ConnectionState.CLIENT_HALF_OPEN : ConnectionState.CLIENT);
        } else {
            assertThat(victim.state).isEqualTo(ConnectionState.CLOSING);
            assertThat(counts[1] + counts[2]).isEqualTo(establishedCapacity);
        }
        for (Entry other : model.values()) {
            if (other.state == victim.state) {
                assertThat(victim.lastSeen - other.lastSeen).isLessThanOrEqualTo(imprecision(victim));
            }
        }
        evicted++;
        forget(victim);
    }

    private void expire(OwnedConnections table, int budget) {
        int before = model.size();
        int removed = table.expire(now, budget, slot -> {
            Entry entry = entryAt(table, slot);
            assertThat(now - entry.lastSeen).isGreaterThanOrEqualTo(timeout(entry));
            forget(entry);
            return true;
        });
        assertThat(removed).isEqualTo(before - model.size()).isLessThanOrEqualTo(budget);
        if (removed < budget) {
            for (Entry entry : model.values()) {
                assertThat(now - entry.lastSeen).isLessThanOrEqualTo(timeout(entry) + imprecision(entry));
            }
        }
    }

    /** A part of the timeout; a second where the timeout may change. */
    private int imprecision(Entry entry) {
        return entry.state == ConnectionState.CLIENT ? 1_000 : timeout(entry) / 64;
    }

    private void checkWalk(OwnedConnections table) {
        int seen = 0;
        for (int slot = table.nextSlot(-1); slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
            checkEntry(table, entryAt(table, slot));
            seen++;
        }
        assertThat(seen).isEqualTo(model.size()).isEqualTo(table.size());
        for (ConnectionState state : STATES) {
            assertThat(table.size(state)).isEqualTo(counts[state.ordinal()]);
        }
    }

    private static void checkEntry(OwnedConnections table, Entry entry) {
        int slot = entry.slot;
        if (table.server(slot) != entry.server
                || table.state(slot) != entry.state
                || table.lastSeenMillis(slot) != entry.lastSeen
                || table.createdMillis(slot) != entry.client
                || table.service(slot) != service(entry.client)) {
            throw new AssertionError("slot " + slot + " is not as client " + entry.client + " left it");
        }
    }

    private Entry entryAt(OwnedConnections table, int slot) {
        Entry entry = Objects.requireNonNull(model.get(table.createdMillis(slot)));
        assertThat(entry.slot).isEqualTo(slot);
        return entry;
    }

    private void forget(Entry entry) {
        counts[entry.state.ordinal()]--;
        model.remove(entry.client);
    }

    private int timeout(Entry entry) {
        return timeouts[entry.state.ordinal()];
    }

    private static int service(int client) {
        return client * 0x9e37 & 0xffff;
    }
}
