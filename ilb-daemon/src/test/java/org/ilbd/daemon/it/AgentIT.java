package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An agent drives a server's weight, its drain and whether it is up, in ilbd as in a real HAProxy that asks the same agent. */
class AgentIT {
    private static final String AGENT_ADDRESS = "10.2.0.101";
    private static final int AGENT_PORT = 9707;
    private static final String SERVER1 = "server=\"10.2.0.101:80\"";
    private static final String SILENCE = "";

    @RegisterExtension
    final Lab lab = new Lab();

    @SuppressWarnings("NullAway.Init") // by startBoth()
    private Ilb ilb;

    @SuppressWarnings("NullAway.Init") // by startBoth()
    private Haproxy haproxy;

    /** What an agent says, and what the server is after it. Empty: it says nothing at all. */
    private record Step(String says, String state) {}

    private static final List<Step> STEPS = List.of(
            new Step("up 100%\n", "active 100"),
            new Step("75%\n", "active 75"),
            new Step("ready 50% maxconn:30\n", "active 50"),
            new Step("drain\n", "draining"),
            new Step("maint\n", "maintenance"),
            new Step("some 25% rubbish\n", "maintenance"),
            new Step("ready\n", "active 25"),
            new Step("down # no database\n", "down"),
            new Step("80%\n", "down"),
            new Step("\n", "down"),
            new Step("up\n", "active 80"),
            new Step("stopped drain\n", "down"),
            new Step("ready\n", "down"),
            new Step("UP\r\n", "active 80"),
            new Step("0%\n", "draining"),
            new Step("200%\n", "active 200"),
            new Step("fail\n", "down"),
            new Step("up,ready,\t60%\n", "active 60"),
            // No end of the line: it does not count.
            new Step("drain", "active 60"),
            new Step(SILENCE, "active 60"),
            new Step("down#reason\n", "active 60"),
            new Step("up 70% load:250\n", "active 70"));

    @Test
    void statesAreThoseOfHaproxyWhateverTheAgentSays() throws Exception {
        lab.up("--ilbs", "1", "--servers", "2");
        lab.startServers(2, 80);
        Path file = lab.directory().resolve("agent");
        AgentProcess.say(file, "up\n");
        Child agent = lab.start(
                "agent",
                "server1",
                Lab.java(AgentProcess.class, AGENT_ADDRESS, Integer.toString(AGENT_PORT), file.toString()));
        agent.awaitLine("ready");
        startBoth();

        for (Step step : STEPS) {
            if (step.says.equals(SILENCE)) {
                Files.delete(file);
            } else {
                AgentProcess.say(file, step.says);
            }
            awaitAsked(agent, "10.2.0.11");
            awaitAsked(agent, "10.2.0.1");
            awaitStates(step.says.strip(), step.state);
        }
        Scrape scrape = ilb.scrape();
        for (String result : List.of("ok", "rubbish", "empty", "incomplete", "timeout")) {
            assertThat(scrape.value("ilbd_agent_replies_total", SERVER1, "result=\"" + result + "\""))
                    .as(result)
                    .isPositive();
        }
        assertThat(scrape.value("ilbd_agent_replies_total", "10.2.0.102:80", "result=\"unreachable\""))
                .isPositive();

        for (String bad : List.of("drain\n", "ready down\n")) {
            AgentProcess.say(file, bad);
            await().atMost(Lab.PATIENCE).until(() -> !ilbdState().startsWith("active"));
            assertThat(connectionsToServer1()).as(bad).isZero();
            AgentProcess.say(file, "up ready 100%\n");
            await().atMost(Lab.PATIENCE).until(() -> ilbdState().equals("active 100"));
            assertThat(connectionsToServer1()).as("after " + bad).isPositive();
        }
    }

    @Test
    void ourOwnAgentIsUnderstoodByBoth() throws Exception {
        lab.up("--ilbs", "1", "--servers", "2");
        lab.startServers(2, 80);
        Path state = lab.directory().resolve("state");
        Child agent = lab.start(
                "ilbd-agent",
                "server1",
                List.of(
                        Lab.DISTRIBUTION.resolve("bin/ilbd").toString(),
                        "agent",
                        "--listen",
                        AGENT_ADDRESS + ":" + AGENT_PORT,
                        "--port-of-service",
                        "80",
                        "--state-file",
                        state.toString()));
        assertThat(agent.awaitLine("ilbd agent is ready")).contains("says: ready up ");
        startBoth();
        await().atMost(Lab.PATIENCE)
                .until(() -> ilbdState().startsWith("active") && haproxy.state().startsWith("active"));
        await().atMost(Lab.PATIENCE)
                .until(() -> ilb.scrape().samples().entrySet().stream()
                        .anyMatch(sample -> sample.getKey().startsWith("ilbd_server_load{")
                                && sample.getKey().contains(SERVER1)
                                && sample.getValue() >= 0));

        AgentProcess.say(state, "maint\n");
        awaitStates("maint", "maintenance");
        AgentProcess.say(state, "stopped 40% # upgrade\n");
        awaitStates("stopped", "down");
        AgentProcess.say(state, "drain 40%\n");
        awaitStates("drain", "draining");
        AgentProcess.say(state, "40%\n");
        awaitStates("40%", "active 40");

        lab.run("server1", "kill", "-TERM", Long.toString(agent.pid()));
        assertThat(agent.awaitEnd()).isZero();
        await().atMost(Lab.PATIENCE)
                .until(() -> ilb.scrape().value("ilbd_agent_replies_total", SERVER1, "result=\"unreachable\"") >= 3);
        awaitStates("an agent that is gone changes nothing", "active 40");
    }

    private void startBoth() {
        haproxy = Haproxy.start(lab, "router", AGENT_PORT);
        ilb = lab.startIlbs(
                        1,
                        "--set",
                        "ilb.services.web.agent = { port = 9707, interval = 200ms }",
                        "--set",
                        "ilb.services.web.servers = [{ address = \"10.2.0.101\", weight = 100 },"
                                + " { address = \"10.2.0.102\", weight = 100 }]")
                .getFirst();
    }

    /** Whoever asked when the agent's words changed has had its answer, and the one after. */
    private static void awaitAsked(Child agent, String address) {
        long before = asked(agent, address);
        await().atMost(Lab.PATIENCE).until(() -> asked(agent, address) >= before + 2);
    }

    private static long asked(Child agent, String address) {
        return agent.output().lines().filter(("asked " + address)::equals).count();
    }

    private void awaitStates(String says, String state) {
        await(says + " makes it " + state)
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(List.of("ilbd " + ilbdState(), "haproxy " + haproxy.state()))
                        .containsExactly("ilbd " + state, "haproxy " + state));
    }

    /** As {@link Haproxy#state}. */
    private String ilbdState() {
        Scrape scrape = ilb.scrape();
        for (String state : List.of("maintenance", "down", "draining", "starting")) {
            if (scrape.value("ilbd_server_state", SERVER1, "state=\"" + state + "\"") == 1) {
                return state;
            }
        }
        return "active " + scrape.value("ilbd_server_effective_weight", SERVER1);
    }

    /** Of 100 new connections. */
    private long connectionsToServer1() {
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "short-rate=200", "short-limit=100");
        traffic.awaitShorts(100);
        Traffic.Report report = traffic.stop();
        assertThat(report.get("short-failed")).as(report.line()).isZero();
        return report.get("short-server1");
    }
}
