package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;

/**
 * A service of a {@link Lab} whose only server is nobody: packets to it end in the router's bridge, so that connections from made-up sources
 * load the ILBs and nothing else.
 */
final class Hole {
    /** For {@code lab write-config}. */
    static final List<String> OPTIONS = List.of(
            "--set",
            "ilb.services.hole { vip = \"10.9.0.1:81\", forwarding = direct, servers = [ { address = \"10.2.0.250\" } ],"
                    + " health { type = none } }");

    private static final String TARGET = "10.9.0.1:81";
    private static final String SERVER_MAC = "02:00:00:00:00:fa";

    /** Packets a second that an ILB takes in besides its other work on a small machine. */
    private static final int RATE = 60_000;

    /** What a full queue drops on a busy machine is sent again. */
    private static final int ATTEMPTS = 10;

    private final Lab lab;
    private final String routerMac;

    /** Digs it, before the ILBs are started. */
    Hole(Lab lab, int ilbs) {
        this.lab = lab;
        for (int ilb = 1; ilb <= ilbs; ilb++) {
            run("ilb" + ilb, "ip neigh replace 10.2.0.250 lladdr " + SERVER_MAC + " dev eth0 nud permanent");
        }
        run("router", "ip link add hole type veth peer name bottom");
        run("router", "ip link set bottom up");
        run("router", "ip link set hole master lan up");
        run("router", "bridge fdb replace " + SERVER_MAC + " dev hole master static");
        // client@if2 UP 02:42:...
        routerMac = run("router", "ip -br link show dev client").strip().split("\\s+", -1)[2];
    }

    private String run(String host, String command) {
        return lab.run(host, command.split(" ", -1));
    }

    /**
     * Establishes connections 0 to {@code count} - 1, from the client by way of the router, until the ILBs hold them all.
     *
     * @param ilbs those that are ACTIVE; they hold nothing else
     */
    void open(int count, List<Ilb> ilbs) {
        long wanted = (long) count * Math.min(2, ilbs.size());
        for (int attempt = 0; attempt < ATTEMPTS && established(ilbs) < wanted; attempt++) {
            blast(count, RATE, "SYN,ACK");
            settle(ilbs);
        }
        assertThat(established(ilbs))
                .as("associations of %d connections", count)
                .isEqualTo(wanted);
    }

    private static void settle(List<Ilb> ilbs) {
        long[] before = {-1};
        await().atMost(Lab.PATIENCE).until(() -> {
            long then = before[0];
            before[0] = established(ilbs);
            return before[0] == then;
        });
    }

    private static long established(List<Ilb> ilbs) {
        return ilbs.stream().mapToLong(Hole::established).sum();
    }

    /** Established connections that an ILB owns or backs up. */
    static long established(Ilb ilb) {
        return ilb.scrape().value("ilbd_connection_states", "state=\"established\"");
    }

    /** Sends the first packet of so many connections. */
    void flood(int count, int rate) {
        blast(count, rate, "SYN");
    }

    private void blast(int count, int rate, String flags) {
        Child child = lab.start(
                "blaster",
                "client",
                Lab.java(
                        BlasterProcess.class,
                        "mac=" + routerMac,
                        "target=" + TARGET,
                        "first=0",
                        "count=" + count,
                        "rate=" + rate,
                        "flags=" + flags));
        child.awaitLine("sent");
        child.awaitEnd();
    }
}
