package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.ilbd.daemon.health.Watched.settings;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.AgentSettings;
import org.ilbd.daemon.config.HealthProbe;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a real agent on loopback, whose answer the test sets. */
class AgentWatchTest {
    private static final String SILENCE = "silence";

    private final Watched watched = new Watched();
    private final Queue<String> asked = new ConcurrentLinkedQueue<>();
    private final Queue<Socket> held = new ConcurrentLinkedQueue<>();
    private ServerSocket agent;
    private Thread serving;
    private volatile String answer = "up\n";

    @BeforeEach
    void startAgent() throws IOException {
        agent = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        serving = Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
        while (!agent.isClosed()) {
            try {
                Socket socket = agent.accept();
                held.add(socket);
                if (!answer.equals(SILENCE)) {
                    byte[] bytes = new byte[64];
                    socket.setSoTimeout(20);
                    try {
                        int length = socket.getInputStream().read(bytes);
                        asked.add(new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII));
                    } catch (IOException e) {
                        asked.add("");
                    }
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                    socket.shutdownOutput();
                }
            } catch (IOException e) {
                // The agent is closed, or the asker has gone.
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        watched.close();
        agent.close();
        for (Socket socket : held) {
            socket.close();
        }
        serving.join();
    }

    private void watch(String send) {
        watched.watch(
                Endpoint.parse("127.0.0.1:1"),
                settings(new HealthProbe.None()),
                new AgentSettings(agent.getLocalPort(), Duration.ofMillis(30), Duration.ofSeconds(1), send));
        await().until(() -> !watched.reports.isEmpty());
    }

    @Test
    void everyWordHasItsEffectAndStays() {
        answer = "drain 75% maxconn:30 load:250\n";
        watch("");
        await().until(() -> watched.weightPercent().isPresent());
        assertThat(watched.lastOfAgent())
                .contains(AgentReply.parse("drain 75% maxconn:30 load:250").toReport());

        answer = "down # no database\n";
        await().until(() -> !watched.isUp());
        assertThat(watched.administration()).contains(Administration.DRAIN);
        assertThat(watched.weightPercent()).hasValue(75);
        assertThat(watched.lastOfAgent().flatMap(ServerReport::administration)).isEmpty();
        assertThat(watched.logged).contains("agent of server 127.0.0.1:1 of service web says: down # no database");

        answer = "ready,up\n";
        await().until(watched::isUp);
        assertThat(watched.administration()).contains(Administration.READY);
        assertThat(watched.maxConnections()).hasValue(30);
        assertThat(watched.replies(AgentResult.RUBBISH)).isZero();
    }

    @Test
    void everyReplyIsToldSinceItsAgeCountsAndLoggedOnce() {
        answer = "up load:100\n";
        watch("");
        await().until(() -> watched.reports.size() >= 5);

        assertThat(watched.lastOfAgent().orElseThrow().loadPerMille()).hasValue(100);
        assertThat(watched.logged).containsExactly("agent of server 127.0.0.1:1 of service web says: up");
    }

    @Test
    void agentThatSaysNothingInTimeChangesNothing() {
        answer = "down\n";
        watch("");
        await().until(() -> !watched.isUp());

        long before = watched.replies(AgentResult.TIMEOUT);
        watched.logged.clear();
        answer = SILENCE;
        await().until(() -> watched.replies(AgentResult.TIMEOUT) >= before + 2);
        assertThat(watched.isUp()).isFalse();
        assertThat(watched.logged)
                .containsOnlyOnce("agent of server 127.0.0.1:1 of service web: timeout after 1000 ms");
    }

    @Test
    void agentThatIsGoneChangesNothing() throws IOException {
        answer = "drain\n";
        watch("");
        await().until(() -> watched.administration().isPresent());

        agent.close();
        await().until(() -> watched.replies(AgentResult.UNREACHABLE) >= 2);
        assertThat(watched.administration()).contains(Administration.DRAIN);
        assertThat(watched.logged).containsOnlyOnce("agent of server 127.0.0.1:1 of service web: connection refused");
    }

    @Test
    void rubbishIsCountedAndTheRestCounts() {
        answer = "hello 50% w\u0001rld\n";
        watch("");
        await().until(() -> watched.weightPercent().isPresent());

        assertThat(watched.weightPercent()).hasValue(50);
        assertThat(watched.replies(AgentResult.RUBBISH)).isPositive();
        assertThat(watched.replies(AgentResult.OK)).isZero();
        assertThat(watched.logged)
                .containsOnlyOnce(
                        "agent of server 127.0.0.1:1 of service web: words that mean nothing are ignored: hello w?rld");
    }

    @Test
    void lineWithoutAnEndIsIgnored() {
        answer = "down";
        watch("");
        await().until(() -> watched.replies(AgentResult.INCOMPLETE) >= 2);
        assertThat(watched.isUp()).isTrue();

        answer = "x".repeat(AgentProbe.MAX_LINE_BYTES + 1) + " down\n";
        await().until(() -> watched.replies(AgentResult.INCOMPLETE) >= 5);
        assertThat(watched.isUp()).isTrue();
    }

    @Test
    void nothingIsCounted() {
        answer = "";
        watch("");
        await().until(() -> watched.replies(AgentResult.EMPTY) >= 1);

        long before = watched.replies(AgentResult.EMPTY);
        answer = " \r\n";
        await().until(() -> watched.replies(AgentResult.EMPTY) >= before + 2);
        assertThat(watched.replies(AgentResult.INCOMPLETE)).isZero();
    }

    @Test
    void carriageReturnEndsTheLine() {
        answer = "up\rdown\n";
        watch("");
        await().until(() -> watched.replies(AgentResult.OK) >= 2);
        assertThat(watched.isUp()).isTrue();
    }

    @Test
    void textIsSent() {
        watch("web please\n");
        await().until(() -> asked.contains("web please\n"));
    }

    @Test
    void serverIsUpOnlyIfBothSaySo() throws IOException {
        int port;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        Endpoint server = Endpoint.parse("127.0.0.1:" + port);
        AgentSettings asking =
                new AgentSettings(agent.getLocalPort(), Duration.ofMillis(30), Duration.ofSeconds(5), "");
        answer = "down\n";
        watched.watch(server, settings(new HealthProbe.Tcp()), asking);
        await().until(() -> watched.checks(CheckResult.FAILED) >= 1 && watched.replies(AgentResult.OK) >= 1);
        assertThat(watched.isUp()).isFalse();

        answer = "up\n";
        long asked = watched.replies(AgentResult.OK);
        await().until(() -> watched.replies(AgentResult.OK) >= asked + 3);
        assertThat(watched.isUp()).as("the health check says down").isFalse();

        try (ServerSocket _ = new ServerSocket(port, 64, InetAddress.getLoopbackAddress())) {
            await().until(watched::isUp);
            answer = "down\n";
            await().until(() -> !watched.isUp());
            long passed = watched.checks(CheckResult.PASSED);
            await().until(() -> watched.checks(CheckResult.PASSED) >= passed + 3);
            assertThat(watched.isUp()).as("the agent says down").isFalse();
        }
    }

    @Test
    void serverWithoutItsAgentIsAsBefore() {
        answer = "down drain 10%\n";
        watch("");
        await().until(() -> !watched.isUp());

        watched.watch(Endpoint.parse("127.0.0.1:1"), settings(new HealthProbe.None()));
        await().until(watched::isUp);
        assertThat(watched.lastOfAgent()).contains(ServerReport.withoutAgent());
    }
}
