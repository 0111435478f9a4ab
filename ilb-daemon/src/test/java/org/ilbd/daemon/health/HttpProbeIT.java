package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.ilbd.daemon.health.Watched.settings;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthProbe.StatusRange;
import org.ilbd.daemon.config.HealthProbe.Tls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks of a real nginx, with certificates that a real openssl has made. */
class HttpProbeIT {
    private final Watched watched = new Watched();

    @TempDir
    Path directory;

    private Process nginx;
    private int plainPort;
    private int tlsPort;

    @BeforeEach
    void startNginx() throws Exception {
        try (ServerSocket plain = new ServerSocket(0);
                ServerSocket tls = new ServerSocket(0)) {
            plainPort = plain.getLocalPort();
            tlsPort = tls.getLocalPort();
        }
        certificate("www", "DNS:www.example.com,IP:127.0.0.1");
        certificate("other", "DNS:other.example.com");
        Path configuration = Files.writeString(directory.resolve("nginx.conf"), """
                daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/error.log;
                events {}
                http {
                  access_log DIR/access.log;
                  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi;
                  uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
                  server { listen 127.0.0.1:PLAIN; location = /good { return 204; } location = /moved { return 302 /; } location / { return 503; } }
                  server {
                    listen 127.0.0.1:TLS ssl default_server; server_name www.example.com;
                    ssl_certificate DIR/www.pem; ssl_certificate_key DIR/www.key;
                    location / { return 200 www; }
                  }
                  server {
                    listen 127.0.0.1:TLS ssl; server_name other.example.com;
                    ssl_certificate DIR/other.pem; ssl_certificate_key DIR/other.key;
                    location / { return 200 other; }
                  }
                }
                """.replace("DIR", directory.toString())
                .replace("PLAIN", Integer.toString(plainPort))
                .replace("TLS", Integer.toString(tlsPort)));
        nginx = new ProcessBuilder("nginx", "-p", directory.toString(), "-c", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("out").toFile())
                .start();
    }

    private void certificate(String name, String names) throws Exception {
        Process openssl = new ProcessBuilder(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:P-256",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=" + name,
                        "-addext",
                        "subjectAltName=" + names,
                        "-keyout",
                        directory.resolve(name + ".key").toString(),
                        "-out",
                        directory.resolve(name + ".pem").toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".out").toFile())
                .start();
        assertThat(openssl.waitFor()).as(name).isZero();
    }

    @AfterEach
    void stop() throws InterruptedException {
        watched.close();
        nginx.destroy();
        assertThat(nginx.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    private List<X509Certificate> authority(String name) throws Exception {
        try (InputStream file = Files.newInputStream(directory.resolve(name + ".pem"))) {
            return List.of(
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
    }

    private static HealthProbe get(String path, int status, Optional<Tls> tls) {
        return new HealthProbe.Http(false, path, List.of(new StatusRange(status, status)), Optional.empty(), tls);
    }

    private void awaitUp(int port, HealthProbe probe) {
        // nginx may not listen yet.
        watched.watch(Endpoint.parse("127.0.0.1:" + port), settings(probe));
        await().atMost(Duration.ofSeconds(30)).until(() -> watched.checks(CheckResult.PASSED) >= 3 && watched.isUp());
    }

    private void awaitDown(int port, HealthProbe probe, String reason) {
        watched.watchAll(List.of());
        watched.watch(Endpoint.parse("127.0.0.1:" + port), settings(probe));
        await().atMost(Duration.ofSeconds(30))
                .until(() -> watched.logged.stream().anyMatch(line -> line.contains("is down: " + reason)));
    }

    @Test
    void statusOfAPlainServerDecides() throws IOException {
        awaitUp(plainPort, get("/good", 204, Optional.empty()));
        awaitUp(plainPort, get("/moved", 302, Optional.empty()));
        awaitDown(plainPort, get("/none", 200, Optional.empty()), "status 503");

        assertThat(directory.resolve("access.log")).content().contains("\"GET /good HTTP/1.1\" 204", "\"ilbd\"");
        assertThat(directory.resolve("error.log")).isEmptyFile();
    }

    @Test
    void certificateMustBeOfAnAuthorityAndForTheName() throws Exception {
        List<X509Certificate> www = authority("www");
        awaitUp(tlsPort, get("/", 200, Optional.of(new Tls(true, Optional.of("www.example.com"), www))));
        // Its address is one of its names.
        awaitUp(tlsPort, get("/", 200, Optional.of(new Tls(true, Optional.empty(), www))));

        awaitDown(
                tlsPort,
                get("/", 200, Optional.of(new Tls(true, Optional.of("www.example.org"), www))),
                "TLS: No subject alternative DNS name matching www.example.org found");
        awaitDown(
                tlsPort,
                get("/", 200, Optional.of(new Tls(true, Optional.of("www.example.com"), List.of()))),
                "TLS: unable to find valid certification path");
    }

    @Test
    void nameSelectsTheCertificate() throws Exception {
        awaitUp(
                tlsPort,
                get("/", 200, Optional.of(new Tls(true, Optional.of("other.example.com"), authority("other")))));
    }

    @Test
    void unverifiedCertificateMayBeAnybodys() {
        awaitUp(tlsPort, get("/", 200, Optional.of(new Tls(false, Optional.of("www.example.org"), List.of()))));
        awaitDown(
                tlsPort,
                get("/", 204, Optional.of(new Tls(false, Optional.of("www.example.org"), List.of()))),
                "status 200");
    }

    @Test
    void plainServerDoesNotSpeakTls() {
        awaitUp(plainPort, get("/good", 204, Optional.empty()));
        awaitDown(plainPort, get("/good", 204, Optional.of(new Tls(false, Optional.empty(), List.of()))), "TLS: ");
    }
}
