package org.ilbd.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each mistake gives exactly the lines that an operator needs. */
class BadConfigurationTest {
    /** A good file; each case replaces one text in it, on the same line. */
    private static final String GOOD = """
            ilb {
              cluster {
                id = "10.2.0.11"
                bind = "10.2.0.11"
                port = 7440
                peers = ["10.2.0.12", "10.2.0.13"]
                heartbeat-interval = 100ms
                failure-timeout = 400ms
                ownership = crc32-mixed
              }
              datapath { interface = eth0, tun = ilb0 }
              services {
                web {
                  vip = "10.9.0.1:80"
                  forwarding = direct
                  scheduler = maglev
                  servers = [
                    { address = "10.2.0.101", weight = 1 }
                    { address = "10.2.0.102" }
                  ]
                  health { type = tcp, interval = 1s, timeout = 500ms, rise = 2, fall = 2 }
                }
                api {
                  vip = "10.9.0.1:443"
                  forwarding = nat
                  servers = [ { address = "10.2.0.101:8443" } ]
                }
              }
              admin { listen = "127.0.0.1:7480" }
            }
            """;

    @TempDir
    Path directory;

    record Case(String replaced, String with, List<String> lines) {}

    private static Case bad(final String replaced, final String with, final String... lines) {
        return new Case(replaced, with, Arrays.asList(lines));
    }

    static Stream<Case> cases() {
        return Stream.concat(
                Stream.concat(Stream.concat(clusterCases(), localCases()), affinityCases()),
                Stream.concat(serviceCases(), Stream.concat(healthCases(), crossCases())));
    }

