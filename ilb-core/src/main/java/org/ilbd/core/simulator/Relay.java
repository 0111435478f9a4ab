package org.ilbd.core.simulator;

import java.lang.foreign.MemorySegment;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.Service;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;

/** Stands between an engine and its host, and passes everything on; what is to be different, a subclass does. */
class Relay implements EngineOutput {
    final EngineOutput host;

    Relay(EngineOutput host) {
        this.host = host;
    }

    @Override
    public void deliver(Packet packet, Server server) {
        host.deliver(packet, server);
    }

    @Override
    public void returnToClient(Packet packet, Service service) {
        host.returnToClient(packet, service);
    }

    @Override
    public void reply(Packet packet) {
        host.reply(packet);
    }

    @Override
    public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
        host.send(peer, datagram, offset, length);
    }

    @Override
    public boolean canTransfer(Endpoint peer) {
        return host.canTransfer(peer);
    }

    @Override
    public void transfer(Endpoint peer, MemorySegment message, long offset, int length) {
        host.transfer(peer, message, offset, length);
    }
}
