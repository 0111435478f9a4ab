package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.protocol.AssociationState;
import org.ilbd.core.protocol.AssociationsWriter;
import org.ilbd.core.protocol.MessageHeader;

/**
 * Tells other ILBs of associations, many to a datagram: what fills the caches goes to all, in numbered messages, what only
 * keeps an association alive goes to its owner and backup.
 *
 * <p>Records wait for others to share their datagram, but not for long: {@link #flush} is called at the end of each batch
 * of packets, so a quiet ILB announces at once and a busy one fills its datagrams.
 */
final class Announcer {
    /**
     * Least time between two datagrams that are not full. 250 us are half of a LAN's round trip with two hosts in it: the
     * caches know a connection before its second packet, and a busy ILB sends 4,000 such datagrams a second at most.
     */
    static final long MIN_INTERVAL_NANOS = 250_000;

    private final EngineConfig config;
    private final Membership membership;
    private final Ranking ranking;
    private final PeerLink link;
    private final Clock clock;
    private final Counters counters;
    private final SegmentAllocator memory;
    private final Batch broadcast;
    private final List<Batch> single = new ArrayList<>();

    private int sequence;
    private long lastFlushNanos;

    Announcer(
            EngineConfig config,
            Membership membership,
            Ranking ranking,
            PeerLink link,
            Clock clock,
            Counters counters,
            SegmentAllocator memory) {
        this.config = config;
        this.membership = membership;
        this.ranking = ranking;
        this.link = link;
        this.clock = clock;
        this.counters = counters;
        this.memory = memory;
        this.broadcast = new Batch(memory);
        this.lastFlushNanos = clock.nanos();
    }

    /** The number of the last broadcast; 0 before the first. */
    int sequence() {
        return sequence;
    }

    /**
     * To every ILB whose cache is to know. Where caches are filled on demand nobody is to know of a new connection, but
     * everybody of its end; where there are none, only owner and backup of either.
     */
    void toAll(FourTuple tuple, Server server, ConnectionState state, boolean reset, int ageMillis) {
        boolean all = switch (config.cacheFill()) {
            case BROADCAST -> true;
            case ON_DEMAND -> state == ConnectionState.CLOSING;
            case OFF -> false;
        };
        if (!all) {
            toHolders(tuple, server, state, reset, ageMillis);
            return;
        }
        if (!append(broadcast, tuple, server, WireState.of(state), reset, ageMillis)) {
            flushAll();
            append(broadcast, tuple, server, WireState.of(state), reset, ageMillis);
        }
    }

    /**
     * To the connection's owner and backup, or to the one of them that this ILB is not.
     *
     * @return whether there is one
     */
    boolean toHolders(FourTuple tuple, Server server, ConnectionState state, boolean reset, int ageMillis) {
        ranking.rank(tuple);
        int owner = ranking.owner();
        int backup = ranking.backup();
        toPeer(owner, tuple, server, state, reset, ageMillis);
        toPeer(backup, tuple, server, state, reset, ageMillis);
        return link.reachable(owner) != null || link.reachable(backup) != null;
    }

    /** To one ILB; nothing is done if that is this one, or none. */
    void toPeer(int position, FourTuple tuple, Server server, ConnectionState state, boolean reset, int ageMillis) {
        toPeer(position, tuple, server, WireState.of(state), reset, ageMillis);
    }

    /** As above, also with a state that only ILBs have among themselves. */
    void toPeer(int position, FourTuple tuple, Server server, AssociationState state, boolean reset, int ageMillis) {
        Peer peer = link.reachable(position);
        if (peer == null) {
            return;
        }
        while (single.size() <= position) {
            single.add(new Batch(memory));
        }
        Batch batch = single.get(position);
        if (!append(batch, tuple, server, state, reset, ageMillis)) {
            flush(batch, peer);
            append(batch, tuple, server, state, reset, ageMillis);
        }
    }

    /**
     * Asks all others about an association that this one holds half-open and is about to forget.
     *
     * @return whether there is anybody to ask
     */
    boolean ask(FourTuple tuple, Server server, int ageMillis) {
        boolean asked = false;
        List<Peer> peers = membership.peers();
        for (int i = 0; i < peers.size(); i++) {
            if (link.reachable(i) != null) {
                toPeer(i, tuple, server, AssociationState.UNSURE, false, ageMillis);
                asked = true;
            }
        }
        return asked;
    }

    /** Sends what has waited, unless the last time was a moment ago. */
    void flush() {
        if (clock.nanos() - lastFlushNanos < MIN_INTERVAL_NANOS) {
            return;
        }
        flushNow();
    }

    /** Sends what has waited. */
    void flushNow() {
        lastFlushNanos = clock.nanos();
        flushAll();
        for (int i = 0; i < single.size(); i++) {
            Batch batch = single.get(i);
            if (batch.writer.count() > 0) {
                flush(batch, membership.peers().get(i));
            }
        }
    }

    private boolean append(
            Batch batch, FourTuple tuple, Server server, AssociationState state, boolean reset, int ageMillis) {
        IpAddress address = server.endpoint().address();
        boolean fits = batch.writer.append(
                state,
                reset,
                tuple,
                address.high(),
                address.low(),
                server.endpoint().port(),
                ageMillis,
                0);
        if (fits) {
            counters.add(Counter.ASSOCIATIONS_SENT);
        }
        return fits;
    }

    private void flushAll() {
        if (broadcast.writer.count() == 0) {
            return;
        }
        sequence++;
        int length = broadcast.writer.finishForAll(link.tag(), link.incarnation(), sequence);
        List<Peer> peers = membership.peers();
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (link.reachable(peer.position()) != null) {
                link.send(peer.endpoint(), broadcast.segment, 0, length);
            }
        }
        broadcast.writer.clear();
    }

    private void flush(Batch batch, Peer peer) {
        int length = batch.writer.finishForOne(link.tag(), link.incarnation());
        link.send(peer.endpoint(), batch.segment, 0, length);
        batch.writer.clear();
    }

    /** A datagram that fills up. */
    private static final class Batch {
        private final MemorySegment segment;
        private final AssociationsWriter writer;

        Batch(SegmentAllocator memory) {
            segment = memory.allocate(MessageHeader.MAX_DATAGRAM_BYTES, Long.BYTES);
            writer = new AssociationsWriter(segment, 0);
        }
    }
}