    private static Stream<Case> clusterCases() {
        return Stream.of(
                bad(
                        "id = \"10.2.0.11\"",
                        "",
                        "ilb.conf:2: ilb.cluster.id: missing; expected is an IP address or an index, unique in the"
                                + " cluster"),
                bad(
                        "id = \"10.2.0.11\"",
                        "id = ilb-eleven",
                        "ilb.conf:3: ilb.cluster.id: 'ilb-eleven' is not an IP address (such as 10.0.0.1 or"
                                + " 2001:db8::1)"),
                bad(
                        "id = \"10.2.0.11\"",
                        "id = 4294967296",
                        "ilb.conf:3: ilb.cluster.id: '4294967296': an index is in 0..4294967295"),
                bad(
                        "id = \"10.2.0.11\"",
                        "id = \"10.2.0.12\"",
                        "ilb.conf:3: ilb.cluster.id: 10.2.0.12 is the address of a peer (ilb.conf:6); every ILB needs"
                                + " an id of its own"),
                bad(
                        "bind = \"10.2.0.11\"",
                        "bind = \"0.0.0.0\"",
                        "ilb.conf:4: ilb.cluster.bind: 0.0.0.0 is not the address of one host; peers know this ILB by"
                                + " the address that its messages come from, so write that one"),
                bad(
                        "bind = \"10.2.0.11\"",
                        "bind = \"169.254.0.11\"",
                        "ilb.conf:4: ilb.cluster.bind: 169.254.0.11 is link-local; an address that is routed is"
                                + " needed"),
                bad("port = 7440", "port = 70000", "ilb.conf:5: ilb.cluster.port: 70000 is not in 1..65535"),
                bad(
                        "port = 7440",
                        "port = seven",
                        "ilb.conf:5: ilb.cluster.port: 'seven' is not a whole number in 1..65535"),
                bad(
                        "port = 7440",
                        "port = [7440]",
                        "ilb.conf:5: ilb.cluster.port: wrong type: this is a list [ ], expected is a whole number in"
                                + " 1..65535"),
                bad(
                        "port = 7440",
                        "port = null",
                        "ilb.conf:5: ilb.cluster.port: wrong type: this is null, expected is a whole number in"
                                + " 1..65535"),
                bad("port = 7440", "prot = 7440", "ilb.conf:5: ilb.cluster.prot: unknown key; did you mean port?"),
                bad(
                        "port = 7440",
                        "color = blue",
                        "ilb.conf:5: ilb.cluster.color: unknown key; known here: bind, failure-timeout,"
                                + " heartbeat-interval, id, key-file, load-cgroup, multicast, ownership, peers, port, seed, zone"),
                bad(
                        "peers = [\"10.2.0.12\", \"10.2.0.13\"]",
                        "peers = \"10.2.0.12\"",
                        "ilb.conf:6: ilb.cluster.peers: wrong type: this is the text '10.2.0.12', expected is a list"
                                + " [ ], each element an IP address such as \"10.0.0.1\", with or without a port"),
                bad(
                        "\"10.2.0.13\"]",
                        "\"10.2.0.11\"]",
                        "ilb.conf:6: ilb.cluster.peers[1]: 10.2.0.11:7440 is this ILB itself; list only the others"),
                bad(
                        "\"10.2.0.13\"]",
                        "\"10.2.0.12:7440\"]",
                        "ilb.conf:6: ilb.cluster.peers[1]: 10.2.0.12:7440 is listed already at ilb.conf:6"),
                bad(
                        "\"10.2.0.13\"]",
                        "\"fd00::13\"]",
                        "ilb.conf:6: ilb.cluster.peers[1]: fd00::13 and bind (10.2.0.11) are of different address"
                                + " families; messages go from one to the other, so use one family"),
                bad(
                        "\"10.2.0.13\"]",
                        "\"239.1.1.1\"]",
                        "ilb.conf:6: ilb.cluster.peers[1]: 239.1.1.1 is not the address of one host"),
                bad(
                        "heartbeat-interval = 100ms",
                        "multicast = \"239.74.40.1\"",
                        "ilb.conf:7: ilb.cluster.multicast: both peers and multicast are set; leave one of them out"),
                bad(
                        "peers = [\"10.2.0.12\", \"10.2.0.13\"]",
                        "multicast = \"10.2.0.12\"",
                        "ilb.conf:6: ilb.cluster.multicast: 10.2.0.12 is not a multicast group; one in 239.0.0.0/8 or"
                                + " ff05::/16 is right"),
                bad(
                        "heartbeat-interval = 100ms",
                        "heartbeat-interval = 200ms",
                        "ilb.conf:8: ilb.cluster.failure-timeout: failure-timeout (400ms) must be more than twice the"
                                + " heartbeat-interval (200ms), or one lost message makes a peer dead"),
                bad(
                        "failure-timeout = 400ms",
                        "failure-timeout = 400",
                        "ilb.conf:8: ilb.cluster.failure-timeout: 400 has no unit: write 400ms or 400s"),
                bad(
                        "failure-timeout = 400ms",
                        "failure-timeout = soon",
                        "ilb.conf:8: ilb.cluster.failure-timeout: 'soon' is not a duration such as 100ms, 2s or 1h"),
                bad(
                        "failure-timeout = 400ms",
                        "failure-timeout = 1h",
                        "ilb.conf:8: ilb.cluster.failure-timeout: 1h is not in 30ms..5m"),
                bad(
                        "ownership = crc32-mixed",
                        "ownership = crc32-mixd",
                        "ilb.conf:9: ilb.cluster.ownership: 'crc32-mixd' is not one of crc32, crc32-mixed; did you"
                                + " mean crc32-mixed?"),
                bad(
                        "ownership = crc32-mixed",
                        "key-file = nothing.key",
                        "ilb.conf:9: ilb.cluster.key-file: DIR/nothing.key: there is no such file"),
                bad(
                        "ownership = crc32-mixed",
                        "key-file = \".\"",
                        "ilb.conf:9: ilb.cluster.key-file: DIR/.: this is a directory, not a file"));
    }

