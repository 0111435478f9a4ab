package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On loopback, where a datagram that was sent is there to be received as soon as the send returns. */
class UdpSocketTest {
    private static final long LOOPBACK_IPV4 = 0x7F000001L;
    private static final long LOOPBACK_IPV6 = 1;
    private static final int HEADROOM = 64;
    private static final int DATAGRAMS = 20_000;

    private final MemorySegment payload = Arena.ofAuto().allocate(DatagramBatch.MAX_PAYLOAD_BYTES);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void datagramsArriveInOrderWithTheirSource(boolean ipv6) throws ErrnoException {
        DatagramBatch batch = new DatagramBatch(8, HEADROOM, 2048);
        try (UdpSocket receiver = bind(ipv6, 0);
                UdpSocket sender = bind(ipv6, 0)) {
            int port = receiver.localPort();
            for (int i = 1; i <= 10; i++) {
                payload.set(JAVA_BYTE, 0, (byte) i);
                assertThat(sender.send(payload.address(), i, 0, loopback(ipv6), port))
                        .isEqualTo(i);
            }
            assertThat(receiver.receive(batch)).isEqualTo(8);
            for (int i = 0; i < 8; i++) {
                assertThat(batch.length(i)).isEqualTo(i + 1);
                assertThat(batch.segment().get(JAVA_BYTE, batch.offset(i))).isEqualTo((byte) (i + 1));
                assertThat(batch.ipv6(i)).isEqualTo(ipv6);
                assertThat(batch.sourceHigh(i)).isZero();
                assertThat(batch.sourceLow(i)).isEqualTo(loopback(ipv6));
                assertThat(batch.sourcePort(i)).isEqualTo(sender.localPort());
                assertThat(batch.truncated(i)).isFalse();
            }
            assertThat(receiver.receive(batch)).isEqualTo(2);
            assertThat(receiver.receive(batch)).isEqualTo(-Errno.EAGAIN);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void datagramLongerThanThePathArrivesWhole(boolean ipv6) throws ErrnoException {
        DatagramBatch batch = new DatagramBatch(1, HEADROOM, DatagramBatch.MAX_PAYLOAD_BYTES);
        try (UdpSocket receiver = bind(ipv6, 0);
                UdpSocket sender = bind(ipv6, 0)) {
            int length = 65_535 - 28;
            assertThat(sender.send(payload.address(), length, 0, loopback(ipv6), receiver.localPort()))
                    .isEqualTo(length);
            assertThat(receiver.receive(batch)).isEqualTo(1);
            assertThat(batch.length(0)).isEqualTo(length);
        }
    }

    @Test
    void datagramLongerThanItsRoomIsMarked() throws ErrnoException {
        DatagramBatch batch = new DatagramBatch(2, HEADROOM, 100);
        try (UdpSocket receiver = bind(false, 0);
                UdpSocket sender = bind(false, 0)) {
            sender.send(payload.address(), 101, 0, LOOPBACK_IPV4, receiver.localPort());
            sender.send(payload.address(), 100, 0, LOOPBACK_IPV4, receiver.localPort());
            assertThat(receiver.receive(batch)).isEqualTo(2);
            assertThat(batch.truncated(0)).isTrue();
            assertThat(batch.length(0)).isEqualTo(100);
            assertThat(batch.truncated(1)).isFalse();
        }
    }

    @Test
    void secondSocketOnThePortIsRefusedInWords() throws ErrnoException {
        try (UdpSocket first = bind(false, 0)) {
            assertThatThrownBy(() -> bind(false, first.localPort()).close())
                    .isInstanceOfSatisfying(
                            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE))
                    .hasMessageContaining("Address already in use");
        }
    }

    @Test
    void addressOfAnotherHostIsRefusedInWords() {
        // 192.0.2.1 is for documentation (RFC 5737): no host's.
        assertThatThrownBy(() -> UdpSocket.bind(false, 0, 0xC0000201L, 0).close())
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRNOTAVAIL));
    }

    @Test
    void sendingAndReceivingAllocateNothing() throws ErrnoException {
        DatagramBatch batch = new DatagramBatch(4, HEADROOM, 2048);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (UdpSocket receiver = bind(false, 0);
                UdpSocket sender = bind(false, 0)) {
            int port = receiver.localPort();
            long allocated = DATAGRAMS;
            // Until the compiler is done: before that, each call makes a small object.
            for (int round = 0; round < 200 && allocated >= DATAGRAMS; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                assertThat(exchange(sender, receiver, port, batch, DATAGRAMS)).isEqualTo(DATAGRAMS);
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            // Less than a byte for each datagram: the assertion of the round is all that is in it.
            assertThat(allocated).isLessThan(DATAGRAMS);
        }
    }

    private long exchange(UdpSocket sender, UdpSocket receiver, int port, DatagramBatch batch, int count) {
        long received = 0;
        for (int i = 0; i < count; i += 4) {
            for (int j = 0; j < 4; j++) {
                sender.send(payload.address(), 100, 0, LOOPBACK_IPV4, port);
            }
            int datagrams = receiver.receive(batch);
            for (int j = 0; j < datagrams; j++) {
                received += batch.length(j) == 100 && batch.sourceLow(j) == LOOPBACK_IPV4 ? 1 : 0;
            }
        }
        return received;
    }

    private static UdpSocket bind(boolean ipv6, int port) throws ErrnoException {
        return UdpSocket.bind(ipv6, 0, loopback(ipv6), port);
    }

    private static long loopback(boolean ipv6) {
        return ipv6 ? LOOPBACK_IPV6 : LOOPBACK_IPV4;
    }
}
