package org.ilbd.core.engine;

/** How a packet gets from an ILB to a server. */
public enum Forwarding {
    /** The packet, unchanged, in a frame to the server's MAC address; the server holds the VIP and answers by itself. */
    DIRECT("direct"),
    /** Destination address and port are rewritten; the server's answers come back through an ILB. */
    NAT("nat");

    private final String text;

    Forwarding(String text) {
        this.text = text;
    }

    /** The name in the configuration and in metrics. */
    public String text() {
        return text;
    }
}
