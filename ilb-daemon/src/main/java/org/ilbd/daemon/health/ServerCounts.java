package org.ilbd.daemon.health;

import java.util.concurrent.atomic.AtomicLongArray;
import org.ilbd.core.packet.Endpoint;

/** What was counted of one server of one service since it is watched. Written by one thread, read by any. */
public final class ServerCounts {
    private final String service;
    private final Endpoint server;
    private final AtomicLongArray checks = new AtomicLongArray(CheckResult.values().length);
    private final AtomicLongArray replies = new AtomicLongArray(AgentResult.values().length);
    private volatile boolean hasAgent;

    public ServerCounts(String service, Endpoint server) {
        this.service = service;
        this.server = server;
    }

    public String service() {
        return service;
    }

    public Endpoint server() {
        return server;
    }

    /** Whether an agent on the server is asked. */
    public boolean hasAgent() {
        return hasAgent;
    }

    public void setAgent(boolean has) {
        hasAgent = has;
    }

    public void count(CheckResult result) {
        checks.incrementAndGet(result.ordinal());
    }

    public void count(AgentResult result) {
        replies.incrementAndGet(result.ordinal());
    }

    /** Checks that ended so. */
    public long checks(CheckResult result) {
        return checks.get(result.ordinal());
    }

    /** Questions to the agent that ended so. */
    public long agentReplies(AgentResult result) {
        return replies.get(result.ordinal());
    }
}
