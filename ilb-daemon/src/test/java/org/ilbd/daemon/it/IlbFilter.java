package org.ilbd.daemon.it;

/** Loses packets between ILBs, on the host that they come in at: datagrams and those of transfer streams, which have the same port. */
final class IlbFilter {
    private final Lab lab;
    private final String host;

    private IlbFilter(Lab lab, String host) {
        this.lab = lab;
        this.host = host;
    }

    /** Drops 2 % of all packets. */
    static IlbFilter dropSome(Lab lab, String host) {
        return install(lab, host, """
                udp dport 7440 numgen random mod 100 < 2 counter drop
                tcp dport 7440 numgen random mod 100 < 2 counter drop
                tcp sport 7440 numgen random mod 100 < 2 counter drop
                """);
    }

    /** Drops all of what is sent on transfer streams to this host, but for the first bytes. */
    static IlbFilter stallTransfers(Lab lab, String host, int bytes) {
        return install(lab, host, "tcp dport 7440 quota over " + bytes + " bytes counter drop");
    }

    private static IlbFilter install(Lab lab, String host, String rules) {
        lab.run(host, "nft", """
                table inet chaos {
                    chain from-ilbs {
                        type filter hook input priority 0
                        %s
                    }
                }
                """.formatted(rules));
        return new IlbFilter(lab, host);
    }

    /** How many packets it has dropped. */
    long dropped() {
        return lab.run(host, "nft", "list", "table", "inet", "chaos")
                .lines()
                .filter(line -> line.contains("counter packets"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*counter packets (\\d+) .*", "$1")))
                .sum();
    }

    /** Takes it away. */
    void remove() {
        lab.run(host, "nft", "delete", "table", "inet", "chaos");
    }
}