    private static Stream<Case> localCases() {
        return Stream.of(
                bad(
                        "interface = eth0, ",
                        "",
                        "ilb.conf:11: ilb.datapath.interface: missing; expected is the name of a network interface"),
                bad(
                        "interface = eth0",
                        "interface = \"eth0:1\"",
                        "ilb.conf:11: ilb.datapath.interface: 'eth0:1' is not the name of a network interface: 1..15"
                                + " letters, digits, '-', '_' and '.'"),
                bad(
                        "tun = ilb0",
                        "tun = eth0",
                        "ilb.conf:11: ilb.datapath.tun: eth0 is the interface too; ilbd makes the TUN device itself, so"
                                + " give it a name that is free"),
                bad(
                        "  admin {",
                        "  connections { established = 0 }, admin {",
                        "ilb.conf:29: ilb.connections.established: 0 is not in 1..100000000"),
                bad(
                        "  admin {",
                        "  connections { closing-timeout = 8d }, admin {",
                        "ilb.conf:29: ilb.connections.closing-timeout: 8d is not in 100ms..7d"),
                bad(
                        "  admin {",
                        "  cache { fill = on }, admin {",
                        "ilb.conf:29: ilb.cache.fill: 'on' is not one of broadcast, on-demand, off"),
                bad(
                        "  admin {",
                        "  cache = 5, admin {",
                        "ilb.conf:29: ilb.cache: wrong type: this is the number 5, expected is an object { }"),
                bad(
                        "127.0.0.1:7480",
                        "127.0.0.1",
                        "ilb.conf:29: ilb.admin.listen: '127.0.0.1' is not an address with a port (such as"
                                + " 10.0.0.1:80 or [2001:db8::1]:80)"),
                bad("  admin {", "  admn {", "ilb.conf:29: ilb.admn: unknown key; did you mean admin?"));
    }

