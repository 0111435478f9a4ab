package org.ilbd.core.simulator;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.AllDown;
import org.ilbd.core.engine.Authority;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.protocol.AssociationRecord;
import org.ilbd.core.protocol.AssociationsMessage;
import org.ilbd.core.protocol.MessageHeader;
import org.ilbd.core.scheduler.SchedulerKind;

/**
 * What each ILB of a cluster needs: memory, traffic between ILBs, and the time until every association is on two ILBs again
 * after a crash. Sizes come from the code itself; how many records and forwarded packets a connection costs is counted in a
 * simulated cluster of the real engines, whose clients send a few small requests on each connection. IPv4.
 */
public final class Plan {
    /** On Ethernet, in front of and behind a UDP payload: preamble, header, checksum and gap; IPv4; UDP. */
    private static final int WIRE_BYTES = 38 + 20 + 8;

    private static final int MAX_MEASURED_ILBS = 8;
    private static final int MEASURED_CONNECTIONS = 40;
    private static final int MEASURED_ROOM = 1_000;
    private static final int SAMPLE_ENTRIES = 1 << 16;

    /**
     * What a connection costs, from its SYN to its end, over all ILBs.
     *
     * @param broadcasts association records to all, counted once
     * @param singles association records to one ILB
     * @param forwards packets that one ILB forwards to another
     */
    record Cost(double broadcasts, double singles, double forwards) {}

    /**
     * One line of the plan, for each ILB.
     *
     * @param cached associations of others that it keeps
     * @param memoryBytes of its tables
     * @param datagramsPerSecond that it sends to the others, and about as many that it receives
     * @param bitsPerSecond of them on an Ethernet
     */
    public record Line(
            CacheFill fill, double cached, double memoryBytes, double datagramsPerSecond, double bitsPerSecond) {}

    private final int ilbs;
    private final long connections;
    private final long rate;
    private final List<Line> lines = new ArrayList<>();
    private double forwardBytes;
    private double idBytes;
    private double idsPerSecond;

    /**
     * Plans a cluster, which takes some seconds.
     *
     * @param ilbs 2 or more
     * @param connections at a time, over all ILBs, 1 or more
     * @param rate new connections a second, over all ILBs, 0 or more
     * @throws IllegalArgumentException if one of them is less
     */
    public Plan(int ilbs, long connections, long rate) {
        if (ilbs < 2 || connections < 1 || rate < 0) {
            throw new IllegalArgumentException(
                    "a plan is for 2 ILBs or more, 1 connection or more, and a rate of 0 or more");
        }
        this.ilbs = ilbs;
        this.connections = connections;
        this.rate = rate;
        for (CacheFill fill : CacheFill.values()) {
            lines.add(line(fill, measure(fill)));
        }
    }

    /** Bytes that one association that is owned or backed up takes, with its part of the index. */
    static double heldBytes() {
        OwnedConnections sample = new OwnedConnections(Arena.ofAuto(), SAMPLE_ENTRIES, 1, 1, 1, 1, 1, 2);
        return sample.memoryBytes() / (double) (SAMPLE_ENTRIES + 1);
    }

    /** Bytes that one association that is cached takes, with its part of the index. */
    static double cachedBytes() {
        return new AssociationCache(Arena.ofAuto(), SAMPLE_ENTRIES, 1, 1, 2).memoryBytes() / (double) SAMPLE_ENTRIES;
    }

    private Cost measure(CacheFill fill) {
        int measured = Math.min(ilbs, MAX_MEASURED_ILBS);
        Schedule schedule = new Schedule(
                1,
                measured,
                MEASURED_CONNECTIONS,
                false,
                0,
                0,
                0,
                false,
                fill,
                SchedulerKind.MAGLEV,
                Authority.OWNER,
                Orphan.HASH,
                60_000,
                MEASURED_ROOM,
                MEASURED_ROOM,
                false,
                AllDown.DROP,
                false,
                List.of());
        Meter meter = new Meter();
        Outcome outcome = new Simulation(schedule, Trace.NOTHING, meter, UnaryOperator.identity()).run();
        if (!outcome.isGood()) {
            throw new IllegalStateException("the measured cluster failed: " + outcome.violations());
        }
        double made = outcome.connections();
        forwardBytes = meter.forwardBytes() / (double) meter.forwards();
        idBytes = meter.idBytes() / (double) meter.idMessages();
        // A simulated ILB says to every place of the cluster that it is there, whether somebody is at it or not.
        idsPerSecond = meter.idMessages() / (outcome.simulatedNanos() / 1e9) / measured / (Cluster.MAX_ILBS - 1);
        return new Cost(
                meter.broadcastRecords() / made / (measured - 1),
                meter.singleRecords() / made,
                meter.forwards() / made);
    }

