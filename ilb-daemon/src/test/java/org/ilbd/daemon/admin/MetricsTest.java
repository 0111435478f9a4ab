package org.ilbd.daemon.admin;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.daemon.admin.TestEngine.SHOP;
import static org.ilbd.daemon.admin.TestEngine.WEB;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.TcpHeader;
import org.ilbd.core.scheduler.SchedulerKind;
import org.ilbd.daemon.health.AgentResult;
import org.ilbd.daemon.health.CheckResult;
import org.ilbd.daemon.health.ServerCounts;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final TestEngine test = new TestEngine();
    private final Engine engine = test.engine();
    private final long startNanos = System.nanoTime();
    private final DutyCycle dutyCycle = new DutyCycle(startNanos);
    private List<ServerCounts> watched = List.of();
    private final Metrics metrics = new Metrics(engine, () -> watched, dutyCycle, "1.2.3");

    @AfterEach
    void close() {
        metrics.close();
        test.close();
    }

    /** Names, help, types, labels and values, of an engine that has seen a little of everything. */
    @Test
    void scrapeIsAsItWasAgreed() {
        test.becomeActive();
        for (int client = 1; client <= 3; client++) {
            test.receive("10.1.0.2:4000" + client, "10.9.0.1:80", TcpHeader.SYN);
        }
        test.receive("10.1.0.2:40001", "10.9.0.1:80", TcpHeader.ACK);
        test.receive("10.1.0.2:40002", "10.9.0.1:80", TcpHeader.FIN | TcpHeader.ACK);
        test.receive("10.1.0.2:50000", "10.9.0.1:80", TcpHeader.ACK);
        test.receive("10.1.0.2:50000", "10.9.0.1:81", TcpHeader.SYN);
        test.receive("[2001:db8:1::2]:40000", "[2001:db8:9::1]:443", TcpHeader.SYN);
        test.receive("[2001:db8:2::65]:8443", "[2001:db8:1::2]:40000", TcpHeader.SYN | TcpHeader.ACK);
        Server down = engine.services().getFirst().servers().get(1);
        engine.onServerReport(down, ServerReport.ofCheck(false), test.nowNanos());
        watched = List.of(watched("10.2.0.101:80", true), watched("10.2.0.102:80", false));
        test.tick();
        dutyCycle.onTick(startNanos + MILLISECONDS.toNanos(250));
        dutyCycle.onSlice(MILLISECONDS.toNanos(3), MILLISECONDS.toNanos(2));

        assertThat(ilbdLines()).isEqualTo(golden());
    }

    @Test
    void removedServicesAndServersDisappearAndNewOnesAppear() {
        assertThat(ilbdLines()).contains("service=\"web\"", "server=\"10.2.0.102:80\"", "service=\"shop\"");

        ServiceConfig changed = new ServiceConfig(
                "www",
                WEB.vip(),
                WEB.forwarding(),
                WEB.scheduler(),
                WEB.orphan(),
                List.of(WEB.servers().getFirst()));
        ServiceConfig added = new ServiceConfig(
                "mail",
                Endpoint.parse("10.9.0.2:25"),
                WEB.forwarding(),
                WEB.scheduler(),
                WEB.orphan(),
                List.of(TestEngine.server("10.2.0.103:25", 1)));
        engine.reconfigure(List.of(changed, added));

        assertThat(ilbdLines())
                .contains("service=\"www\"", "server=\"10.2.0.101:80\"", "server=\"10.2.0.103:25\"")
                .doesNotContain("\"web\"", "10.2.0.102", "\"shop\"", "2001:db8");
    }

    @Test
    void anIntakeIsShownWhereThereIsOne() {
        assertThat(ilbdLines()).doesNotContain("intake");
        engine.reconfigure(List.of(new ServiceConfig(
                WEB.name(), WEB.vip(), WEB.forwarding(), SchedulerKind.INTAKE, WEB.orphan(), WEB.servers())));
        test.becomeActive();
        test.tick();

        String tags = "{service=\"web\",vip=\"10.9.0.1:80\"} ";
        assertThat(ilbdLines())
                .contains(
                        "ilbd_service_intake_designations_total{cause=\"first\",service=\"web\",vip=\"10.9.0.1:80\"} 1.0\n",
                        "ilbd_service_intake_designations_total{cause=\"peer\",service=\"web\",vip=\"10.9.0.1:80\"} 0.0\n",
                        "ilbd_service_intake_sequence" + tags + "1.0\n",
                        "ilbd_service_intake_responsible" + tags + "1.0\n",
                        "ilbd_service_intake_unconfirmed" + tags + "0.0\n",
                        "ilbd_server_intake_designations_total{server=\"10.2.0.101:80\",service=\"web\",vip=\"10.9.0.1:80\"} 1.0\n",
                        "ilbd_server_intake_designations_total{server=\"10.2.0.102:80\",service=\"web\",vip=\"10.9.0.1:80\"} 0.0\n",
                        "ilbd_server_intake{server=\"10.2.0.101:80\",service=\"web\",vip=\"10.9.0.1:80\"} 1.0\n",
                        "ilbd_server_intake{server=\"10.2.0.102:80\",service=\"web\",vip=\"10.9.0.1:80\"} 0.0\n");
    }

    private static ServerCounts watched(String server, boolean agent) {
        ServerCounts counts = new ServerCounts("web", Endpoint.parse(server));
        counts.setAgent(agent);
        counts.count(CheckResult.PASSED);
        counts.count(CheckResult.PASSED);
        counts.count(CheckResult.TIMEOUT);
        counts.count(AgentResult.RUBBISH);
        return counts;
    }

    @Test
    void serversThatAreNotWatchedAnyMoreDisappear() {
        watched = List.of(watched("10.2.0.108:80", true));
        assertThat(ilbdLines()).contains("10.2.0.108:80");

        watched = List.of(watched("10.2.0.109:80", false));
        assertThat(ilbdLines()).contains("10.2.0.109:80").doesNotContain("10.2.0.108:80", "ilbd_agent_replies");
    }

    @Test
    void countersGoOnOverAReload() {
        test.becomeActive();
        test.receive("10.1.0.2:40000", "10.9.0.1:80", TcpHeader.SYN);
        String counted = "ilbd_service_packets_total{direction=\"in\",service=\"web\",vip=\"10.9.0.1:80\"} 1.0\n";
        assertThat(ilbdLines()).contains(counted);

        engine.reconfigure(List.of(SHOP, WEB));
        assertThat(ilbdLines()).contains(counted);
    }

    @Test
    void engineThatDoesNotMoveIsNotUp() {
        dutyCycle.onTick(System.nanoTime() - MILLISECONDS.toNanos(1_500));

        assertThat(ilbdLines()).contains("\nilbd_up 0.0\n");
    }

    @Test
    void virtualMachineIsShown() {
        assertThat(metrics.page("").content())
                .contains(
                        "\njvm_memory_used_bytes{",
                        "\njvm_threads_live_threads ",
                        "\njvm_gc_max_data_size_bytes ",
                        "\nprocess_cpu_usage ",
                        "\nprocess_files_open_files ",
                        "\nprocess_uptime_seconds ");
    }

    private String ilbdLines() {
        return metrics.page("")
                .content()
                .lines()
                .filter(line -> line.matches("(# (HELP|TYPE) )?ilbd_.*"))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String golden() {
        try (InputStream file = MetricsTest.class.getResourceAsStream("metrics.txt")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
