package org.ilbd.daemon.linux;

/** Hears of the kernel's neighbour table. */
@FunctionalInterface
public interface NeighbourListener {
    /**
     * An entry is there, has changed, or is gone.
     *
     * @param interfaceIndex the interface that the neighbour is on
     * @param mac its Ethernet address in the low 48 bits; {@link NetworkDevice#NO_MAC} while it is not known, or no longer valid
     */
    void onNeighbour(int interfaceIndex, boolean ipv6, long high, long low, long mac);
}
