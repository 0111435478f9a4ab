package org.ilbd.core.scheduler;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;

/** Sets of servers for tests. */
final class Servers {
    private static final int FIRST_ADDRESS = 0x0A03_0001;
    private static final int PORT = 8080;

    private Servers() {}

    /** The n-th server, 10.3.0.1:8080 and on. */
    static Endpoint endpoint(int n) {
        return new Endpoint(IpAddress.ofIpv4(FIRST_ADDRESS + n), PORT);
    }

    /** Successive servers with these weights. */
    static ServerSet weighted(int... weights) {
        return new ServerSet(
                IntStream.range(0, weights.length).mapToObj(Servers::endpoint).toList(), weights);
    }

    /** Successive servers, all of weight 1. */
    static ServerSet equal(int size) {
        int[] weights = new int[size];
        Arrays.fill(weights, 1);
        return weighted(weights);
    }

    /** A new scheduler with a table of its own, and the default settings, that knows the set. */
    static Scheduler started(SchedulerKind kind, ServerSet servers) {
        Scheduler scheduler = kind.create(new Maglev(new MaglevBuilder()), BoundedLoad.DEFAULT_FACTOR);
        scheduler.update(servers);
        return scheduler;
    }

    /** The positions that the next selections give, each for another connection. */
    static String sequence(Scheduler scheduler, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(i == 0 ? "" : " ").append(scheduler.select(SelectionHash.mix(i)));
        }
        return text.toString();
    }

    /** How often each position is selected in this many selections, each for another connection. */
    static long[] counts(Scheduler scheduler, int size, int selections) {
        long[] counts = new long[size];
        for (int i = 0; i < selections; i++) {
            counts[scheduler.select(SelectionHash.mix(i))]++;
        }
        return counts;
    }
}
