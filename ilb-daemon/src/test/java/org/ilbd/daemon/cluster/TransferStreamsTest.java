package org.ilbd.daemon.cluster;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two ends on loopback, with real connections. */
class TransferStreamsTest {
    private static final int PORT = 27460;
    private static final Endpoint FIRST = Endpoint.parse("127.0.0.1:" + PORT);
    private static final Endpoint SECOND = Endpoint.parse("127.0.0.2:" + PORT);
    private static final int MAX_BYTES = 16 * 1024;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final IoEventLoop loop = group.next();
    private final Deque<TransferStreams> open = new ArrayDeque<>();
    private final Recorder first = new Recorder();
    private final Recorder second = new Recorder();

    /** What one end was told. */
    private static final class Recorder implements TransferStreams.Sink {
        final Queue<byte[]> messages = new ConcurrentLinkedQueue<>();
        final Queue<Endpoint> closed = new ConcurrentLinkedQueue<>();

        @Override
        public void onMessage(MemorySegment message) {
            messages.add(message.toArray(JAVA_BYTE));
        }

        @Override
        public void onClosed(Endpoint peer) {
            closed.add(peer);
        }
    }

    private TransferStreams open(Endpoint bind, Recorder recorder) throws IOException {
        return open(bind, recorder, address -> true);
    }

    private TransferStreams open(Endpoint bind, Recorder recorder, Predicate<IpAddress> known) throws IOException {
        TransferStreams streams = TransferStreams.open(loop, bind, known, recorder);
        open.push(streams);
        return streams;
    }

    private static void until(BooleanSupplier condition) {
        await().pollInterval(Duration.ofMillis(2))
                .atMost(Duration.ofSeconds(20))
                .until(condition::getAsBoolean);
    }

    private static void send(TransferStreams from, Endpoint to, byte[] message) {
        until(() -> from.canTransfer(to));
        from.transfer(to, MemorySegment.ofArray(message), 0, message.length);
    }

    @AfterEach
    void close() throws InterruptedException {
        open.forEach(TransferStreams::close);
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void messagesArriveWholeAndInOrder(String address) throws IOException {
        Endpoint from = new Endpoint(IpAddress.parse(address), PORT);
        Endpoint to = new Endpoint(IpAddress.parse(address), PORT + 1);
        TransferStreams sender = open(from, first);
        open(to, second);
        long seed = System.nanoTime();
        System.out.println("TransferStreamsTest seed " + seed);
        Random random = new Random(seed);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            byte[] message = new byte[i == 0 ? MAX_BYTES : 1 + random.nextInt(MAX_BYTES)];
            random.nextBytes(message);
            sent.add(message);
            send(sender, to, message);
        }
        until(() -> second.messages.size() == sent.size());
        assertThat(second.messages.toArray(byte[][]::new)).isDeepEqualTo(sent.toArray(byte[][]::new));
        assertThat(first.closed).isEmpty();
    }

    @Test
    void aPartOfASegmentIsSentAndTheSegmentIsTheCallersAgain() throws IOException {
        TransferStreams sender = open(FIRST, first);
        open(SECOND, second);
        byte[] bytes = new byte[3];
        until(() -> sender.canTransfer(SECOND));
        for (byte i = 0; i < 10; i++) {
            bytes[1] = i;
            sender.transfer(SECOND, MemorySegment.ofArray(bytes), 1, 1);
        }
        until(() -> second.messages.size() == 10);
        byte expected = 0;
        for (byte[] message : second.messages) {
            assertThat(message).containsExactly(expected++);
        }
    }

    @Test
    void nothingCanBeTransferredWhileNothingListensAndThenItCan() throws Exception {
        TransferStreams sender = open(FIRST, first);
        for (int i = 0; i < 30; i++) {
            assertThat(sender.canTransfer(SECOND)).isFalse();
            loop.schedule(() -> {}, 10, TimeUnit.MILLISECONDS).sync();
        }
        sender.transfer(SECOND, MemorySegment.ofArray(new byte[] {1}), 0, 1);
        assertThat(first.closed).isEmpty();

        open(SECOND, second);
        send(sender, SECOND, new byte[] {2});
        until(() -> !second.messages.isEmpty());
        assertThat(second.messages.element()).containsExactly(2);
    }

    @Test
    void aConnectionThatBreaksIsToldAndOpenedAgain() throws IOException {
        TransferStreams sender = open(FIRST, first);
        TransferStreams receiver = open(SECOND, second);
        for (int round = 1; round <= 3; round++) {
            send(sender, SECOND, new byte[] {(byte) round});
            int arrived = round;
            until(() -> second.messages.size() == arrived);
            receiver.close();
            until(() -> first.closed.size() == arrived);
            assertThat(first.closed).containsOnly(SECOND);
            receiver = open(SECOND, second);
        }
        send(sender, SECOND, new byte[] {4});
        until(() -> second.messages.size() == 4);
    }

    @Test
    void eachDirectionIsAStreamOfItsOwn() throws IOException {
        TransferStreams one = open(FIRST, first);
        TransferStreams other = open(SECOND, second);
        send(one, SECOND, new byte[] {1});
        send(other, FIRST, new byte[] {2});
        until(() -> first.messages.size() == 1 && second.messages.size() == 1);
        assertThat(first.messages.element()).containsExactly(2);
        assertThat(second.messages.element()).containsExactly(1);
    }

    @Test
    void strangersAreRefused() throws IOException {
        open(FIRST, first, address -> address.equals(SECOND.address()));
        try (Socket stranger = new Socket()) {
            stranger.bind(new InetSocketAddress("127.0.0.3", 0));
            stranger.setSoTimeout(20_000);
            stranger.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT));
            assertThat(stranger.getInputStream().read()).isEqualTo(-1);
        }
        send(open(SECOND, second), FIRST, new byte[] {7});
        until(() -> first.messages.size() == 1);
    }

    @Test
    void aConnectionThatIsCutInTheMiddleOfAMessageDeliversNothingOfIt() throws IOException {
        open(FIRST, first);
        try (Socket cut = new Socket(InetAddress.getLoopbackAddress(), PORT)) {
            cut.getOutputStream().write(new byte[] {0, 2, 5, 5, 0, 9, 1, 2, 3});
        }
        until(() -> first.messages.size() == 1);
        send(open(SECOND, second), FIRST, new byte[] {8});
        until(() -> first.messages.size() == 2);
        assertThat(first.messages.toArray(byte[][]::new)).isDeepEqualTo(new byte[][] {{5, 5}, {8}});
    }

    @Test
    void aReceiverThatTakesNothingStopsTheSenderWhenItsOutboxIsFull() throws Exception {
        TransferStreams sender = open(FIRST, first);
        try (ServerSocket silent = new ServerSocket()) {
            silent.setReceiveBufferSize(64 * 1024);
            silent.bind(new InetSocketAddress("127.0.0.2", PORT));
            until(() -> sender.canTransfer(SECOND));
            int frames = 0;
            while (sender.canTransfer(SECOND) && frames < 10_000) {
                sender.transfer(SECOND, MemorySegment.ofArray(new byte[MAX_BYTES]), 0, MAX_BYTES);
                frames++;
                loop.submit(() -> {}).sync();
            }
            assertThat(frames).isBetween(20, 9_999);
        }
        until(() -> first.closed.size() == 1);
    }

    @Test
    void anAddressThatIsNoneOfThisHostIsRefused() {
        assertThatThrownBy(() -> open(Endpoint.parse("192.0.2.1:" + PORT), first))
                .isInstanceOf(IOException.class);
    }
}
