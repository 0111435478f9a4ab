package org.ilbd.core.engine;

/** Why a packet or a datagram went no further. Each is a counter. */
public enum DropReason {
    NOT_IP("neither IPv4 nor IPv6"),
    TRUNCATED("shorter than its headers say"),
    BAD_HEADER_LENGTH("a header length out of range"),
    BAD_TOTAL_LENGTH("a total length that the packet does not have"),
    BAD_CHECKSUM("wrong IP header checksum"),
    UNSUPPORTED_EXTENSION("an IPv6 extension header chain that is too long, or a source route"),
    FRAGMENT("an IP fragment: the port is not in each of them"),
    NOT_TCP("neither TCP nor ICMP"),
    ICMP_OTHER("an ICMP message that concerns no connection"),
    NO_PORT("from port 0, which no connection has"),
    NO_SERVICE("not for a VIP and port that are configured"),
    NO_SERVER("no server is available for a new connection"),
    SERVERS_FULL(
            "a SYN for a service of which all servers have as many connections as they may; the client sends it again"),
    SERVER_DOWN("a SYN that its owner sent through this ILB, whose checks find the server down"),
    NO_OWNER("this ILB is not ACTIVE, and could ask no other that is"),
    VIEWS_DIFFER("a SYN whose ILBs see different views, or one of them has just been away; the client sends it again"),
    ASSOCIATIONS_DIFFER("a SYN while two ILBs that hold it know different servers; the client sends it again"),
    SELECTION_PENDING("a SYN that came again while it waits for a master's selection, or has waited for too long"),
    ORPHAN("no ILB knows the connection, and the service drops such packets"),
    NO_NEIGHBOUR("the server's MAC address is not known yet"),
    SEND_SERVER("the kernel did not take a packet to a server"),
    SEND_CLIENT("the kernel did not take a packet to a client"),
    SEND_PEER("the kernel did not take a datagram to another ILB"),
    PEER_MALFORMED("a datagram that is no ILB message"),
    PEER_UNKNOWN_KEY("a message signed with a key that this ILB does not have"),
    PEER_BAD_MAC("a message with a wrong authentication code"),
    PEER_STALE("a message from an earlier incarnation"),
    PEER_REPLAY("a message that was already received"),
    PEER_STRANGER("a message from an ILB that is not a member");

    private final String description;

    DropReason(String description) {
        this.description = description;
    }

    /** What it means, for an operator. */
    public String description() {
        return description;
    }
}
