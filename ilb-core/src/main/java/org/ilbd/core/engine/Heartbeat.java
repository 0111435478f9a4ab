package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.IdMessage;

/** Says to the other ILBs that this one is here, and what it knows of servers. */
final class Heartbeat {
    /** In so many heartbeats the loads of all servers go round, however many there are. */
    private static final int ROUND = 5;

    private final Membership membership;
    private final ServiceTable services;
    private final Announcer announcer;
    private final PeerLink link;
    private final HostLoads hostLoads;
    private final Clock clock;
    private final MemorySegment message;

    private int cursor;
    private boolean hasNews;

    Heartbeat(
            Membership membership,
            ServiceTable services,
            Announcer announcer,
            PeerLink link,
            HostLoads hostLoads,
            Clock clock,
            SegmentAllocator memory) {
        this.membership = membership;
        this.services = services;
        this.announcer = announcer;
        this.link = link;
        this.hostLoads = hostLoads;
        this.clock = clock;
        this.message = memory.allocate(IdMessage.MAX_LENGTH_BYTES, Long.BYTES);
    }

    /** There may be a server of which the others have to know something with the next tick. */
    void noteNews() {
        hasNews = true;
    }

    /** One heartbeat: as many ID messages as it takes for the loads of all servers to go round in time. */
    void send() {
        sendNews();
        int perHeartbeat = IdMessage.MAX_LOADS * ROUND;
        int messages = Math.max(1, (services.serverCount() + perHeartbeat - 1) / perHeartbeat);
        for (int i = 0; i < messages; i++) {
            begin();
            int count = Math.min(services.serverCount(), IdMessage.MAX_LOADS);
            for (int load = 0; load < count; load++) {
                cursor = (cursor + 1) % services.serverCount();
                services.server(cursor).appendTo(message, clock.nanos());
            }
            finish();
        }
        membership.heartbeatSent(clock.nanos());
    }

    /** What agents have told this ILB since the last message, if anything, and the others have to know at once. */
    void sendNews() {
        if (!hasNews) {
            return;
        }
        hasNews = false;
        begin();
        for (int i = 0; i < services.serverCount(); i++) {
            Server server = services.server(i);
            if (!server.announced() && !server.appendTo(message, clock.nanos())) {
                finish();
                begin();
                server.appendTo(message, clock.nanos());
            }
        }
        finish();
    }

    private void begin() {
        membership.encodeIdMessage(message, 0, announcer.sequence(), services.digest());
    }

    private void finish() {
        int length = IdMessage.finish(message, 0, hostLoads.of(Placement.SELF));
        for (Endpoint destination : membership.heartbeatDestinations()) {
            link.send(destination, message, 0, length);
        }
    }
}
