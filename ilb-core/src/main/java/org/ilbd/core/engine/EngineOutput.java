package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;

/**
 * Where the engine's decisions go. All is called on the engine's thread; packets and segments are valid during the call
 * only, and may be changed by it. Nothing here blocks or throws: what can't be sent is dropped and counted.
 */
public interface EngineOutput {
    /** Delivers a client's packet to a server, by the forwarding of the server's service. */
    void deliver(Packet packet, Server server);

    /** Sends a server's packet on to its client, from the service's VIP (only with {@link Forwarding#NAT}). */
    void returnToClient(Packet packet, Service service);

    /** Sends a packet that was made here, such as an echo reply, to wherever its destination address leads. */
    void reply(Packet packet);

    /**
     * Sends one datagram to a peer or to the multicast group.
     *
     * @param offset of the UDP payload in {@code datagram}, bytes
     * @param length of the UDP payload, bytes
     */
    void send(Endpoint peer, MemorySegment datagram, long offset, int length);

    /**
     * Whether the transfer stream to a peer takes a message now. A stream is opened by being asked for, and takes none until
     * it is open, nor while too much waits in it; the engine asks again.
     */
    boolean canTransfer(Endpoint peer);

    /**
     * Puts one message on the transfer stream to a peer: reliable and in order, until the stream breaks, which is to be told
     * by {@link Engine#onTransferClosed}. Only after {@link #canTransfer} has said yes.
     *
     * @param length bytes, 16 KiB at most
     */
    void transfer(Endpoint peer, MemorySegment message, long offset, int length);
}
