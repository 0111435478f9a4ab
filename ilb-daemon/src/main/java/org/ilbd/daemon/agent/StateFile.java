package org.ilbd.daemon.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.ilbd.daemon.health.AgentReply;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in which an operator says what the agent is to say: words such as {@code drain}, {@code maint}, {@code down # reason}. The first
 * line counts. Without the file, or with nothing in it, the server is ready and up: the words that take back what was said before.
 */
final class StateFile {
    private static final Logger LOG = LoggerFactory.getLogger(StateFile.class);

    private static final AgentReply NOTHING = AgentReply.parse("ready up");

    private final Path file;
    private AgentReply said = NOTHING;
    private String told = "";

    StateFile(Path file) {
        this.file = file;
    }

    /** What it says now; what it said last if it can't be read. */
    AgentReply read() {
        try {
            AgentReply reply =
                    AgentReply.parse(Files.readString(file).lines().findFirst().orElse(""));
            tell(
                    reply.rubbish().isEmpty()
                            ? "says: " + reply
                            : "has words that mean nothing: " + String.join(" ", reply.rubbish()));
            said = reply;
        } catch (NoSuchFileException e) {
            tell("is not there");
            said = NOTHING;
        } catch (IOException e) {
            tell("cannot be read: " + e.getMessage());
        }
        return said;
    }

    private void tell(String text) {
        if (!text.equals(told)) {
            told = text;
            LOG.info("{} {}", file, text);
        }
    }
}
