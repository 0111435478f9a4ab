package org.ilbd.core.engine;

import java.util.Arrays;
import org.ilbd.core.packet.Endpoint;

/**
 * One server of one service, for as long as the process lives: associations name it by its index, so it stays after the
 * configuration has dropped it. The engine's thread writes; the counters may be read by any.
 */
public final class Server {
    /** The position of a server that the configuration does not name (any more). */
    static final int NOT_CONFIGURED = -1;

    private final int index;
    private final Service service;
    private final Endpoint endpoint;
    private final long key;

    private int position = NOT_CONFIGURED;
    private int weight;
    private boolean up = true;
    private int connections;
    private int remoteConnections;
    private int[] reportedBy = new int[0];
    private long packets;
    private long bytes;

    Server(int index, Service service, Endpoint endpoint, long key) {
        this.index = index;
        this.service = service;
        this.endpoint = endpoint;
        this.key = key;
    }

    /** Small, dense, and the same for the life of the process. */
    public int index() {
        return index;
    }

    /** The service that it serves. */
    public Service service() {
        return service;
    }

    /** Where it listens. */
    public Endpoint endpoint() {
        return endpoint;
    }

    /** Whether the configuration names it now. If not, it only keeps the connections that it has. */
    public boolean configured() {
        return position != NOT_CONFIGURED;
    }

    /** Share of new connections, 0 to 1000. */
    public int weight() {
        return weight;
    }

    /** What the health checks say; true until they say otherwise. */
    public boolean up() {
        return up;
    }

    /** Live associations to it that this ILB owns. */
    public int connections() {
        return connections;
    }

    /** The same over all ILBs, as they last reported. */
    public int clusterConnections() {
        return connections + remoteConnections;
    }

    /** Packets that this ILB delivered to it. */
    public long packets() {
        return packets;
    }

    /** Bytes of IP packets that this ILB delivered to it. */
    public long bytes() {
        return bytes;
    }

    /** Names it between ILBs, whatever their configuration's order: a hash of the VIP and the endpoint. */
    long key() {
        return key;
    }

    /** Whether a new connection may go to it. */
    boolean available() {
        return up && configured() && weight > 0;
    }

    int position() {
        return position;
    }

    void configure(int newPosition, int newWeight) {
        position = newPosition;
        weight = newWeight;
    }

    void setUp(boolean isUp) {
        up = isUp;
    }

    void count(int packetBytes) {
        packets++;
        bytes += packetBytes;
    }

    void addConnections(int difference) {
        connections += difference;
        service.loadChanged(this);
    }

    /** Takes over what one peer says that it owns; 0 when the peer has gone. */
    void report(int peer, int count) {
        if (peer >= reportedBy.length) {
            if (count == 0) {
                return;
            }
            reportedBy = Arrays.copyOf(reportedBy, peer + 1);
        }
        remoteConnections += count - reportedBy[peer];
        reportedBy[peer] = count;
        service.loadChanged(this);
    }

    @Override
    public String toString() {
        return endpoint + (configured() ? "" : " (removed)") + (up ? "" : " (down)");
    }
}
