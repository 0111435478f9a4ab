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
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthProbe.StatusRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a real socket on loopback that answers whatever the test says. */
class HttpProbeTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    private static final String SILENCE = "silence";

    private final Watched watched = new Watched();
    private final Queue<String> requests = new ConcurrentLinkedQueue<>();
    private ServerSocket listening;
    private Thread serving;
    private volatile String answer = OK;

    @BeforeEach
    void listen() throws IOException {
        listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        serving = Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
        while (!listening.isClosed()) {
            try (Socket socket = listening.accept()) {
                StringBuilder request = new StringBuilder();
                while (request.indexOf("\r\n\r\n") < 0) {
                    int next = socket.getInputStream().read();
                    if (next < 0) {
                        break;
                    }
                    request.append((char) next);
                }
                requests.add(request.toString());
                if (answer.equals(SILENCE)) {
                    // Until the other side has had enough.
                    socket.getInputStream().read();
                } else {
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                }
            } catch (IOException e) {
                // The server is closed, or the checker has gone.
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        watched.close();
        listening.close();
        serving.join();
    }

    private Endpoint server() {
        return Endpoint.parse("127.0.0.1:" + listening.getLocalPort());
    }

    private static HealthProbe.Http get(StatusRange... expected) {
        return new HealthProbe.Http(false, "/", List.of(expected), Optional.empty(), Optional.empty());
    }

    private static String status(int status) {
        return "HTTP/1.1 " + status + " Whatever\r\nContent-Length: 0\r\n\r\n";
    }

    @Test
    void requestIsAsConfigured() {
        HealthProbe probe = new HealthProbe.Http(
                true,
                "/healthz?deep=1",
                List.of(new StatusRange(200, 200)),
                Optional.of("www.example.com"),
                Optional.empty());
        watched.watch(server(), settings(probe));
        await().until(() -> watched.checks(CheckResult.PASSED) >= 1);

        assertThat(requests.element())
                .startsWith("HEAD /healthz?deep=1 HTTP/1.1\r\n")
                .contains("\r\nhost: www.example.com\r\n", "\r\nconnection: close\r\n");
    }

    @Test
    void hostIsTheServerUnlessItIsSet() {
        watched.watch(server(), settings(get(new StatusRange(200, 200))));
        await().until(() -> !requests.isEmpty());

        assertThat(requests.element()).startsWith("GET / HTTP/1.1\r\n").contains("\r\nhost: " + server() + "\r\n");
    }

    @Test
    void statusDecides() {
        watched.watch(server(), settings(get(new StatusRange(200, 204), new StatusRange(301, 301))));
        for (int good : new int[] {200, 204, 301}) {
            answer = status(good);
            await().until(watched::isUp);
            long passed = watched.checks(CheckResult.PASSED);
            await().until(() -> watched.checks(CheckResult.PASSED) >= passed + 2);
            for (int bad : new int[] {205, 300, 302, 404, 503}) {
                answer = status(bad);
                await().until(() ->
                        watched.logged.contains("server " + server() + " of service web is down: status " + bad));
                answer = status(good);
                await().until(watched::isUp);
            }
            watched.logged.clear();
        }
    }

    @Test
    void informationOnTheWayIsNoAnswer() {
        answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + status(500);
        watched.watch(server(), settings(get(new StatusRange(100, 399))));

        await().until(() -> watched.checks(CheckResult.FAILED) >= 2);
        assertThat(watched.checks(CheckResult.PASSED)).isZero();
    }

    @Test
    void bodyIsNotWaitedFor() {
        answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin";
        watched.watch(server(), settings(get(new StatusRange(200, 200))));

        await().until(() -> watched.checks(CheckResult.PASSED) >= 2);
    }

    @Test
    void whatIsNotHttpFails() {
        for (String wrong : List.of("SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "\0\1\2", "")) {
            answer = wrong;
            watched.watch(server(), settings(get(new StatusRange(100, 599))));
            await().until(() -> !watched.isUp());
            answer = OK;
            await().until(watched::isUp);
        }
        assertThat(watched.logged)
                .anyMatch(line -> line.endsWith("is down: the answer is not HTTP"))
                .anyMatch(line -> line.endsWith("is down: closed without an answer"));
    }

    @Test
    void serverThatAcceptsAndSaysNothingTimesOut() {
        answer = SILENCE;
        watched.watch(server(), settings(get(new StatusRange(200, 200)), Duration.ofMillis(200)));

        await().until(() -> watched.checks(CheckResult.TIMEOUT) >= 2);
        assertThat(watched.isUp()).isFalse();
        assertThat(watched.logged)
                .containsExactly("server " + server() + " of service web is down: timeout after 200 ms");
    }
}
