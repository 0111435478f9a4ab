package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.FourTuple;
import org.junit.jupiter.api.Test;

class PacketPathAllocationTest {
    private final MemorySegment buffer = Samples.buffer(1_500);
    private final MessageAuthenticator sender = new MessageAuthenticator(List.of(Samples.KEY));
    private final MessageAuthenticator receiver = new MessageAuthenticator(List.of(Samples.KEY));
    private final AssociationRecord record = new AssociationRecord();
    private final FourTuple ipv4 = Samples.tuple("10.1.0.2:1", "10.9.0.1:80");
    private final FourTuple ipv6 = Samples.tuple("[::2]:1", "[::1]:80");

    @Test
    void forwardingAllocatesNothing() {
        ForwardHeader header = new ForwardHeader();
        assertThat(Allocation.bytesPerRun(() -> {
                    int length = ForwardHeader.encode(buffer, 0, 1, 1, 1, 1, 0, true);
                    length += AssociationRecord.encode(
                            buffer, length, AssociationState.HALF_OPEN, false, ipv4, 0, 1, 80, 0, 7);
                    length += 60;
                    sender.sign(buffer, 0, length);
                    require(receiver.verify(buffer, 0, length) == MessageAuthenticator.Verdict.OK);
                    require(header.decode(buffer, 0, length) == DecodeResult.OK);
                }))
                .isZero();
    }

    @Test
    void broadcastingAllocatesNothing() {
        AssociationsWriter writer = new AssociationsWriter(buffer, 0);
        AssociationsMessage message = new AssociationsMessage();
        assertThat(Allocation.bytesPerRun(() -> {
                    writer.clear();
                    writer.append(AssociationState.ESTABLISHED, false, ipv4, 0, 1, 80, 0, 7);
                    writer.append(AssociationState.CLOSING, true, ipv6, 1, 1, 80, 0, 0);
                    int length = writer.finishForAll(2, 1, 1);
                    sender.sign(buffer, 0, length);
                    require(receiver.verify(buffer, 0, length) == MessageAuthenticator.Verdict.OK);
                    require(message.decode(buffer, 0, length) == DecodeResult.OK);
                    while (message.next(record)) {
                        require(record.serverPort() == 80);
                    }
                }))
                .isZero();
    }

    @Test
    void heartbeatsAllocateNothing() {
        IlbId id = IlbId.parse("10.2.0.11");
        IdMessage message = new IdMessage();
        assertThat(Allocation.bytesPerRun(() -> {
                    IdMessage.encode(buffer, 0, id, 1, IdMessage.ACTIVE, 1, 1, 1);
                    IdMessage.appendLoad(buffer, 0, 1, 1, 1, 1, 1, 1);
                    int length = IdMessage.finish(buffer, 0, 1);
                    sender.sign(buffer, 0, length);
                    require(receiver.verify(buffer, 0, length) == MessageAuthenticator.Verdict.OK);
                    require(message.decode(buffer, 0, length) == DecodeResult.OK);
                }))
                .isZero();
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new AssertionError("a step of the path under test failed");
        }
    }
}
