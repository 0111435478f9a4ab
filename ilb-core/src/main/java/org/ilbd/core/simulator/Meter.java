package org.ilbd.core.simulator;

import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;
import org.ilbd.core.engine.EngineOutput;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.AssociationsMessage;
import org.ilbd.core.protocol.DecodeResult;
import org.ilbd.core.protocol.MessageHeader;

/** Counts what the ILBs of a simulation send each other. */
final class Meter implements UnaryOperator<EngineOutput> {
    private final AssociationsMessage message = new AssociationsMessage();
    private long broadcastRecords;
    private long singleRecords;
    private long forwards;
    private long forwardBytes;
    private long idMessages;
    private long idBytes;

    /** Association records in messages to all, each counted as often as there are receivers. */
    long broadcastRecords() {
        return broadcastRecords;
    }

    /** Association records in messages to one. */
    long singleRecords() {
        return singleRecords;
    }

    /** Forwarded packets. */
    long forwards() {
        return forwards;
    }

    /** Bytes of them, as UDP payload. */
    long forwardBytes() {
        return forwardBytes;
    }

    /** ID messages, each counted as often as there are receivers. */
    long idMessages() {
        return idMessages;
    }

    /** Bytes of them, as UDP payload. */
    long idBytes() {
        return idBytes;
    }

    @Override
    public EngineOutput apply(EngineOutput host) {
        return new Metered(host);
    }

    private void count(MemorySegment datagram, long offset, int length) {
        switch (MessageHeader.type(datagram, offset)) {
            case ASSOCIATIONS -> {
                if (message.decode(datagram, offset, length) != DecodeResult.OK) {
                    throw new IllegalStateException("an engine has sent what cannot be decoded");
                }
                if (message.audience() == AssociationsMessage.Audience.ALL) {
                    broadcastRecords += message.count();
                } else {
                    singleRecords += message.count();
                }
            }
            case FORWARD -> {
                forwards++;
                forwardBytes += length;
            }
            case ID -> {
                idMessages++;
                idBytes += length;
            }
            // A few for each change of an intake, and none for a connection.
            case INTAKE, SELECTION -> {}
            case TRANSFER, UNKNOWN -> throw new IllegalStateException("an engine has sent this as a datagram");
        }
    }

    private final class Metered extends Relay {
        Metered(EngineOutput host) {
            super(host);
        }

        @Override
        public void send(Endpoint peer, MemorySegment datagram, long offset, int length) {
            count(datagram, offset, length);
            super.send(peer, datagram, offset, length);
        }
    }
}
