package org.ilbd.core.engine;

/** What becomes of a packet, not a SYN, whose association no ILB holds. */
public enum Orphan {
    /** Select by the Maglev table: the right server whenever the server set has not changed. */
    HASH("hash"),
    /** Answer with a RST. */
    RESET("reset"),
    /** Drop and count. */
    DROP("drop");

    private final String text;

    Orphan(String text) {
        this.text = text;
    }

    /** The name in the configuration and in metrics. */
    public String text() {
        return text;
    }
}