    private static Stream<Case> serviceCases() {
        return Stream.of(
                bad(
                        "vip = \"10.9.0.1:80\"",
                        "",
                        "ilb.conf:13: ilb.services.web.vip: missing; expected is an address with a port such as"
                                + " \"10.0.0.1:80\""),
                bad(
                        "vip = \"10.9.0.1:80\"",
                        "vip = \"10.9.0.1:0\"",
                        "ilb.conf:14: ilb.services.web.vip: '10.9.0.1:0': port 0 is not in 1..65535"),
                bad(
                        "vip = \"10.9.0.1:80\"",
                        "vip = \"224.0.0.1:80\"",
                        "ilb.conf:14: ilb.services.web.vip: 224.0.0.1 is not an address that packets are routed to"),
                bad(
                        "forwarding = direct",
                        "forwarding = ipip",
                        "ilb.conf:15: ilb.services.web.forwarding: 'ipip' is not one of direct, nat"),
                bad(
                        "scheduler = maglev",
                        "scheduler = roundrobin",
                        "ilb.conf:16: ilb.services.web.scheduler: 'roundrobin' is not one of maglev, round-robin,"
                                + " least-connections, random-two-choices, source-hash, least-load, bounded-load, intake,"
                                + " peer; did you mean round-robin?"),
                bad(
                        "scheduler = maglev",
                        "scheduler = bounded-load, balance-factor = 1",
                        "ilb.conf:16: ilb.services.web.balance-factor: 1 is not in 1.05..100.0"),
                bad(
                        "scheduler = maglev",
                        "scheduler = bounded-load, balance-factor = 125%",
                        "ilb.conf:16: ilb.services.web.balance-factor: '125%' is not a number in 1.05..100.0"),
                bad(
                        "scheduler = maglev",
                        "scheduler = bounded-load, balance-factor = [1.5]",
                        "ilb.conf:16: ilb.services.web.balance-factor: wrong type: this is a list [ ], expected is a number"
                                + " in 1.05..100.0"),
                bad(
                        "scheduler = maglev",
                        "scheduler = maglev, balance-factor = 1.5",
                        "ilb.conf:16: ilb.services.web.balance-factor: means nothing to the scheduler maglev; it is a"
                                + " setting of bounded-load"),
                bad(
                        "scheduler = maglev",
                        "scheduler = maglev, intake { threshold = 75% }",
                        "ilb.conf:16: ilb.services.web.intake: means nothing to the scheduler maglev; it is a setting of"
                                + " intake"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, intake { threshold = 0.75 }",
                        "ilb.conf:16: ilb.services.web.intake.threshold: '0.75' is not a percentage in 1%..100%; write the"
                                + " % too"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, intake { threshold = 101% }",
                        "ilb.conf:16: ilb.services.web.intake.threshold: 101% is not in 1%..100%"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, intake { max-time = 8d }",
                        "ilb.conf:16: ilb.services.web.intake.max-time: 8d is not in 0ms..7d"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, intake { min-time = 10ms }",
                        "ilb.conf:16: ilb.services.web.intake.min-time: 10ms is not in 100ms..1h"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, intake { max-time = 5s, min-time = 6s }",
                        "ilb.conf:16: ilb.services.web.intake: min-time (6s) is more than max-time (5s)"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, intake { treshold = 75% }",
                        "ilb.conf:16: ilb.services.web.intake.treshold: unknown key; did you mean threshold?"),
                bad(
                        "scheduler = maglev",
                        "scheduler = peer, peer { keep-below = 50 }",
                        "ilb.conf:16: ilb.services.web.peer.keep-below: '50' is not a percentage in 0%..100%; write the"
                                + " % too"),
                bad(
                        "scheduler = maglev",
                        "scheduler = peer, peer { pass-difference = 0% }",
                        "ilb.conf:16: ilb.services.web.peer.pass-difference: 0% is not in 1%..100%"),
                bad(
                        "scheduler = maglev",
                        "scheduler = least-load, peer { keep-below = 40% }",
                        "ilb.conf:16: ilb.services.web.peer: means nothing to the scheduler least-load; it is a setting"
                                + " of peer"),
                bad(
                        "scheduler = maglev",
                        "orphan = reject",
                        "ilb.conf:16: ilb.services.web.orphan: 'reject' is not one of hash, reset, drop"),
                bad(
                        "weight = 1 ",
                        "weight = 1001 ",
                        "ilb.conf:18: ilb.services.web.servers[0].weight: 1001 is not in 0..1000"),
                bad(
                        "weight = 1 ",
                        "weight = -1 ",
                        "ilb.conf:18: ilb.services.web.servers[0].weight: -1 is not in 0..1000"),
                bad(
                        "weight = 1 ",
                        "weight = 1.5 ",
                        "ilb.conf:18: ilb.services.web.servers[0].weight: '1.5' is not a whole number in 0..1000"),
                bad(
                        "weight = 1 ",
                        "maxconn = -1 ",
                        "ilb.conf:18: ilb.services.web.servers[0].maxconn: -1 is not in 0..100000000"),
                bad(
                        "weight = 1 ",
                        "zone = \"here and there\" ",
                        "ilb.conf:18: ilb.services.web.servers[0].zone: 'here and there' is not the name of a zone: 1..63"
                                + " letters, digits, '-', '_' and '.'"),
                bad(
                        "scheduler = maglev",
                        "authority = slave",
                        "ilb.conf:16: ilb.services.web.authority: 'slave' is not one of owner, master"),
                bad(
                        "scheduler = maglev",
                        "authority = master, master-timeout = 1s",
                        "ilb.conf:16: ilb.services.web.master-timeout: 1s is not in 10ms..500ms"),
                bad(
                        "scheduler = maglev",
                        "master-timeout = 50ms",
                        "ilb.conf:16: ilb.services.web.master-timeout: means nothing without authority = master"),
                bad(
                        "scheduler = maglev",
                        "authority = master, overload = 101%",
                        "ilb.conf:16: ilb.services.web.overload: 101% is not in 0%..100%"),
                bad(
                        "scheduler = maglev",
                        "overload = 90%",
                        "ilb.conf:16: ilb.services.web.overload: means nothing without authority = master"),
                bad(
                        "scheduler = maglev",
                        "overload-difference = 10%",
                        "ilb.conf:16: ilb.services.web.overload-difference: means nothing without authority = master"),
                bad(
                        "scheduler = maglev",
                        "prefer-last-server = true",
                        "ilb.conf:16: ilb.services.web.prefer-last-server: means nothing without authority = master"),
                bad(
                        "scheduler = maglev",
                        "prefer-zone = true, zone-load-limit = 101",
                        "ilb.conf:16: ilb.services.web.zone-load-limit: 101 is not in 1..100"),
                bad(
                        "scheduler = maglev",
                        "zone-load-limit = 80",
                        "ilb.conf:16: ilb.services.web.zone-load-limit: means nothing without prefer-zone = true"),
                bad(
                        "scheduler = maglev",
                        "scheduler = intake, prefer-zone = true",
                        "ilb.conf:16: ilb.services.web.prefer-zone: means nothing to the scheduler intake, which gives"
                                + " every new connection to one server"),
                bad(
                        "admin { listen = \"127.0.0.1:7480\" }",
                        "zones { a = [\"10.1.0.1/16\"] }",
                        "ilb.conf:29: ilb.zones.a[0]: 10.1.0.1/16 has bits that are set behind the first 16"),
                bad(
                        "admin { listen = \"127.0.0.1:7480\" }",
                        "zones { a = [\"10.1.0.0/16\"], b = [\"10.1.0.0/16\"] }",
                        "ilb.conf:29: ilb.zones.b[0]: 10.1.0.0/16 is listed already at ilb.conf:29"),
                bad(
                        "admin { listen = \"127.0.0.1:7480\" }",
                        "zones { \"a b\" = [] }",
                        "ilb.conf:29: ilb.zones.\"a b\": 'a b' is not the name of a zone: 1..63 letters, digits, '-', '_'"
                                + " and '.'"),
                bad(
                        "scheduler = maglev",
                        "on-down = drop",
                        "ilb.conf:16: ilb.services.web.on-down: 'drop' is not one of keep, reset"),
                bad(
                        "scheduler = maglev",
                        "all-down = keep",
                        "ilb.conf:16: ilb.services.web.all-down: 'keep' is not one of reset, drop"),
                bad(
                        "scheduler = maglev",
                        "maxconn = many",
                        "ilb.conf:16: ilb.services.web.maxconn: 'many' is not a whole number in 0..100000000"),
                bad(
                        "scheduler = maglev",
                        "slow-start = 2h",
                        "ilb.conf:16: ilb.services.web.slow-start: 2h is not in 0ms..1h"),
                bad(
                        "scheduler = maglev",
                        "drain-time = 5",
                        "ilb.conf:16: ilb.services.web.drain-time: 5 has no unit: write 5ms or 5s"),
                bad(
                        "scheduler = maglev",
                        "report-max-age = 10ms",
                        "ilb.conf:16: ilb.services.web.report-max-age: 10ms is not in 100ms..1h"),
                bad(
                        "scheduler = maglev",
                        "passive { retransmits = -1 }",
                        "ilb.conf:16: ilb.services.web.passive.retransmits: -1 is not in 0..1000000"),
                bad(
                        "scheduler = maglev",
                        "passive { hold = 0s }",
                        "ilb.conf:16: ilb.services.web.passive.hold: 0s is not in 100ms..1h"),
                bad(
                        "scheduler = maglev",
                        "passive { hole = 1s }",
                        "ilb.conf:16: ilb.services.web.passive.hole: unknown key; did you mean hold?"),
                bad(
                        "scheduler = maglev",
                        "fallback = \"10.2.0.109\"",
                        "ilb.conf:16: ilb.services.web.fallback: wrong type: this is the text '10.2.0.109', expected is"
                                + " a list such as [ { address = \"10.0.0.1\", weight = 1 } ]"),
                bad(
                        "scheduler = maglev",
                        "fallback = [ { address = \"10.2.0.101\" } ]",
                        "ilb.conf:16: ilb.services.web.fallback[0].address: 10.2.0.101:80 is in this service already, at"
                                + " ilb.conf:18"),
                bad(
                        "weight = 1 ",
                        "wieght = 1 ",
                        "ilb.conf:18: ilb.services.web.servers[0].wieght: unknown key; did you mean weight?"),
                bad(
                        "{ address = \"10.2.0.102\" }",
                        "\"10.2.0.102\"",
                        "ilb.conf:19: ilb.services.web.servers[1]: wrong type: this is the text '10.2.0.102', expected"
                                + " is an object such as { address = \"10.0.0.1\" }"),
                bad(
                        "{ address = \"10.2.0.102\" }",
                        "{ }",
                        "ilb.conf:19: ilb.services.web.servers[1].address: missing; expected is an IP address such as"
                                + " \"10.0.0.1\", with or without a port"),
                bad(
                        "{ address = \"10.2.0.102\" }",
                        "{ address = server2 }",
                        "ilb.conf:19: ilb.services.web.servers[1].address: 'server2' is not an IP address (such as"
                                + " 10.0.0.1 or 2001:db8::1)"),
                bad(
                        "servers = [ { address = \"10.2.0.101:8443\" } ]",
                        "",
                        "ilb.conf:23: ilb.services.api.servers: missing; expected is a list such as [ { address ="
                                + " \"10.0.0.1\", weight = 1 } ]"),
                bad(
                        "type = tcp",
                        "type = htp",
                        "ilb.conf:21: ilb.services.web.health.type: 'htp' is not one of tcp, http, https, exec, none;"
                                + " did you mean http?"),
                bad(
                        "timeout = 500ms",
                        "timeout = 2s",
                        "ilb.conf:21: ilb.services.web.health.timeout: 2s is longer than the interval (1s); a check"
                                + " must end before the next one starts"),
                bad("rise = 2", "rise = 0", "ilb.conf:21: ilb.services.web.health.rise: 0 is not in 1..100"),
                bad(
                        "    api {",
                        "    \"a p i\" {",
                        "ilb.conf:23: ilb.services.\"a p i\": 'a p i' is not the name of a service: 1..63 letters,"
                                + " digits, '-', '_' and '.'"));
    }

