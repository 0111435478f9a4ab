package org.ilbd.daemon;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.Service;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;
import org.ilbd.daemon.cluster.ClusterEndpoint;
import org.ilbd.daemon.cluster.TransferStreams;
import org.ilbd.daemon.datapath.TunDatapath;

/** The engine's way out: packets to the datapath, datagrams to the other ILBs. */
record Output(TunDatapath datapath, ClusterEndpoint cluster, TransferStreams streams) implements EngineOutput {
    @Override
    public void deliver(Packet packet, Server server) {
        datapath.deliver(packet, server);
    }

    @Override
    public void returnToClient(Packet packet, Service service) {
        datapath.returnToClient(packet, service);
    }

    @Override
    public void reply(Packet packet) {
        datapath.reply(packet);
    }

    @Override
    public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
        cluster.send(peer, datagram, offset, length);
    }

    @Override
    public boolean canTransfer(Endpoint peer) {
        return streams.canTransfer(peer);
    }

    @Override
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
        streams.transfer(peer, message, offset, length);
    }
}
