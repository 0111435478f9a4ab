package org.ilbd.daemon.host;

/** What a host looks like, to compare it before and after. */
public final class HostSnapshot {
    /** Prints all that ilbd may change in a network namespace, except the settings of a TUN device that is not there. */
    public static final String SCRIPT = """
            ip -4 route show table all; ip -6 route show table all; ip -4 rule; ip -6 rule
            ip -o address show dev lo; cat /proc/sys/net/ipv4/tcp_early_demux
            ip -o link show | sed 's/ state .*//'
            grep -r . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf 2>/dev/null |
                grep -v -e stable_secret -e /ilb0/ | sort
            """;

    private HostSnapshot() {}
}