    private static Stream<Case> healthCases() {
        return Stream.of(
                health("type = tcp, path = \"/\"", "path: this is for type = http, https only, and the type is tcp"),
                health("type = http, verify = false", "verify: this is for type = https only, and the type is http"),
                health("type = exec", "command: expected is a list with the path of a program and its arguments"),
                health(
                        "type = exec, command = [\"sh\"]",
                        "command[0]: sh is not the absolute path of a program that can be run here"),
                health(
                        "type = exec, command = [/bin/true], source = \"10.2.0.11\"",
                        "source: this is for type = tcp, http, https only, and the type is exec"),
                health(
                        "type = none, port = 80",
                        "port: this is for type = tcp, http, https, exec only, and the type is none"),
                health(
                        "type = http, path = healthz",
                        "path: 'healthz' is not a path such as \"/healthz\": it starts with / and has no blanks"),
                health(
                        "type = http, path = \"/a b\"",
                        "path: '/a b' is not a path such as \"/healthz\": it starts with / and has no blanks"),
                health("type = http, method = POST", "method: 'POST' is not GET or HEAD"),
                health(
                        "type = http, status = 200",
                        "status: wrong type: this is the number 200, expected is a list [ ], each element a status or"
                                + " a range such as \"200-299\""),
                health(
                        "type = http, status = [200, 99]",
                        "status[1]: '99' is not a status or a range such as \"200-299\""),
                health("type = http, status = [\"299-200\"]", "status[0]: '299-200': the range is the wrong way round"),
                health("type = http, host = \"a b\"", "host: 'a b' is not a host name such as \"www.example.com\""),
                health(
                        "type = https, verify = maybe",
                        "verify: wrong type: this is the text 'maybe', expected is true or false"),
                health("type = https, ca-file = none.pem", "ca-file: DIR/none.pem: there is no such file"),
                health("type = tcp, source = \"0.0.0.0\"", "source: 0.0.0.0 is not the address of one host"),
                health(
                        "type = tcp, source = \"fd00::1\"",
                        "source: fd00::1 is not of the VIP's address family (10.9.0.1:80)"),
                health("type = tcp, port = 0", "port: 0 is not in 1..65535"),
                health("type = tcp, fast-interval = 2s", "fast-interval: 2s is longer than the interval (1s)"),
                agent("{ }", "port: missing; expected is a whole number in 1..65535"),
                agent(
                        "{ port = 9707, timeout = 3s }",
                        "timeout: 3s is longer than the interval (2s); an answer must have come before the next"
                                + " question"),
                agent("{ port = 9707, sent = x }", "sent: unknown key; did you mean send?"),
                bad(
                        "    api {",
                        "    api { agent = 9707",
                        "ilb.conf:23: ilb.services.api.agent: wrong type: this is the number 9707, expected is an"
                                + " object { }"));
    }

