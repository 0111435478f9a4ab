package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.ilbd.core.engine.ServerReport;
import org.junit.jupiter.api.Test;

/**
 * Any text at all: the parser does not throw, what it says is in range, every word is understood or is rubbish, and what it understood reads
 * the same once more.
 */
class AgentReplyFuzzTest {
    private static final List<String> PIECES = List.of(
            "up",
            "down",
            "ready",
            "drain",
            "maint",
            "fail",
            "stopped",
            "maxconn:",
            "load:",
            "%",
            "#",
            " ",
            "\t",
            ",",
            "0",
            "7",
            "25600",
            "999999999",
            "-",
            "x",
            "\r",
            "é",
            "İ",
            "ſ");

    @FuzzTest(maxDuration = "1m")
    void anyBytes(byte[] data) {
        check(new String(data, StandardCharsets.ISO_8859_1));
    }

    @Test
    void randomSentences() {
        long seed = System.nanoTime();
        System.out.println("AgentReplyFuzzTest seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder line = new StringBuilder();
            for (int pieces = random.nextInt(12); pieces > 0; pieces--) {
                line.append(PIECES.get(random.nextInt(PIECES.size())));
            }
            check(line.toString());
        }
    }

    private static void check(String line) {
        AgentReply reply = AgentReply.parse(line);
        // It refuses figures that are out of range.
        assertThat(reply.toReport().source()).isEqualTo(ServerReport.Source.AGENT);
        assertThat(reply.rubbish())
                .allSatisfy(word -> assertThat(word)
                        .isNotEmpty()
                        .doesNotContain(" ", "\t", ",")
                        .doesNotStartWith("#"));
        AgentReply again = AgentReply.parse(reply.toString());
        assertThat(again)
                .isEqualTo(new AgentReply(
                        reply.up(),
                        reply.administration(),
                        reply.weightPercent(),
                        reply.maxConnections(),
                        reply.loadPerMille(),
                        reply.description(),
                        List.of()));
    }
}
