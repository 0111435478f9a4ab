package org.ilbd.daemon.cluster;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.datapath.DropSink;
import org.ilbd.daemon.linux.Errno;
import org.ilbd.daemon.linux.ErrnoException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several ends on one loop, on loopback. */
class ClusterEndpointTest {
    private static final int PORT = 27440;
    private static final long WAIT_SECONDS = 20;
    private static final DropSink NO_DROPS = reason -> {
        throw new AssertionError(reason);
    };

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final IoEventLoop loop = group.next();
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() throws InterruptedException {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void datagramArrivesWithItsSource(String address) throws Exception {
        Endpoint first = new Endpoint(IpAddress.parse(address), PORT);
        Endpoint second = new Endpoint(IpAddress.parse(address), PORT + 1);
        try (ClusterEndpoint sender = ClusterEndpoint.open(first, Optional.empty());
                ClusterEndpoint receiver = ClusterEndpoint.open(second, Optional.empty())) {
            receiver.start(loop, this::hear, NO_DROPS);
            send(sender, second, "hello");
            assertThat(heard.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo("hello from " + first);
            stop();
        }
    }

    @Test
    void peerOfTheOtherFamilyIsADropThatIsCounted() throws Exception {
        BlockingQueue<DropReason> drops = new LinkedBlockingQueue<>();
        try (ClusterEndpoint endpoint = ClusterEndpoint.open(Endpoint.parse("127.0.0.1:" + PORT), Optional.empty())) {
            endpoint.start(loop, this::hear, drops::add);
            loop.submit(() -> send(endpoint, Endpoint.parse("[::1]:" + PORT), "lost"))
                    .sync();
            assertThat(drops).containsExactly(DropReason.SEND_PEER);
            assertThat(endpoint.sendErrors().count(Errno.EINVAL)).isEqualTo(1);
            stop();
        }
    }

    @Test
    void portInUseAndForeignAddressAreRefused() throws Exception {
        Endpoint bind = Endpoint.parse("127.0.0.1:" + PORT);
        try (ClusterEndpoint first = ClusterEndpoint.open(bind, Optional.empty())) {
            assertThat(first.sendErrors().total()).isZero();
            assertThatThrownBy(
                            () -> ClusterEndpoint.open(bind, Optional.empty()).close())
                    .isInstanceOfSatisfying(
                            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE));
        }
        assertThatThrownBy(() -> ClusterEndpoint.open(Endpoint.parse("192.0.2.1:" + PORT), Optional.empty())
                        .close())
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRNOTAVAIL));
    }

    /** Two ends toss a datagram to and fro on the loop, which so does all that it does for a forwarded packet. */
    @Test
    void nothingIsAllocatedForADatagram() throws Exception {
        Endpoint first = Endpoint.parse("127.0.0.1:" + PORT);
        Endpoint second = Endpoint.parse("127.0.0.1:" + (PORT + 1));
        try (ClusterEndpoint one = ClusterEndpoint.open(first, Optional.empty());
                ClusterEndpoint other = ClusterEndpoint.open(second, Optional.empty())) {
            Tosser tosser = new Tosser(one, second);
            one.start(loop, tosser::onDatagram, NO_DROPS);
            other.start(
                    loop,
                    (segment, offset, length, ipv6, high, low, port, now) -> other.send(first, segment, offset, length),
                    NO_DROPS);
            send(one, second, "12345678");
            assertThat(tosser.result.poll(60, TimeUnit.SECONDS)).isNotNull().isLessThan(Tosser.ROUND);
            stop();
        }
    }

    private static final class Tosser {
        static final long ROUND = 20_000;
        private static final int MAX_ROUNDS = 100;

        private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        private final BlockingQueue<Long> result = new LinkedBlockingQueue<>();
        private final ClusterEndpoint endpoint;
        private final Endpoint peer;
        private long count;
        private long allocatedBefore;

        Tosser(ClusterEndpoint endpoint, Endpoint peer) {
            this.endpoint = endpoint;
            this.peer = peer;
        }

        void onDatagram(
                MemorySegment segment, long offset, int length, boolean ipv6, long high, long low, int port, long now) {
            // What is in front of the datagram is ours.
            segment.set(JAVA_LONG_UNALIGNED, offset - 64, now);
            count++;
            if (count % ROUND == 0) {
                long allocatedNow = threads.getCurrentThreadAllocatedBytes();
                long allocated = allocatedNow - allocatedBefore;
                allocatedBefore = allocatedNow;
                // Until the compiler is done, or never.
                if (allocated < ROUND || count == MAX_ROUNDS * ROUND) {
                    result.add(allocated);
                    return;
                }
            }
            endpoint.send(peer, segment, offset, length);
        }
    }

    private void hear(
            MemorySegment segment, long offset, int length, boolean ipv6, long high, long low, int port, long now) {
        String text = new String(segment.asSlice(offset, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        heard.add(text + " from " + new Endpoint(new IpAddress(ipv6, high, low), port));
    }

    private static void send(ClusterEndpoint from, Endpoint to, String text) {
        MemorySegment datagram = Arena.ofAuto().allocateFrom(text);
        from.send(to, datagram, 0, (int) datagram.byteSize() - 1);
    }
}