    private static Stream<Case> affinityCases() {
        return Stream.of(
                affinity("{ }", "by: missing; expected is one of client-ip"),
                affinity("{ by = cookie }", "by: 'cookie' is not one of client-ip"),
                affinity("{ by = client-ip, prefix = 0 }", "prefix: 0 is not in 1..32"),
                affinity("{ by = client-ip, prefix = 33 }", "prefix: 33 is not in 1..32"),
                affinity("{ by = client-ip, prefix = /24 }", "prefix: '/24' is not a whole number in 1..32"),
                affinity("{ by = client-ip, prefix6 = 129 }", "prefix6: 129 is not in 1..128"),
                affinity("{ by = client-ip, timeout = 500ms }", "timeout: 500ms is not in 1s..7d"),
                affinity("{ by = client-ip, timeout = 30 }", "timeout: 30 has no unit: write 30ms or 30s"),
                affinity("{ by = client-ip, prefx = 24 }", "prefx: unknown key; did you mean prefix?"),
                bad(
                        "    api {",
                        "    api { affinity = client-ip",
                        "ilb.conf:23: ilb.services.api.affinity: wrong type: this is the text 'client-ip', expected is"
                                + " an object { }"),
                bad(
                        "  admin {",
                        "  connections { clients = 0 }, admin {",
                        "ilb.conf:29: ilb.connections.clients: 0 is not in 1..100000000"));
    }

