package org.ilbd.daemon.config;

import java.time.Duration;
import java.util.Optional;
import org.ilbd.core.packet.IpAddress;

/**
 * How the servers of one service are checked.
 *
 * @param interval from the start of one check of a server to the start of the next
 * @param fastInterval the same while the latest check speaks against the server's state; at most {@code interval}
 * @param timeout after which a check has failed; at most {@code interval}
 * @param rise checks in a row that must pass until a server that was down is up; at least 1
 * @param fall checks in a row that must fail until a server that was up is down; at least 1
 * @param source that checks are sent from; the system's choice without it
 * @param port that is checked; the server's own without it
 */
public record HealthSettings(
        HealthProbe probe,
        Duration interval,
        Duration fastInterval,
        Duration timeout,
        int rise,
        int fall,
        Optional<IpAddress> source,
        Optional<Integer> port) {}
