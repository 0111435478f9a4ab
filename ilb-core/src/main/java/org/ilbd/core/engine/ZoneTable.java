package org.ilbd.core.engine;

import java.util.Arrays;
import java.util.List;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.IpPrefix;

/** Which zone a client is in: the longest prefix that it is in decides. A binary trie, 12 bytes for each bit of a prefix at most. */
final class ZoneTable {
    private static final int IPV4_ROOT = 0;
    private static final int IPV6_ROOT = 1;

    /** The two children of node n are at 2n and 2n + 1; a root is nobody's child, so 0 stands for none. */
    private int[] children = new int[8];

    private int[] zones = new int[4];
    private int nodes = 2;

    ZoneTable(List<Zones.Client> clients) {
        for (Zones.Client client : clients) {
            IpAddress address = client.prefix().address();
            int node = address.ipv6() ? IPV6_ROOT : IPV4_ROOT;
            for (int bit = 0; bit < client.prefix().length(); bit++) {
                node = childOf(node, IpPrefix.bit(address.ipv6(), address.high(), address.low(), bit));
            }
            zones[node] = client.zone();
        }
    }

    private int childOf(int node, int bit) {
        int child = children[2 * node + bit];
        if (child == 0) {
            if (nodes == zones.length) {
                zones = Arrays.copyOf(zones, 2 * nodes);
                children = Arrays.copyOf(children, 4 * nodes);
            }
            child = nodes++;
            children[2 * node + bit] = child;
        }
        return child;
    }

    /** The zone of an address, or {@link Zones#NOWHERE}. Packet path. */
    int zoneOf(boolean ipv6, long high, long low) {
        int node = ipv6 ? IPV6_ROOT : IPV4_ROOT;
        int zone = zones[node];
        int bits = ipv6 ? 128 : 32;
        for (int bit = 0; bit < bits; bit++) {
            node = children[2 * node + IpPrefix.bit(ipv6, high, low, bit)];
            if (node == 0) {
                break;
            }
            zone = zones[node] == Zones.NOWHERE ? zone : zones[node];
        }
        return zone;
    }
}