    private static Case affinity(final String with, final String problem) {
        return bad("    api {", "    api { affinity " + with, "ilb.conf:23: ilb.services.api.affinity." + problem);
    }

    private static Case health(final String with, final String problem) {
        return bad("type = tcp", with, "ilb.conf:21: ilb.services.web.health." + problem);
    }

    private static Case agent(final String with, final String problem) {
        return bad("    api {", "    api { agent " + with, "ilb.conf:23: ilb.services.api.agent." + problem);
    }

    private static Stream<Case> crossCases() {
        return Stream.of(
                bad(
                        "10.9.0.1:443",
                        "10.9.0.1:80",
                        "ilb.conf:14: ilb.services.web.vip: 10.9.0.1:80 is the VIP of service api already, at"
                                + " ilb.conf:24"),
                bad(
                        "10.9.0.1:443",
                        "10.2.0.13:443",
                        "ilb.conf:24: ilb.services.api.vip: 10.2.0.13 is the address of an ILB (ilb.cluster.peers[1],"
                                + " ilb.conf:6); a VIP must not be an address of any ILB's host"),
                bad(
                        "10.2.0.102",
                        "10.9.0.1",
                        "ilb.conf:19: ilb.services.web.servers[1].address: 10.9.0.1 is the VIP of service api; write"
                                + " the server's own address"),
                bad(
                        "10.2.0.102",
                        "10.2.0.101",
                        "ilb.conf:19: ilb.services.web.servers[1].address: 10.2.0.101:80 is in this service already, at"
                                + " ilb.conf:18"),
                bad(
                        "10.2.0.102",
                        "fd00:2::66",
                        "ilb.conf:19: ilb.services.web.servers[1].address: fd00:2::66 is not of the VIP's address"
                                + " family (10.9.0.1:80); packets are not translated between IPv4 and IPv6"),
                bad(
                        "10.2.0.102",
                        "10.2.0.102:8080",
                        "ilb.conf:19: ilb.services.web.servers[1].address: port 8080 is not the VIP's port (80);"
                                + " direct forwarding does not change the packet: leave the port out, or use"
                                + " forwarding = nat"),
                bad(
                        "10.2.0.102",
                        "127.0.0.1",
                        "ilb.conf:19: ilb.services.web.servers[1].address: 127.0.0.1 is not an address that packets"
                                + " are routed to"),
                bad(
                        "  admin {",
                        "  services.more { vip = \"10.9.0.2:1\", forwarding = nat, servers = [{ address ="
                                + " \"10.2.0.101:8443\" }] }, admin {",
                        "ilb.conf:29: ilb.services.more.servers[0].address: 10.2.0.101:8443 serves the nat service api"
                                + " already; its answers are told apart by address and port alone, so it needs another"
                                + " port for this service"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tellsWhatIsWrongAndWhere(final Case bad) throws IOException {
        assertThat(GOOD).containsOnlyOnce(bad.replaced);
        assertThat(problems(GOOD.replace(bad.replaced, bad.with))).isEqualTo(bad.lines);
    }

    @Test
    void theFileThatTheCasesStartFromIsGood() throws Exception {
        final Configuration configuration = ConfigurationLoader.load(write("ilb.conf", GOOD));

        assertThat(configuration.services()).hasSize(2);
    }

    @Test
    void tellsAllProblemsAtOnceInReadingOrder() throws IOException {
        final String text = GOOD.replace("port = 7440", "port = 0")
                .replace("interface = eth0", "interfaces = eth0")
                .replace("rise = 2", "rise = two")
                .replace("10.2.0.102", "10.2.0.101");

        assertThat(problems(text))
                .containsExactly(
                        "ilb.conf:5: ilb.cluster.port: 0 is not in 1..65535",
                        "ilb.conf:11: ilb.datapath.interface: missing; expected is the name of a network interface",
                        "ilb.conf:11: ilb.datapath.interfaces: unknown key; did you mean interface?",
                        "ilb.conf:19: ilb.services.web.servers[1].address: 10.2.0.101:80 is in this service already,"
                                + " at ilb.conf:18",
                        "ilb.conf:21: ilb.services.web.health.rise: 'two' is not a whole number in 1..100");
    }

    @Test
    void anEmptyFileLacksEverything() throws IOException {
        assertThat(problems(""))
                .containsExactly("ilb.conf:1: ilb: missing; expected is an object: ilb { cluster { ... } ... }");
        assertThat(problems("ilb {\n}\n"))
                .containsExactly(
                        "ilb.conf:1: ilb.cluster.bind: missing; expected is an IP address such as \"10.0.0.1\"",
                        "ilb.conf:1: ilb.cluster.id: missing; expected is an IP address or an index, unique in the"
                                + " cluster",
                        "ilb.conf:1: ilb.datapath.interface: missing; expected is the name of a network interface",
                        "ilb.conf:1: ilb.services: missing; expected is an object with one object for each service");
        assertThat(problems("ilb = 5"))
                .containsExactly("ilb.conf:1: ilb: wrong type: this is the number 5, expected is an object { }");
    }

    @Test
    void aConfigurationWithoutServicesIsWrong() throws IOException {
        final String text = GOOD.substring(0, GOOD.indexOf("services {")) + "services {}\n}\n";

        assertThat(problems(text))
                .containsExactly("ilb.conf:12: ilb.services: there are 0 services; expected are 1..65535");
    }

    private List<String> problems(final String text) throws IOException {
        final Path file = write("ilb.conf", text);
        final ConfigurationException exception =
                catchThrowableOfType(ConfigurationException.class, () -> ConfigurationLoader.load(file));
        assertThat(exception).isNotNull();
        final String separator = directory + "/";
        return exception
                .getMessage()
                .lines()
                .map(line -> line.replace(separator + "ilb.conf", "ilb.conf").replace(separator, "DIR/"))
                .toList();
    }

    private Path write(final String name, final String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }
}