    private Line line(CacheFill fill, Cost cost) {
        double perIlb = rate / (double) ilbs;
        int peers = ilbs - 1;
        double broadcasts = cost.broadcasts() * perIlb;
        double singles = cost.singles() * perIlb;
        double forwards = cost.forwards() * perIlb;
        double ids = idsPerSecond * peers;
        double announcements = datagrams(broadcasts, 1) * peers + datagrams(singles, peers);
        double bytes = announcements * (WIRE_BYTES + AssociationsMessage.RECORDS_OFFSET)
                + (broadcasts * peers + singles) * AssociationRecord.lengthBytes(false)
                + forwards * (WIRE_BYTES + forwardBytes)
                + ids * (WIRE_BYTES + idBytes);
        double cached = cached(fill);
        return new Line(
                fill, cached, held() * heldBytes() + cached * cachedBytes(), announcements + forwards + ids, 8 * bytes);
    }

    /** Datagrams a second for so many records to so many receivers: each goes at once, unless many share one. */
    private static double datagrams(double records, int receivers) {
        double flushes = receivers * 1e9 / Engine.ANNOUNCEMENT_INTERVAL_NANOS;
        return Math.min(records, Math.max(flushes, records / recordsPerDatagram()));
    }

    static int recordsPerDatagram() {
        return (MessageHeader.MAX_DATAGRAM_BYTES - AssociationsMessage.RECORDS_OFFSET)
                / AssociationRecord.lengthBytes(false);
    }

    /** Associations that an ILB owns or backs up. */
    public double held() {
        return 2.0 * connections / ilbs;
    }

    private double cached(CacheFill fill) {
        double others = connections * (ilbs - 2.0) / ilbs;
        return switch (fill) {
            case BROADCAST -> others;
            // The router sends an ILB its share of the connections, and it keeps what it had to forward.
            case ON_DEMAND -> others / ilbs;
            case OFF -> 0;
        };
    }

    /** Associations that an ILB sends after the crash of another: what that one held, shared out over the rest. */
    public double resent() {
        return held() / (ilbs - 1);
    }

    /** Seconds, at most, from when a crash is noticed until every association is on two ILBs: the walk over the table. */
    public double replicationSeconds() {
        return held() / Engine.WALKED_PER_SECOND;
    }

    /** For each way to fill the caches. */
    public List<Line> lines() {
        return List.copyOf(lines);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d ILBs, %,d connections, %,d new ones a second. Each ILB%n"
                        + "  owns or backs up %,.0f associations of %.0f bytes%n"
                        + "  after a crash sends %,.0f of them, %,.1f MB, within %.1f s of noticing%n%n"
                        + "%-10s %15s %11s %15s %12s",
                ilbs,
                connections,
                rate,
                held(),
                heldBytes(),
                resent(),
                resent() * AssociationRecord.lengthBytes(false) / 1e6,
                replicationSeconds(),
                "cache",
                "cached",
                "memory GB",
                "datagrams/s",
                "Mbit/s"));
        for (Line line : lines) {
            text.append(String.format(
                    Locale.ROOT,
                    "%n%-10s %,15.0f %11.2f %,15.0f %,12.1f",
                    line.fill().text(),
                    line.cached(),
                    line.memoryBytes() / 1e9,
                    line.datagramsPerSecond(),
                    line.bitsPerSecond() / 1e6));
        }
        return text.append(String.format("%n%nDatagrams and bits are those sent; about as many are received."))
                .toString();
    }
}
