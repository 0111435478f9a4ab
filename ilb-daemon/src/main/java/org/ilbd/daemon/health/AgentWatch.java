package org.ilbd.daemon.health;

import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.config.AgentSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the agent of one server, again and again. An agent that cannot be reached, that does not answer or that
 * answers nonsense changes nothing: whether the server serves is for the health check to say. On its event loop only.
 */
final class AgentWatch {
    private static final Logger LOG = LoggerFactory.getLogger(AgentWatch.class);

    private final ServerCounts counts;
    private final Consumer<AgentReply> onReply;
    private final Rounds rounds;
    /** The latest result that was told, so that a bad one is told once. */
    private AgentResult told = AgentResult.OK;
    /** What the latest reply said but for figures. */
    private String said = "";

    /**
     * Begins to ask.
     *
     * @param onReply told of every line that says anything
     */
    AgentWatch(
            EventLoop loop,
            Random random,
            AgentSettings settings,
            Optional<IpAddress> source,
            ServerCounts counts,
            Consumer<AgentReply> onReply) {
        this.counts = counts;
        this.onReply = onReply;
        Endpoint agent = new Endpoint(counts.server().address(), settings.port());
        Probe probe = new AgentProbe(loop, new Attempt.Target(agent, source, settings.timeout()), settings.send());
        rounds = new Rounds(loop, random, probe, settings::interval, this::finished);
    }

    void stop() {
        rounds.stop();
    }

    private void finished(CheckOutcome outcome) {
        switch (outcome.result()) {
            case PASSED -> read(outcome.text());
            case TIMEOUT -> count(AgentResult.TIMEOUT, outcome.text());
            case FAILED, OBSTACLE -> count(AgentResult.UNREACHABLE, outcome.text());
        }
    }

    private void read(String text) {
        int length = text.length();
        char last = length == 0 ? ' ' : text.charAt(length - 1);
        if (length > 0 && last != '\n' && last != '\r') {
            count(AgentResult.INCOMPLETE, "a line that does not end is ignored: " + text);
            return;
        }
        AgentReply reply = AgentReply.parse(text.substring(0, Math.max(0, length - 1)));
        if (reply.isEmpty()) {
            count(AgentResult.EMPTY, "it says nothing");
            return;
        }
        if (reply.rubbish().isEmpty()) {
            count(AgentResult.OK, "it answers");
        } else {
            count(AgentResult.RUBBISH, "words that mean nothing are ignored: " + String.join(" ", reply.rubbish()));
        }
        logChange(reply);
        onReply.accept(reply);
    }

    /** Weight and load change all the time, and are in the metrics. */
    private void logChange(AgentReply reply) {
        String words = new AgentReply(
                        reply.up(),
                        reply.administration(),
                        Optional.empty(),
                        reply.maxConnections(),
                        Optional.empty(),
                        printable(reply.description()),
                        List.of())
                .toString();
        if (!words.equals(said)) {
            said = words;
            LOG.info("agent of server {} of service {} says: {}", counts.server(), counts.service(), words);
        }
    }

    private void count(AgentResult result, String text) {
        counts.count(result);
        if (result != told) {
            told = result;
            String printable = printable(text);
            if (result == AgentResult.OK) {
                LOG.info("agent of server {} of service {}: {}", counts.server(), counts.service(), printable);
            } else {
                LOG.warn("agent of server {} of service {}: {}", counts.server(), counts.service(), printable);
            }
        }
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
