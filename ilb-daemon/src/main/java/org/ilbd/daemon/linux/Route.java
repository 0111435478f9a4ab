package org.ilbd.daemon.linux;

/**
 * How the kernel would send a packet to an address.
 *
 * @param interfaceIndex where it would leave
 * @param onLink true if straight to the address, with no gateway between
 * @param local true if the address is one of this host's own
 */
public record Route(int interfaceIndex, boolean onLink, boolean local) {}
