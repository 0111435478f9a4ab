package org.ilbd.daemon.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.health.AgentReply;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells whoever connects how the host does, in one line such as {@code up 75% load:250}, and closes. A thread measures, another accepts, and
 * each question has a virtual one, so that who asks and then stands still holds up nobody.
 */
public final class Agent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

    private static final int BACKLOG = 128;
    /** Many ILBs and HAProxies ask at the same time; more than these are somebody who wants to do harm, and wait. */
    private static final int QUESTIONS_AT_A_TIME = 64;

    private static final int PATIENCE_MILLIS = 1_000;
    /** Nobody has more to say to an agent. */
    private static final int MAX_QUESTION_BYTES = 4_096;

    private static final int MAX_PER_MILLE = 1000;

    private final ServerSocket listening;
    private final HostLoad load;
    private final Optional<StateFile> stateFile;
    private final Semaphore room = new Semaphore(QUESTIONS_AT_A_TIME);
    private volatile String line = "";

    private Agent(ServerSocket listening, HostLoad load, Optional<StateFile> stateFile) {
        this.listening = listening;
        this.load = load;
        this.stateFile = stateFile;
    }

    /**
     * Listens from now on.
     *
     * @param listen port 0 lets the system choose one
     * @param ports of the service on this host, whose connections count; may be empty
     * @param connectionsPerCore that make a core fully busy, at least 1
     * @param cgroup directory of the control group whose processor time counts, instead of the host's
     * @param state the file that says what else the agent is to say
     * @throws IOException if the address cannot be bound, or the load cannot be measured
     */
    public static Agent start(
            Endpoint listen, List<Integer> ports, int connectionsPerCore, Optional<Path> cgroup, Optional<Path> state)
            throws IOException {
        HostLoad load = HostLoad.of(ports, connectionsPerCore, cgroup);
        ServerSocket listening = new ServerSocket();
        try {
            listening.setReuseAddress(true);
            listening.bind(new InetSocketAddress(listen.address().toString(), listen.port()), BACKLOG);
            Agent agent = new Agent(listening, load, state.map(StateFile::new));
            agent.measure();
            Thread.ofPlatform().name("ilbd-agent-load").daemon().start(agent::measureAlways);
            Thread.ofPlatform().name("ilbd-agent").daemon().start(agent::accept);
            return agent;
        } catch (IOException e) {
            listening.close();
            throw e;
        }
    }

    /** The port that it listens on. */
    public int port() {
        return listening.getLocalPort();
    }

    /** What it answers now, without the end of the line. */
    public String line() {
        return line;
    }

    private void measure() throws IOException {
        int perMille = load.sample();
        line = line(perMille, stateFile.map(StateFile::read));
    }

    /**
     * The line for a load. The weight never falls to 0, which would drain a server because it is busy.
     *
     * @param state what the operator says; without a file nothing is said of the administrative state, which is somebody else's then
     */
    static String line(int perMille, Optional<AgentReply> state) {
        AgentReply said = state.orElseGet(() -> AgentReply.parse("up"));
        return new AgentReply(
                        said.up().or(() -> Optional.of(true)),
                        state.isEmpty()
                                ? Optional.empty()
                                : said.administration()
                                        .or(() -> AgentReply.parse("ready").administration()),
                        said.weightPercent().or(() -> Optional.of(Math.max(1, (MAX_PER_MILLE - perMille) / 10))),
                        said.maxConnections(),
                        Optional.of(perMille),
                        said.description(),
                        List.of())
                .toString();
    }

    private void measureAlways() {
        boolean good = true;
        while (!listening.isClosed()) {
            try {
                TimeUnit.MILLISECONDS.sleep(1_000 / HostLoad.SAMPLES_PER_SECOND);
                measure();
                good = true;
            } catch (IOException | UncheckedIOException e) {
                if (good) {
                    LOG.error("the load cannot be measured, the last figure stays: {}", e.getMessage());
                }
                good = false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void accept() {
        while (!listening.isClosed()) {
            room.acquireUninterruptibly();
            try {
                Socket socket = listening.accept();
                Thread.ofVirtual().start(() -> answer(socket));
            } catch (IOException e) {
                room.release();
                if (!listening.isClosed()) {
                    LOG.warn("a question is lost: {}", e.getMessage());
                    pause();
                }
            }
        }
    }

    /** Without descriptors every attempt would fail at once. */
    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(Socket socket) {
        try (socket) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            // A question that was not read would make the close a RST, which may overtake the answer.
            socket.getInputStream().readNBytes(MAX_QUESTION_BYTES);
        } catch (IOException e) {
            LOG.debug("who asked has gone: {}", e.getMessage());
        } finally {
            room.release();
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
