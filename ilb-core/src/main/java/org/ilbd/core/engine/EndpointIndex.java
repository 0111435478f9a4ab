package org.ilbd.core.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.ilbd.core.packet.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * A map from endpoints to {@code T}, looked up by an address and a port as they stand in a packet: open addressing, at half
 * load at most, nothing allocated by a look-up. Entries are never removed.
 */
final class EndpointIndex<T> {
    private List<@Nullable T> values = new ArrayList<>();
    private Endpoint[] keys = new Endpoint[0];
    private int mask = -1;
    private int size;

    /** Puts a value under a key that is not in the index yet. */
    void put(Endpoint key, T value) {
        if (2 * (size + 1) > values.size()) {
            grow();
        }
        insert(key, value);
        size++;
    }

    @Nullable
    T find(Endpoint key) {
        return find(key.address().ipv6(), key.address().high(), key.address().low(), key.port());
    }

    @Nullable
    T find(boolean ipv6, long high, long low, int port) {
        if (size == 0) {
            return null;
        }
        int slot = (int) hash(ipv6, high, low, port) & mask;
        while (true) {
            T value = values.get(slot);
            if (value == null) {
                return null;
            }
            Endpoint key = keys[slot];
            if (key.port() == port
                    && key.address().low() == low
                    && key.address().high() == high
                    && key.address().ipv6() == ipv6) {
                return value;
            }
            slot = (slot + 1) & mask;
        }
    }

    /** A 64-bit hash of an endpoint, the same in every ILB. */
    static long hash(Endpoint endpoint) {
        return hash(
                endpoint.address().ipv6(),
                endpoint.address().high(),
                endpoint.address().low(),
                endpoint.port());
    }

    private static long hash(boolean ipv6, long high, long low, int port) {
        return mix(mix(high ^ ((long) port << 1 | (ipv6 ? 1 : 0))) ^ low);
    }

    /** MurmurHash3's 64-bit finaliser. */
    static long mix(long value) {
        long mixed = value + 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }

    private void insert(Endpoint key, T value) {
        int slot = (int) hash(key) & mask;
        while (values.get(slot) != null) {
            slot = (slot + 1) & mask;
        }
        values.set(slot, value);
        keys[slot] = key;
    }

    private void grow() {
        List<@Nullable T> oldValues = values;
        Endpoint[] oldKeys = keys;
        int capacity = Math.max(8, oldValues.size() * 2);
        values = new ArrayList<@Nullable T>(Collections.<@Nullable T>nCopies(capacity, null));
        keys = new Endpoint[capacity];
        mask = capacity - 1;
        for (int i = 0; i < oldKeys.length; i++) {
            T value = oldValues.get(i);
            if (value != null) {
                insert(oldKeys[i], value);
            }
        }
    }
}
