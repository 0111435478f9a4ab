package org.ilbd.core.engine;

/** What the engine counts, apart from services, servers and drops. All only grow. */
public enum Counter {
    NEW_CONNECTIONS("associations made for a SYN by this ILB as their owner"),
    STATELESS_SYNS("SYNs served by the Maglev table because the half-open room was full"),
    SERVED_OWNED("packets delivered by an association that this ILB owns or backs up"),
    SERVED_CACHED("packets delivered by a cached association"),
    CACHE_MISSES("packets whose association was found neither in the table nor in the cache"),
    FORWARDED("packets forwarded to another ILB"),
    FORWARDED_SYNS("SYNs sent to the server through the backup"),
    RECEIVED_FORWARDED("packets that another ILB forwarded to this one"),
    ORPHANS("packets, not SYNs, whose association no ILB knew"),
    RESETS_SENT("RSTs sent to clients: orphan, on-down or all-down = reset, and the end of a drain"),
    SILENT_SERVERS("times that a server was held down because clients got no answer from it"),
    SELECTION_REQUESTS("SYNs for which this ILB, as the owner, asked the service's master for a server"),
    SELECTION_ANSWERS("answers of masters that came in time"),
    SELECTION_TIMEOUTS("SYNs for which this ILB selected itself, because the master was silent"),
    SELECTION_LATE_ANSWERS("answers of masters to what this ILB did not ask, or no more"),
    SELECTIONS_WITHOUT_ROOM(
            "SYNs for which this ILB selected itself, because too many waited for a master or it was too long to wait"),
    SELECTIONS_AS_MASTER("requests of owners that this ILB answered as their master"),
    OWNED_BY_BACKUP("new connections that this ILB, overloaded, left to their backup to own, as the master said"),
    ECHO_REPLIES("ICMP echo requests to a VIP that were answered"),
    PEER_MESSAGES("messages of other ILBs that were authentic and new"),
    ASSOCIATIONS_SENT("association records sent to other ILBs"),
    ASSOCIATIONS_RECEIVED("association records received from other ILBs"),
    ASSOCIATIONS_TRANSFERRED("association records put on transfer streams, for a change of the view or a newcomer"),
    ASSOCIATION_CONFLICTS("records that named another server than this ILB's own association"),
    BROADCAST_GAPS("gaps in a peer's broadcasts: what was cached from it was voided"),
    VIEW_CHANGES("changes of the view"),
    EXPIRED("associations that reached their timeout"),
    TABLE_FULL("associations of others that found no room");

    private final String description;

    Counter(String description) {
        this.description = description;
    }

    /** What it counts, for an operator. */
    public String description() {
        return description;
    }
}
