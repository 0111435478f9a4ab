package org.ilbd.daemon.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.StartupException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Over real connections on loopback. */
class AdminServerTest {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final HttpClient client = HttpClient.newHttpClient();
    private final TestEngine test = new TestEngine();
    private final DutyCycle dutyCycle = new DutyCycle(System.nanoTime());
    private AdminServer server;

    @BeforeEach
    void start() throws StartupException {
        server = start("127.0.0.1:0");
    }

    @AfterEach
    void stop() {
        server.close();
        client.close();
        test.close();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void metricsAreShownInPrometheusFormat() throws Exception {
        HttpResponse<String> response = get("/metrics");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("text/plain; version=0.0.4; charset=utf-8");
        assertThat(response.body())
                .contains("# TYPE ilbd_service_packets_total counter\n")
                .doesNotContain("# EOF");
    }

    @Test
    void metricsAreShownInOpenMetricsFormatToWhoAcceptsIt() throws Exception {
        HttpResponse<String> response = send(request("/metrics")
                .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"));

        assertThat(response.headers().firstValue("content-type"))
                .hasValue("application/openmetrics-text; version=1.0.0; charset=utf-8");
        assertThat(response.body())
                .contains("# TYPE ilbd_service_packets counter\n")
                .endsWith("# EOF\n");
    }

    @Test
    void healthzTellsWhetherTheEngineMoves() throws Exception {
        dutyCycle.onTick(System.nanoTime());
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/healthz").body()).isEqualTo("ok\n");

        dutyCycle.onTick(System.nanoTime() - TimeUnit.SECONDS.toNanos(5));
        HttpResponse<String> stuck = get("/healthz");
        assertThat(stuck.statusCode()).isEqualTo(503);
        assertThat(stuck.body()).matches("the engine has not moved for 5\\d{3} ms\n");
    }

    @Test
    void readyzTellsWhetherThisIlbIsActive() throws Exception {
        HttpResponse<String> joining = get("/readyz");
        assertThat(joining.statusCode()).isEqualTo(503);
        assertThat(joining.body()).isEqualTo("joining\n");

        test.becomeActive();
        HttpResponse<String> active = get("/readyz");
        assertThat(active.statusCode()).isEqualTo(200);
        assertThat(active.body()).isEqualTo("active\n");

        test.leave();
        HttpResponse<String> leaving = get("/readyz");
        assertThat(leaving.statusCode()).isEqualTo(503);
        assertThat(leaving.body()).isEqualTo("leaving\n");
    }

    @Test
    void headHasTheHeadersOfGetAndNoContent() throws Exception {
        dutyCycle.onTick(System.nanoTime());
        HttpResponse<String> response = send(request("/healthz").HEAD());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-length")).hasValue("3");
        assertThat(response.body()).isEmpty();
    }

    @Test
    void queryIsIgnored() throws Exception {
        assertThat(get("/readyz?verbose=1").body()).isEqualTo("joining\n");
    }

    @Test
    void unknownPathIsNotFound() throws Exception {
        for (String path : new String[] {"/", "/metrics/", "/..%2fmetrics", "/METRICS"}) {
            HttpResponse<String> response = get(path);
            assertThat(response.statusCode()).as(path).isEqualTo(404);
            assertThat(response.body()).isEqualTo("not found; there are /metrics, /healthz, /readyz\n");
        }
    }

    @Test
    void otherMethodsAreNotAllowed() throws Exception {
        HttpResponse<String> response = send(request("/metrics").POST(BodyPublishers.ofString("x=1")));

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("allow")).hasValue("GET, HEAD");
    }

    @Test
    void connectionServesSeveralRequests() throws IOException {
        String request = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
        String last = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

        assertThat(exchange(request + request + last).split("HTTP/1.1 503", -1)).hasSize(4);
    }

    @Test
    void tooMuchIsRefused() throws IOException {
        assertThat(exchange("GET /" + "x".repeat(1100) + " HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 414 ");
        assertThat(exchange("GET /readyz HTTP/1.1\r\nX: " + "x".repeat(8200) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431 ");
        assertThat(exchange("POST /readyz HTTP/1.1\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n"))
                .startsWith("HTTP/1.1 413 ");
    }

    @Test
    void whatIsNoRequestIsRefusedAndTheConnectionClosed() throws IOException {
        assertThat(exchange("\u0016\u0003\u0001 hello\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void addressInUseEndsWithItsExitCodeAndOneClearLine() {
        assertThatThrownBy(() -> start("127.0.0.1:" + server.port()))
                .isInstanceOfSatisfying(
                        StartupException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BIND))
                .hasMessage("admin.listen = 127.0.0.1:" + server.port() + ": the port is in use by another process");
    }

    @Test
    void addressOfAnotherHostEndsWithItsExitCodeAndOneClearLine() {
        // RFC 5737, 3: an address for documentation
        assertThatThrownBy(() -> start("192.0.2.1:7480"))
                .isInstanceOfSatisfying(
                        StartupException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.BIND))
                .hasMessage("admin.listen = 192.0.2.1:7480: not an address of this host");
    }

    @Test
    void ipv6Works() throws Exception {
        try (AdminServer ipv6 = start("[::1]:0")) {
            URI uri = URI.create("http://[::1]:" + ipv6.port() + "/readyz");
            assertThat(client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                            .body())
                    .isEqualTo("joining\n");
        }
    }

    @Test
    void closingFreesThePort() throws Exception {
        get("/readyz");
        server.close();

        server = start("127.0.0.1:" + server.port());
        assertThat(get("/readyz").body()).isEqualTo("joining\n");
    }

    private AdminServer start(String listen) throws StartupException {
        return AdminServer.start(group.next(), Endpoint.parse(listen), test.engine(), List::of, dutyCycle, "1.2.3");
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send(request(path));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    /** Sends these bytes and returns all that comes until the server closes. */
    private String exchange(String sent) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(sent.getBytes(StandardCharsets.ISO_8859_1));
            try (InputStream answer = socket.getInputStream()) {
                return new String(answer.readAllBytes(), StandardCharsets.ISO_8859_1);
            }
        }
    }
}
