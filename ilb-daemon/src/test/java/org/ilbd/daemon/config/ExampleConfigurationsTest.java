package org.ilbd.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.ilbd.core.engine.Affinity;
import org.ilbd.core.engine.AllDown;
import org.ilbd.core.engine.Authority;
import org.ilbd.core.engine.CacheFill;
import org.ilbd.core.engine.EngineConfig;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.IntakeSettings;
import org.ilbd.core.engine.OnDown;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.engine.PassiveHealth;
import org.ilbd.core.engine.SelectionPolicy;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.engine.ServicePolicy;
import org.ilbd.core.engine.Zones;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.packet.IpPrefix;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The files that are shipped as examples say what they seem to say. */
class ExampleConfigurationsTest {
    private static final Path EXAMPLES = Path.of("..", "config");

    @TempDir
    Path directory;

    static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(EXAMPLES)) {
            return files.filter(file -> file.toString().endsWith(".conf")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void everyExampleIsGood(final Path file) throws ConfigurationException {
        assertThat(ConfigurationLoader.load(file).services()).isNotEmpty();
    }

    @Test
    void thereIsAnExampleForEachTopology() throws IOException {
        assertThat(examples().map(file -> file.getFileName().toString()))
                .contains("ilb.conf", "direct.conf", "nat.conf", "ipv6.conf", "multicast.conf", "peer.conf");
    }

    @Test
    void theExplainedFileShowsTheDefaults() throws Exception {
        final Path minimal = Files.writeString(directory.resolve("minimal.conf"), """
                ilb {
                  cluster { id = "10.2.0.11", bind = "10.2.0.11", peers = ["10.2.0.12", "10.2.0.13"] }
                  datapath { interface = eth0 }
                  services.web {
                    vip = "10.9.0.1:80"
                    servers = [{ address = "10.2.0.101" }, { address = "10.2.0.102" }, { address = "10.2.0.103" }]
                  }
                }
                """);

        assertThat(ConfigurationLoader.load(EXAMPLES.resolve("ilb.conf"))).isEqualTo(ConfigurationLoader.load(minimal));
    }

    @Test
    void theExplainedFileNamesEverySetting() throws IOException {
        // A misspelt key makes the reader name those that it knows.
        final String text = Files.readString(EXAMPLES.resolve("ilb.conf"));
        for (final String part : new String[] {
            "cluster", "datapath", "connections", "cache", "admin", "services.web", "services.web.passive"
        }) {
            final Path file = directory.resolve("ilb.conf");
            Files.writeString(file, text + "\nilb." + part + ".qqqqqqqqqqqqqqqqqqqq = 1\n");
            assertThat(knownKeys(file))
                    .isNotEmpty()
                    .allSatisfy(key -> assertThat(text).containsPattern("(?m)^\\s*(# )?" + key + " (= |\\{)"));
        }
    }

    @Test
    void theExplainedFileNamesEverySettingOfAffinity() throws IOException {
        final String text = Files.readString(EXAMPLES.resolve("ilb.conf"));
        final Path file = directory.resolve("ilb.conf");
        Files.writeString(file, text + "\nilb.services.web.affinity { by = client-ip, qqqqqqqqqqqqqqqqqqqq = 1 }\n");
        assertThat(knownKeys(file))
                .hasSize(4)
                .allSatisfy(key -> assertThat(text).containsPattern("(?m)^\\s*# " + key + " = "));
    }

    @Test
    void affinityIsByTheWholeAddressForHalfAnHourUnlessSaidOtherwise() throws Exception {
        final Path file = directory.resolve("ilb.conf");
        Files.writeString(
                file,
                Files.readString(EXAMPLES.resolve("ilb.conf")) + "\nilb.services.web.affinity { by = client-ip }\n");
        assertThat(ConfigurationLoader.load(file).serviceConfigs().getFirst().affinity())
                .contains(new Affinity(32, 64, 30 * 60_000));
    }

    private static Stream<String> knownKeys(final Path file) {
        try {
            ConfigurationLoader.load(file);
            return Stream.empty();
        } catch (final ConfigurationException e) {
            final String line = e.getMessage();
            return Stream.of(line.substring(line.indexOf("known here: ") + "known here: ".length())
                    .split(", "));
        }
    }

    @Test
    void engineConfigCarriesEverySetting() throws Exception {
        final Path file = Files.writeString(directory.resolve("ilb.conf"), """
                ilb {
                  cluster {
                    id = 7, bind = "fd00::1", port = 7000, multicast = "ff05::7440"
                    heartbeat-interval = 50ms, failure-timeout = 1s, ownership = crc32, seed = -5, zone = here
                    load-cgroup = groups/a
                  }
                  zones { there = ["fd00:5::/32"] }
                  datapath { interface = eth1, tun = lb7, busy-poll = 50us }
                  connections {
                    established = 11, half-open = 12, clients = 18
                    half-open-timeout = 13s, established-timeout = 14m, closing-timeout = 15s
                  }
                  cache { fill = off, capacity = 16, timeout = 17s }
                  services.web {
                    vip = "[fd00:9::1]:80", forwarding = nat, orphan = drop
                    scheduler = bounded-load, balance-factor = 1.5
                    servers = [{ address = "[fd00::65]:8080", weight = 0, maxconn = 21 }, { address = "fd00::66" }]
                    fallback = [{ address = "fd00::67", weight = 3, zone = there }]
                    authority = master, master-timeout = 29ms, prefer-last-server = true
                    overload = 81%, overload-difference = 22%
                    prefer-zone = true, zone-load-limit = 30
                    maxconn = 22, on-down = reset, all-down = reset, slow-start = 23s, drain-time = 24m
                    report-max-age = 25s, passive { retransmits = 26, window = 27s, hold = 28s }
                    affinity { by = client-ip, prefix = 29, prefix6 = 30, timeout = 31m }
                    health { type = none, interval = 200ms }
                  }
                  admin { listen = "[::1]:9000" }
                }
                """);

        final Configuration configuration = ConfigurationLoader.load(file);
        final EngineConfig engine = configuration.engineConfig(99, 1, 2);

        assertThat(engine.id()).hasToString("7");
        assertThat(engine.incarnation()).isEqualTo(99);
        assertThat(engine.ownership()).isEqualTo(OwnershipMode.CRC32);
        assertThat(engine.ownershipSeed()).isEqualTo(-5);
        assertThat(engine.bind()).isEqualTo(Endpoint.parse("[fd00::1]:7000"));
        assertThat(configuration.cluster().loadCgroup()).contains(directory.resolve("groups/a"));
        assertThat(engine.peers()).isEmpty();
        assertThat(engine.multicast()).isEqualTo(Optional.of(Endpoint.parse("[ff05::7440]:7000")));
        assertThat(engine.heartbeatIntervalNanos()).isEqualTo(50_000_000);
        assertThat(engine.failureTimeoutNanos()).isEqualTo(1_000_000_000);
        assertThat(engine.keys()).isEmpty();
        assertThat(engine.established()).isEqualTo(11);
        assertThat(engine.halfOpen()).isEqualTo(12);
        assertThat(engine.clients()).isEqualTo(18);
        assertThat(engine.halfOpenTimeoutMillis()).isEqualTo(13_000);
        assertThat(engine.establishedTimeoutMillis()).isEqualTo(14 * 60_000);
        assertThat(engine.closingTimeoutMillis()).isEqualTo(15_000);
        assertThat(engine.cacheFill()).isEqualTo(CacheFill.OFF);
        assertThat(engine.cacheCapacity()).isEqualTo(16);
        assertThat(engine.cacheTimeoutMillis()).isEqualTo(17_000);
        assertThat(engine.tableKey0()).isEqualTo(1);
        assertThat(engine.tableKey1()).isEqualTo(2);
        final ServiceConfig web = engine.services().getFirst();
        assertThat(web.name()).isEqualTo("web");
        assertThat(web.vip()).hasToString("[fd00:9::1]:80");
        assertThat(web.forwarding()).isEqualTo(Forwarding.NAT);
        assertThat(web.scheduler()).isEqualTo(SchedulerKind.BOUNDED_LOAD);
        assertThat(web.balanceFactor()).isEqualTo(1.5);
        assertThat(web.orphan()).isEqualTo(Orphan.DROP);
        assertThat(web.servers().getFirst().endpoint()).hasToString("[fd00::65]:8080");
        assertThat(web.servers().getFirst().weight()).isZero();
        assertThat(web.servers().getFirst().maxConnections()).isEqualTo(21);
        assertThat(web.servers().get(1)).isEqualTo(new ServerConfig(Endpoint.parse("[fd00::66]:80"), 1, 0, false));
        assertThat(web.servers().getLast())
                .isEqualTo(new ServerConfig(Endpoint.parse("[fd00::67]:80"), 3, 0, true, Zones.number("there")));
        assertThat(web.selection())
                .isEqualTo(new SelectionPolicy(
                        Authority.MASTER,
                        29_000_000,
                        810,
                        220,
                        true,
                        true,
                        300,
                        new Zones(
                                Zones.number("here"),
                                List.of(new Zones.Client(IpPrefix.parse("fd00:5::/32"), Zones.number("there"))))));
        assertThat(web.policy())
                .isEqualTo(new ServicePolicy(
                        22,
                        OnDown.RESET,
                        AllDown.RESET,
                        23_000_000_000L,
                        24 * 60_000_000_000L,
                        25_000_000_000L,
                        new PassiveHealth(26, 27_000_000_000L, 28_000_000_000L)));
        assertThat(web.affinity()).contains(new Affinity(29, 30, 31 * 60_000));
        assertThat(configuration.datapath()).isEqualTo(new DatapathSettings("eth1", "lb7", Duration.ofNanos(50_000)));
        assertThat(configuration.admin().listen()).hasToString("[::1]:9000");
        // The timeout of a check never exceeds the interval, not even by default.
        assertThat(configuration.services().getFirst().health())
                .isEqualTo(new HealthSettings(
                        new HealthProbe.None(),
                        Duration.ofMillis(200),
                        Duration.ofMillis(200),
                        Duration.ofMillis(200),
                        2,
                        2,
                        Optional.empty(),
                        Optional.empty()));
    }

    @Test
    void theExplainedFileNamesEverySettingOfChecksAndAgents() throws IOException {
        final String text = Files.readString(EXAMPLES.resolve("ilb.conf"));
        for (final String part : new String[] {"health", "agent"}) {
            final Path file = directory.resolve("ilb.conf");
            Files.writeString(file, text + "\nilb.services.web." + part + " { port = 1, qqqqqqqqqqqqqqqqqqqq = 1 }\n");
            assertThat(knownKeys(file))
                    .isNotEmpty()
                    .allSatisfy(key -> assertThat(text).containsPattern("(?m)^\\s*(# )?" + key + " (= |\\{)"));
        }
    }

    @Test
    void checksAndAgentsCarryEverySetting() throws Exception {
        final Path file = Files.writeString(directory.resolve("ilb.conf"), """
                ilb {
                  cluster { id = 7, bind = "10.2.0.11" }
                  datapath.interface = eth1
                  services {
                    a {
                      vip = "10.9.0.1:443", servers = [{ address = "10.2.0.101" }]
                      health {
                        type = https, path = "/healthz", method = HEAD, status = [200, "300-302"]
                        host = "www.example.com", verify = false, server-name = "example.com"
                        interval = 3s, fast-interval = 1s, timeout = 2s, rise = 4, fall = 5
                        source = "10.2.0.12", port = 8443
                      }
                      agent { port = 9707, interval = 5s, timeout = 4s, send = "a\\n" }
                    }
                    b {
                      vip = "10.9.0.1:80", servers = []
                      health { type = exec, command = [/bin/sh, "-c", "exit 0"] }
                    }
                    c { vip = "10.9.0.1:81", servers = [], health { type = http }, agent { port = 9708 } }
                  }
                }
                """);

        final List<ServiceSettings> services = ConfigurationLoader.load(file).services();

        assertThat(services.get(0).health())
                .isEqualTo(new HealthSettings(
                        new HealthProbe.Http(
                                true,
                                "/healthz",
                                List.of(new HealthProbe.StatusRange(200, 200), new HealthProbe.StatusRange(300, 302)),
                                Optional.of("www.example.com"),
                                Optional.of(new HealthProbe.Tls(false, Optional.of("example.com"), List.of()))),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        4,
                        5,
                        Optional.of(IpAddress.parse("10.2.0.12")),
                        Optional.of(8443)));
        assertThat(services.get(0).agent())
                .contains(new AgentSettings(9707, Duration.ofSeconds(5), Duration.ofSeconds(4), "a\n"));
        assertThat(services.get(1).health().probe())
                .isEqualTo(new HealthProbe.Exec(List.of("/bin/sh", "-c", "exit 0")));
        assertThat(services.get(1).agent()).isEmpty();
        assertThat(services.get(2).health().probe())
                .isEqualTo(new HealthProbe.Http(
                        false,
                        "/",
                        List.of(new HealthProbe.StatusRange(200, 399)),
                        Optional.empty(),
                        Optional.empty()));
        assertThat(services.get(2).agent())
                .contains(new AgentSettings(9708, Duration.ofSeconds(2), Duration.ofSeconds(2), ""));
    }

    @Test
    void anIntakeCarriesEverySetting() throws Exception {
        final Path file = Files.writeString(directory.resolve("ilb.conf"), """
                ilb {
                  cluster { id = 7, bind = "10.2.0.11" }
                  datapath.interface = eth1
                  services {
                    a {
                      vip = "10.9.0.1:80", servers = [], scheduler = intake
                      intake { threshold = 92.5%, max-time = 30s, min-time = 200ms }
                    }
                    b { vip = "10.9.0.1:81", servers = [], scheduler = intake, intake { max-time = 0s } }
                  }
                }
                """);

        final List<ServiceSettings> services = ConfigurationLoader.load(file).services();

        assertThat(services.get(0).service().scheduler()).isEqualTo(SchedulerKind.INTAKE);
        assertThat(services.get(0).service().intake()).isEqualTo(new IntakeSettings(925, 30_000_000_000L, 200_000_000));
        assertThat(services.get(1).service().intake()).isEqualTo(new IntakeSettings(750, 0, 1_000_000_000));
    }

    @Test
    void theExplainedFileNamesEverySettingOfAnIntakeAsItIsByDefault() throws IOException {
        final String text = Files.readString(EXAMPLES.resolve("ilb.conf"));
        assertThat(text).contains("# intake { threshold = 75%, max-time = 10m, min-time = 1s }");
        assertThat(IntakeSettings.DEFAULT)
                .isEqualTo(new IntakeSettings(
                        750,
                        Duration.ofMinutes(10).toNanos(),
                        Duration.ofSeconds(1).toNanos()));
    }

    @Test
    void noLibraryBringsItsOwnDefaults() {
        assertThat(ConfigFactory.parseResources("reference.conf").isEmpty()).isTrue();
    }
}
