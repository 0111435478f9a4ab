package org.ilbd.core.simulator;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.ilbd.core.packet.Endpoint;

/** The transfer streams between ILBs: reliable and in order, until one breaks with all that is in it. */
final class Streams {
    private static final long MIN_DELAY = 60 * EventQueue.MICROSECOND;
    private static final long RETRY = 100 * EventQueue.MILLISECOND;

    private final Cluster cluster;
    private final EventQueue queue;
    private final SplittableRandom random;
    private final Map<Key, Stream> streams = new LinkedHashMap<>();

    Streams(Cluster cluster, EventQueue queue, SplittableRandom random) {
        this.cluster = cluster;
        this.queue = queue;
        this.random = random;
    }

    /** From a process to an address. */
    private record Key(SimulatedIlb from, Endpoint to) {}

    private enum Phase {
        CLOSED,
        OPENING,
        OPEN
    }

    private static final class Stream {
        Phase phase = Phase.CLOSED;
        /** Counts the connections, so that what was in an earlier one does not arrive in a later. */
        int connection;

        int inFlight;
        long lastArrival;
        SimulatedIlb to;

        Stream(SimulatedIlb to) {
            this.to = to;
        }
    }

    boolean canTransfer(SimulatedIlb from, Endpoint peer) {
        Stream stream = streams.computeIfAbsent(new Key(from, peer), key -> new Stream(from));
        if (stream.phase == Phase.CLOSED) {
            stream.phase = Phase.OPENING;
            queue.in(2 * delay(), () -> open(stream, from, peer));
        }
        return stream.phase == Phase.OPEN && stream.inFlight < 64;
    }

    private void open(Stream stream, SimulatedIlb from, Endpoint peer) {
        SimulatedIlb to = cluster.at(peer);
        if (to == null || !to.isRunning() || cluster.isCut(from, to)) {
            queue.in(RETRY, () -> stream.phase = Phase.CLOSED);
            return;
        }
        stream.phase = Phase.OPEN;
        stream.connection++;
        stream.inFlight = 0;
        stream.lastArrival = queue.now();
        stream.to = to;
    }

    void transfer(SimulatedIlb from, Endpoint peer, byte[] message) {
        Stream stream = streams.get(new Key(from, peer));
        if (stream == null || stream.phase != Phase.OPEN) {
            return;
        }
        int connection = stream.connection;
        stream.inFlight++;
        stream.lastArrival = Math.max(stream.lastArrival + 1, queue.now() + delay());
        queue.at(stream.lastArrival, () -> {
            if (stream.connection == connection && stream.phase == Phase.OPEN) {
                stream.inFlight--;
                if (stream.to.isRunning() && !cluster.isCut(from, stream.to)) {
                    stream.to.onTransfer(message);
                } else {
                    breakUp(stream, from, peer);
                }
            }
        });
    }

    /** Streams that lead to a process that has ended, or over a cut, break; sooner or later their senders notice. */
    void breakAll() {
        streams.forEach((key, stream) -> {
            if (stream.phase == Phase.OPEN && (!stream.to.isRunning() || cluster.isCut(key.from(), stream.to))) {
                breakUp(stream, key.from(), key.to());
            }
        });
    }

    private void breakUp(Stream stream, SimulatedIlb from, Endpoint peer) {
        stream.connection++;
        stream.phase = Phase.OPENING;
        long notice = random.nextBoolean() ? delay() : random.nextLong(1_500 * EventQueue.MILLISECOND);
        queue.in(notice, () -> {
            stream.phase = Phase.CLOSED;
            from.onTransferClosed(peer);
        });
    }

    private long delay() {
        return MIN_DELAY + random.nextLong(random.nextInt(20) == 0 ? 20 * EventQueue.MILLISECOND : 200_000);
    }
}
