package org.ilbd.daemon.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.health.AgentReply;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentTest {
    private static final Endpoint ANYWHERE = Endpoint.parse("127.0.0.1:0");

    @TempDir
    Path directory;

    private static Optional<AgentReply> state(String text) {
        return Optional.of(AgentReply.parse(text));
    }

    @Test
    void lineIsWhatHaproxyNeedsAndTheLoad() {
        assertThat(Agent.line(250, Optional.empty())).isEqualTo("up 75% load:250");
        assertThat(Agent.line(0, Optional.empty())).isEqualTo("up 100% load:0");
        assertThat(Agent.line(1000, Optional.empty())).as("busy is not drained").isEqualTo("up 1% load:1000");
    }

    @Test
    void stateOfTheOperatorIsPassedOnAndTakenBack() {
        assertThat(Agent.line(250, state(""))).isEqualTo("ready up 75% load:250");
        assertThat(Agent.line(250, state("drain"))).isEqualTo("drain up 75% load:250");
        assertThat(Agent.line(250, state("maint,maxconn:30 50%"))).isEqualTo("maint up 50% maxconn:30 load:250");
        assertThat(Agent.line(250, state("stopped # new disk"))).isEqualTo("ready down 75% load:250 # new disk");
        assertThat(Agent.line(250, state("nonsense"))).isEqualTo("ready up 75% load:250");
    }

    private static String ask(Agent agent, String question) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), agent.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(question.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void answersWithTheFileAsItIsNow() throws IOException {
        Path file = directory.resolve("state");
        try (Agent agent = Agent.start(ANYWHERE, List.of(), 1000, Optional.empty(), Optional.of(file))) {
            assertThat(ask(agent, "web\n")).matches("ready up \\d+% load:\\d+\n");
            Files.writeString(file, "drain\nsecond line\n");
            await().until(() -> ask(agent, "").startsWith("drain up "));
            Files.delete(file);
            await().until(() -> ask(agent, "").startsWith("ready up "));
        }
    }

    @Test
    void whoAsksAndStandsStillHoldsUpNobody() throws IOException {
        try (Agent agent = Agent.start(ANYWHERE, List.of(), 1000, Optional.empty(), Optional.empty())) {
            List<Socket> idle = new ArrayList<>();
            try {
                for (int i = 0; i < 100; i++) {
                    idle.add(new Socket(InetAddress.getLoopbackAddress(), agent.port()));
                }
                assertThat(ask(agent, "")).startsWith("up ");
            } finally {
                for (Socket socket : idle) {
                    socket.close();
                }
            }
        }
    }
}
