package org.ilbd.core.engine;

/** In which way another ILB told this one of an association, and so how far it is to be believed. */
enum ToldBy {
    /** A datagram to whom it may concern: this ILB holds the association if it is the owner or the backup. */
    ANNOUNCEMENT,
    /** The owner sends the SYN through this ILB, which it has chosen as the backup, whatever this ILB thinks itself. */
    SYN,
    /**
     * A transfer stream: who sends it has seen a view in which this ILB is to hold the association, be it that this ILB has
     * yet to see it, and sends all its changes in their order.
     */
    TRANSFER
}
