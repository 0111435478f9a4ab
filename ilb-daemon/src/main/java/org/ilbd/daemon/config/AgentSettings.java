package org.ilbd.daemon.config;

import java.time.Duration;

/**
 * How the agents on the servers of one service are asked.
 *
 * @param port that they listen on
 * @param interval from the start of one question to the start of the next
 * @param timeout after which an answer does not count; at most {@code interval}
 * @param send what is sent to the agent, as it is; may be empty
 */
public record AgentSettings(int port, Duration interval, Duration timeout, String send) {}
