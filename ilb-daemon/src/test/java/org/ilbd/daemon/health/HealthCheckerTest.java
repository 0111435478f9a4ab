package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Against real sockets on loopback. */
class HealthCheckerTest {
    private static final HealthSettings FAST = settings(20, 1000, 2, 2);

    private final Queue<String> changes = new ConcurrentLinkedQueue<>();
    private final Queue<String> logged = new ConcurrentLinkedQueue<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(HealthChecker.class.getPackageName());
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            logged.add(event.getFormattedMessage());
        }
    };
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final HealthChecker checker = new HealthChecker(
            group.next(),
            1,
            (service, server, report) ->
                    changes.add(service + " " + server + " " + (report.up().orElseThrow() ? "up" : "down")));

    @BeforeEach
    void listenToTheLog() {
        appender.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(appender);
    }

    @AfterEach
    void stop() {
        checker.close();
        logger.detachAppender(appender);
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void serverGoesDownAndComesBackUp() throws IOException {
        ServerSocket listening = listen("127.0.0.1", 0);
        Endpoint server = endpoint(listening);
        checker.update(List.of(target("web", server, FAST)));
        awaitConnection(listening);
        assertThat(changes).containsExactly("web " + server + " up");

        listening.close();
        await().until(() -> changes.contains("web " + server + " down"));
        assertThat(logged).contains("server " + server + " of service web is down: connection refused");

        try (ServerSocket _ = listen("127.0.0.1", server.port())) {
            await().until(() -> changes.size() == 3);
        }
        assertThat(changes)
                .containsExactly("web " + server + " up", "web " + server + " down", "web " + server + " up");
        assertThat(logged).contains("server " + server + " of service web is up: 2 checks passed");
    }

    @Test
    void ipv6ServerIsChecked() throws IOException {
        ServerSocket listening = listen("::1", 0);
        Endpoint server = endpoint(listening);
        checker.update(List.of(target("web", server, FAST)));
        awaitConnection(listening);

        listening.close();
        await().until(() -> changes.contains("web [::1]:" + server.port() + " down"));
    }

    @Test
    void serverThatDoesNotAnswerTimesOut() throws IOException {
        // The kernel does not answer a SYN while the queue of connections to be accepted is full.
        try (ServerSocket silent = listen("127.0.0.1", 0, 1)) {
            List<Socket> filling = new ArrayList<>();
            try {
                fillQueue(silent, filling);
                Endpoint server = endpoint(silent);
                checker.update(List.of(target("web", server, settings(20, 100, 2, 2))));

                await().until(() -> changes.size() == 2);
                assertThat(changes).containsExactly("web " + server + " up", "web " + server + " down");
                assertThat(logged)
                        .containsExactly("server " + server + " of service web is down: timeout after 100 ms");
            } finally {
                for (Socket socket : filling) {
                    socket.close();
                }
            }
        }
    }

    @Test
    void connectionsAreClosedWithAReset() throws IOException {
        try (ServerSocket listening = listen("127.0.0.1", 0)) {
            checker.update(List.of(target("web", endpoint(listening), FAST)));

            try (Socket accepted = listening.accept()) {
                accepted.setSoTimeout(10_000);
                assertThatThrownBy(() -> accepted.getInputStream().read())
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
        }
    }

    @Test
    void removedServerIsNotCheckedAnyMoreAndTheOthersAre() throws IOException {
        ServerSocket removed = listen("127.0.0.1", 0);
        try (ServerSocket kept = listen("127.0.0.1", 0)) {
            HealthTarget keptTarget = target("web", endpoint(kept), FAST);
            checker.update(List.of(target("web", endpoint(removed), FAST), keptTarget));
            awaitConnection(removed);
            awaitConnection(kept);

            checker.update(List.of(keptTarget));
            removed.close();
            // Checks of the removed server would fail within the time that these take.
            for (int i = 0; i < 10; i++) {
                awaitConnection(kept);
            }
            assertThat(changes).noneMatch(change -> change.endsWith("down"));
        }
    }

    @Test
    void serverThatWasRemovedAndComesBackStartsAnew() throws IOException {
        Endpoint dead = unusedEndpoint();
        List<HealthTarget> targets = List.of(target("web", dead, FAST));
        checker.update(targets);
        await().until(() -> changes.size() == 2);

        checker.update(List.of());
        checker.update(targets);
        await().until(() -> changes.size() == 4);
        String up = "web " + dead + " up";
        String down = "web " + dead + " down";
        assertThat(changes).containsExactly(up, down, up, down);
    }

    @Test
    void reloadAddsServersAndKeepsTheStateOfTheOthers() throws IOException {
        Endpoint dead = unusedEndpoint();
        checker.update(List.of(target("web", dead, FAST)));
        await().until(() -> changes.contains("web " + dead + " down"));

        Endpoint added = unusedEndpoint();
        checker.update(List.of(target("web", dead, settings(10, 500, 3, 3)), target("web", added, FAST)));
        await().until(() -> changes.contains("web " + added + " down"));
        assertThat(changes)
                .containsExactly(
                        "web " + dead + " up",
                        "web " + dead + " down",
                        "web " + added + " up",
                        "web " + added + " down");

        try (ServerSocket _ = listen("127.0.0.1", dead.port())) {
            await().until(() -> changes.size() == 5);
        }
        assertThat(logged).contains("server " + dead + " of service web is up: 3 checks passed");
    }

    @Test
    void serverThatIsNotCheckedAnyMoreIsUp() throws IOException {
        Endpoint dead = unusedEndpoint();
        checker.update(List.of(target("web", dead, FAST)));
        await().until(() -> changes.contains("web " + dead + " down"));

        checker.update(List.of(target("web", dead, settings(new HealthProbe.None(), 20, 20, 2, 2))));
        await().until(() -> changes.size() == 3);
        assertThat(logged).contains("server " + dead + " of service web is up: it is not checked any more");
    }

    @Test
    void sameServerIsCheckedForEachOfItsServices() throws IOException {
        Endpoint dead = unusedEndpoint();
        checker.update(List.of(target("web", dead, FAST), target("shop", dead, FAST)));
        await().until(() -> changes.size() == 4);
        assertThat(changes).contains("web " + dead + " down", "shop " + dead + " down");

        assertThatThrownBy(() -> checker.update(List.of(target("web", dead, FAST), target("web", dead, FAST))))
                .hasMessageContaining("given twice");
    }

    /** 400 servers (127.1.0.0/16 is all loopback) ten times a second each: an order of magnitude above what is asked of one loop. */
    @Test
    void manyServersAreCheckedOnOneLoop() throws Exception {
        Thread accepting;
        try (ServerSocket listening = listen("0.0.0.0", 0, 4096)) {
            Map<InetAddress, AtomicInteger> connections = new ConcurrentHashMap<>();
            accepting = Thread.ofVirtual().start(() -> {
                while (!listening.isClosed()) {
                    try (Socket accepted = listening.accept()) {
                        connections
                                .computeIfAbsent(accepted.getLocalAddress(), _ -> new AtomicInteger())
                                .incrementAndGet();
                    } catch (IOException e) {
                        assertThat(listening.isClosed()).isTrue();
                    }
                }
            });
            List<HealthTarget> targets = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                Endpoint server =
                        Endpoint.parse("127.1." + i / 200 + "." + (1 + i % 200) + ":" + listening.getLocalPort());
                targets.add(target("web", server, settings(100, 5000, 2, 2)));
            }
            checker.update(targets);

            await().until(() ->
                    connections.size() == 400 && connections.values().stream().allMatch(count -> count.get() >= 5));
            assertThat(changes).hasSize(400).allMatch(change -> change.endsWith("up"));
        }
        accepting.join();
    }

    @Test
    void checksGoToTheGivenPortFromTheGivenAddress() throws IOException {
        try (ServerSocket listening = listen("127.0.0.1", 0)) {
            HealthSettings settings = new HealthSettings(
                    new HealthProbe.Tcp(),
                    FAST.interval(),
                    FAST.fastInterval(),
                    FAST.timeout(),
                    2,
                    2,
                    Optional.of(IpAddress.parse("127.9.9.9")),
                    Optional.of(listening.getLocalPort()));
            checker.update(List.of(target("web", unusedEndpoint(), settings)));

            try (Socket accepted = listening.accept()) {
                assertThat(accepted.getInetAddress().getHostAddress()).isEqualTo("127.9.9.9");
            }
        }
    }

    @Test
    void sourceThatIsNoAddressOfThisHostSaysNothingOfTheServer() throws IOException {
        HealthSettings settings = new HealthSettings(
                new HealthProbe.Tcp(),
                FAST.interval(),
                FAST.fastInterval(),
                FAST.timeout(),
                2,
                2,
                Optional.of(IpAddress.parse("192.0.2.1")),
                Optional.empty());
        checker.update(List.of(target("web", unusedEndpoint(), settings)));

        await().until(() -> checker.counts().getFirst().checks(CheckResult.OBSTACLE) >= 3);
        assertThat(changes).noneMatch(change -> change.endsWith("down"));
    }

    /** With an interval of an hour only the fast one can have made the second check. */
    @Test
    void fastIntervalCountsWhileTheStateIsContested() throws IOException {
        Endpoint dead = unusedEndpoint();
        checker.update(List.of(target("web", dead, slow(Optional.empty()))));
        // The first check takes it down, and the ones after that agree: nothing is contested.
        checker.update(List.of(target("web", dead, FAST)));
        await().until(() -> changes.contains("web " + dead + " down"));

        try (ServerSocket listening = listen("127.0.0.1", dead.port())) {
            checker.update(List.of(target("web", dead, slow(Optional.of(listening.getLocalPort())))));
            // Three checks until it is up: the first comes after a tenth of the slow interval at most.
            await().until(() -> changes.size() == 3);
        }
    }

    private static HealthSettings slow(Optional<Integer> port) {
        return new HealthSettings(
                new HealthProbe.Tcp(),
                Duration.ofSeconds(30),
                Duration.ofMillis(20),
                Duration.ofSeconds(1),
                3,
                1,
                Optional.empty(),
                port);
    }

    private static HealthSettings settings(int intervalMillis, int timeoutMillis, int rise, int fall) {
        return settings(new HealthProbe.Tcp(), intervalMillis, timeoutMillis, rise, fall);
    }

    private static HealthSettings settings(
            HealthProbe probe, int intervalMillis, int timeoutMillis, int rise, int fall) {
        return new HealthSettings(
                probe,
                Duration.ofMillis(intervalMillis),
                Duration.ofMillis(intervalMillis),
                Duration.ofMillis(timeoutMillis),
                rise,
                fall,
                Optional.empty(),
                Optional.empty());
    }

    private static HealthTarget target(String service, Endpoint server, HealthSettings settings) {
        return new HealthTarget(service, server, settings, Optional.empty());
    }

    private static ServerSocket listen(String address, int port) throws IOException {
        return listen(address, port, 64);
    }

    private static ServerSocket listen(String address, int port, int backlog) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.setSoTimeout(10_000);
        socket.bind(new InetSocketAddress(address, port), backlog);
        return socket;
    }

    private static void awaitConnection(ServerSocket listening) throws IOException {
        listening.accept().close();
    }

    private static Endpoint endpoint(ServerSocket socket) {
        return new Endpoint(IpAddress.ofBytes(socket.getInetAddress().getAddress()), socket.getLocalPort());
    }

    private static Endpoint unusedEndpoint() throws IOException {
        try (ServerSocket socket = listen("127.0.0.1", 0)) {
            return endpoint(socket);
        }
    }

    private static void fillQueue(ServerSocket silent, List<Socket> filling) throws IOException {
        while (true) {
            Socket socket = new Socket();
            filling.add(socket);
            try {
                socket.connect(silent.getLocalSocketAddress(), 200);
            } catch (SocketTimeoutException e) {
                return;
            }
        }
    }
}
