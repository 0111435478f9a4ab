package org.ilbd.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.Orphan;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.scheduler.SchedulerKind;
import org.junit.jupiter.api.Test;

class RoutingTest {
    @Test
    void aDirectServiceNeedsItsRouteAndTheSilenceBehindIt() {
        assertThat(Routing.entries(
                        List.of(service("10.9.0.1:80", Forwarding.DIRECT, "10.2.0.101:80")), "ilb0", Set.of()))
                .map(RoutingEntry::add)
                .containsExactly(
                        "route replace blackhole 10.9.0.1/32 metric 4278198272 proto 74",
                        "route add 10.9.0.1/32 dev ilb0 proto 74");
    }

    @Test
    void servicesOnOneVipShareItsRoute() {
        assertThat(Routing.entries(
                        List.of(
                                service("[fd00:9::1]:80", Forwarding.DIRECT, "[fd00:2::65]:80"),
                                service("[fd00:9::1]:443", Forwarding.DIRECT, "[fd00:2::65]:443")),
                        "ilb0",
                        Set.of()))
                .map(RoutingEntry::add)
                .containsExactly(
                        "route replace blackhole fd00:9::1/128 metric 4278198272 proto 74",
                        "route add fd00:9::1/128 dev ilb0 proto 74");
    }

    @Test
    void aNatServiceNeedsARuleForEachServerAndTheirTableBeforeThem() {
        assertThat(Routing.entries(
                        List.of(service("10.9.0.1:80", Forwarding.NAT, "10.2.0.101:8080", "10.2.0.102:80")),
                        "lb7",
                        Set.of()))
                .map(RoutingEntry::add)
                .containsExactly(
                        "route replace blackhole 10.9.0.1/32 metric 4278198272 proto 74",
                        "route replace blackhole default table 74 metric 4278198272 proto 74",
                        "route add 10.9.0.1/32 dev lb7 proto 74",
                        "route add default dev lb7 table 74 proto 74",
                        "rule add pref 7400 from 10.2.0.101 ipproto tcp sport 8080 lookup 74 protocol 74",
                        "rule add pref 7400 from 10.2.0.102 ipproto tcp sport 80 lookup 74 protocol 74");
    }

    @Test
    void aVipWithAServerOnThisHostIsAnAddressBehindRulesThatComeBeforeTheLocalTable() {
        assertThat(Routing.entries(
                        List.of(service("10.9.0.1:80", Forwarding.DIRECT, "10.2.0.11:80")),
                        "ilb0",
                        Set.of(IpAddress.parse("10.9.0.1"))))
                .map(RoutingEntry::add)
                .containsExactly(
                        "route replace blackhole 10.9.0.1/32 metric 4278198272 proto 74",
                        "route replace blackhole 10.9.0.1/32 table 75 metric 4278198272 proto 74",
                        "route add 10.9.0.1/32 dev ilb0 proto 74",
                        "route add 10.9.0.1/32 dev ilb0 table 75 proto 74",
                        "rule add pref 0 iif ilb0 lookup local protocol 74",
                        "rule add pref 0 fwmark 74 lookup local protocol 74",
                        "rule add pref 0 to 10.9.0.1/32 lookup 75 protocol 74",
                        "address replace 10.9.0.1/32 dev lo");
    }

    @Test
    void theStateReadsWhatItHasWritten() {
        final HostState state = new HostState(
                List.copyOf(Routing.entries(
                        List.of(
                                service("10.9.0.1:80", Forwarding.NAT, "10.2.0.101:8080"),
                                service("[fd00:9::1]:80", Forwarding.NAT, "[fd00:2::65]:80")),
                        "ilb0.7",
                        Set.of(IpAddress.parse("10.9.0.1"), IpAddress.parse("fd00:9::1")))),
                List.of(
                        new SysctlChange("net/ipv4/ip_forward", "0", "1"),
                        new SysctlChange("net/ipv6/conf/eth0.100/accept_ra", "1", "2")));

        assertThat(HostState.parse(state.format("boot-1"), "boot-1")).contains(state);
    }

    @Test
    void theStateOfAnotherStartOfTheHostDoesNotCount() {
        final HostState state = new HostState(List.of(), List.of());

        assertThat(HostState.parse(state.format("boot-1"), "boot-2")).isEmpty();
        assertThat(HostState.parse("", "boot-1")).isEmpty();
    }

    @Test
    void theStateBringsNoOtherCommandAndNoOtherSetting() {
        final String header = new HostState(List.of(), List.of()).format("b");

        assertThat(HostState.parse(header + """
                                entry 4 ROUTE 10.0.0.1/32 dev eth0
                                entry 4 ROUTE 10.0.0.1/32; reboot proto 74
                                entry 4 LINK eth0 proto 74
                                entry
                                sysctl kernel/core_pattern 0 1
                                sysctl net/ipv4/conf/../../../kernel/sysrq 0 1
                                sysctl net/ipv4/ip_forward 0 1; reboot
                                nonsense
                                """, "b")).contains(new HostState(List.of(), List.of()));
    }

    private static ServiceConfig service(final String vip, final Forwarding forwarding, final String... servers) {
        return new ServiceConfig(
                "s" + vip,
                Endpoint.parse(vip),
                forwarding,
                SchedulerKind.MAGLEV,
                Orphan.HASH,
                List.of(servers).stream()
                        .map(server -> new ServerConfig(Endpoint.parse(server), 1))
                        .toList());
    }
}
