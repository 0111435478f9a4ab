package org.ilbd.daemon.host;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One route or rule of ilbd's. All carry protocol {@value #PROTOCOL}, so that an operator sees whose they are:
 * {@code ip route show table all proto 74}, {@code ip rule show}.
 *
 * @param selector as the command {@code ip} takes it after add and del
 */
record RoutingEntry(boolean ipv6, Kind kind, String selector) {
    /** A free number of the routing protocols (linux/rtnetlink.h); also that of the table for returning packets. */
    static final int PROTOCOL = 74;

    /** Worse than every metric that a person or a routing daemon uses. */
    private static final String LAST_METRIC = "4278198272";
    /** Before the main table (32766), after the local one (0). */
    private static final int RULE_PRIORITY = 7400;

    /** What may stand in a selector: the state file is not to bring anything else to the command. */
    private static final Pattern SELECTOR =
            Pattern.compile("[A-Za-z0-9.:/_ -]+ proto(col)? " + PROTOCOL + "|[0-9a-f.:]+/[0-9]+ dev lo( nodad)?");

    /** Of the routes of VIPs that have a server on this host. */
    private static final int VIP_TABLE = 75;

    /** On packets that come from another ILB, for a server on this host. */
    static final int MARK = 74;

    /** How an entry behaves when it is there already. */
    enum Kind {
        /** Leads into the TUN device, and goes with it. Must not be there before. */
        ROUTE("route", "add"),
        /** Stays when the process dies. Replaces what it left. */
        BLACKHOLE("route", "replace"),
        /** Stays when the process dies. Cannot be replaced, but if it is there already, it is there. */
        RULE("rule", "add"),
        /** A rule that comes before the local table, see {@link Routing}. */
        FIRST_RULE("rule", "add"),
        /** Stays when the process dies: so does the server that needs it. */
        ADDRESS("address", "replace");

        private final String object;
        private final String verb;

        Kind(final String object, final String verb) {
            this.object = object;
            this.verb = verb;
        }
    }

    /** Brings the packets for a VIP. */
    static RoutingEntry vip(final boolean ipv6, final String address, final String tun) {
        return new RoutingEntry(ipv6, Kind.ROUTE, address + " dev " + tun + " proto " + PROTOCOL);
    }

    /** Keeps the host silent for a VIP when the TUN device has gone. */
    static RoutingEntry vipSilence(final boolean ipv6, final String address) {
        return new RoutingEntry(
                ipv6, Kind.BLACKHOLE, "blackhole " + address + " metric " + LAST_METRIC + " proto " + PROTOCOL);
    }

    /**
     * Picks the packets that a nat server sends from a service's port. The source address is part of it, so that the packet
     * does not match again when its source has become the VIP.
     */
    static RoutingEntry returnRule(final boolean ipv6, final String server, final int port) {
        return new RoutingEntry(
                ipv6,
                Kind.RULE,
                "pref " + RULE_PRIORITY + " from " + server + " ipproto tcp sport " + port + " lookup " + PROTOCOL
                        + " protocol " + PROTOCOL);
    }

    /** Brings the packets that {@link #returnRule} picks. */
    static RoutingEntry returnRoute(final boolean ipv6, final String tun) {
        return new RoutingEntry(ipv6, Kind.ROUTE, "default dev " + tun + " table " + PROTOCOL + " proto " + PROTOCOL);
    }

    /** Without it, answers with the server's own address would reach clients, who would reset the connections. */
    static RoutingEntry returnSilence(final boolean ipv6) {
        return new RoutingEntry(
                ipv6,
                Kind.BLACKHOLE,
                "blackhole default table " + PROTOCOL + " metric " + LAST_METRIC + " proto " + PROTOCOL);
    }

    /** Brings the packets for a VIP that is an address of this host, since the local table would take them otherwise. */
    static RoutingEntry localVip(final boolean ipv6, final String address, final String tun) {
        return new RoutingEntry(
                ipv6, Kind.ROUTE, address + " dev " + tun + " table " + VIP_TABLE + " proto " + PROTOCOL);
    }

    /** As {@link #vipSilence}, for {@link #localVip}. */
    static RoutingEntry localVipSilence(final boolean ipv6, final String address) {
        return new RoutingEntry(
                ipv6,
                Kind.BLACKHOLE,
                "blackhole " + address + " table " + VIP_TABLE + " metric " + LAST_METRIC + " proto " + PROTOCOL);
    }

    /** Takes packets for a VIP past the local table. */
    static RoutingEntry localVipRule(final boolean ipv6, final String address) {
        return firstRule(ipv6, "to " + address + " lookup " + VIP_TABLE);
    }

    /** Takes to this host's sockets what ilbd writes into the TUN device. */
    static RoutingEntry fromTunRule(final boolean ipv6, final String tun) {
        return firstRule(ipv6, "iif " + tun + " lookup local");
    }

    /** Takes to this host's sockets what other ILBs have sent for its server. */
    static RoutingEntry fromIlbRule(final boolean ipv6) {
        return firstRule(ipv6, "fwmark " + MARK + " lookup local");
    }

    private static RoutingEntry firstRule(final boolean ipv6, final String rule) {
        return new RoutingEntry(ipv6, Kind.FIRST_RULE, "pref 0 " + rule + " protocol " + PROTOCOL);
    }

    /** What a server's socket listens on and answers from. */
    static RoutingEntry vipAddress(final boolean ipv6, final String address) {
        return new RoutingEntry(ipv6, Kind.ADDRESS, address + " dev lo" + (ipv6 ? " nodad" : ""));
    }

    String add() {
        return kind.object + " " + kind.verb + " " + selector;
    }

    String remove() {
        return kind.object + " del " + selector;
    }

    /** The form in which the state file keeps it; {@link #parse} reads it. */
    @Override
    public String toString() {
        return (ipv6 ? "6" : "4") + " " + kind + " " + selector;
    }

    /** Empty if it is not what {@link #toString} writes. */
    static Optional<RoutingEntry> parse(final String text) {
        final String[] parts = text.split(" ", 3);
        if (parts.length != 3 || !SELECTOR.matcher(parts[2]).matches()) {
            return Optional.empty();
        }
        for (final Kind kind : Kind.values()) {
            if (kind.name().equals(parts[1])) {
                return Optional.of(new RoutingEntry(parts[0].equals("6"), kind, parts[2]));
            }
        }
        return Optional.empty();
    }
}
