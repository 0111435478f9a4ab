package org.ilbd.core.engine;

/** How an ILB comes to know associations that it neither owns nor backs up. */
public enum CacheFill {
    /** Every association is broadcast to all ILBs. */
    BROADCAST("broadcast"),
    /** The owner tells an ILB that forwards a packet to it. */
    ON_DEMAND("on-demand"),
    /** There is no cache: every packet that arrives at a stranger goes through the owner. */
    OFF("off");

    private final String text;

    CacheFill(String text) {
        this.text = text;
    }

    /** The name in the configuration and in metrics. */
    public String text() {
        return text;
    }
}
