package org.ilbd.daemon.config;

import java.time.Duration;

/**
 * Where packets come in and go out.
 *
 * @param interfaceName the network interface towards the servers, such as {@code eth0}
 * @param tun the name of the TUN device that ilbd makes, such as {@code ilb0}
 * @param busyPoll how long the engine looks again for packets before it waits to be woken; 0 to 1 ms
 */
public record DatapathSettings(String interfaceName, String tun, Duration busyPoll) {}
