package org.ilbd.daemon.config;

/**
 * Where packets come in and go out.
 *
 * @param interfaceName the network interface towards the servers, such as {@code eth0}
 * @param tun the name of the TUN device that ilbd makes, such as {@code ilb0}
 */
public record DatapathSettings(String interfaceName, String tun) {}
