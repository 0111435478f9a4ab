package org.ilbd.daemon.cli;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.ExitCode;
import org.ilbd.daemon.agent.Agent;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ilbd agent}: tells ILBs and HAProxies how the host does that it runs on. */
@Command(
        name = "agent",
        description = {
            "Runs on a server's host and says how busy that is, to ILBs (agent { } in their configuration) and to HAProxy",
            "(agent-check): one line such as \"up 75%% load:250\" to whoever connects. It needs no rights.",
            ""
        },
        sortOptions = false,
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:ended by SIGTERM or SIGINT",
            "1:the load of this host cannot be measured",
            "2:the command line is wrong",
            "5:the address cannot be used"
        })
final class AgentCommand implements Callable<Integer> {
    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = "--listen",
            required = true,
            paramLabel = "ADDRESS:PORT",
            description = "Where to answer, such as 10.2.0.101:9707. Whoever reaches it can ask.")
    String listen = "";

    @Option(
            names = "--port-of-service",
            paramLabel = "N",
            description = "A local port whose established connections count as load. May be given several times.")
    List<Integer> ports = List.of();

    @Option(
            names = "--connections-per-core",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Connections that make one core fully busy (default: ${DEFAULT-VALUE}).")
    int connectionsPerCore;

    @Option(
            names = "--cgroup",
            paramLabel = "DIR",
            description = {
                "Count the processor time of this control group (version 2) instead of the host's, against its cpu.max or",
                "all cores: for a container, or a service, such as /sys/fs/cgroup/system.slice/nginx.service."
            })
    @Nullable
    Path cgroup;

    @Option(
            names = "--state-file",
            paramLabel = "PATH",
            description = {
                "A file whose first line is passed on: drain, maint, down # reason, 50%%, maxconn:30 and the like.",
                "Without the file, or with nothing in it: ready up."
            })
    @Nullable
    Path stateFile;

    @Override
    public Integer call() throws InterruptedException {
        final Endpoint endpoint = endpoint();
        if (connectionsPerCore < 1) {
            throw wrong("--connections-per-core must be 1 or more, not " + connectionsPerCore);
        }
        for (final int port : ports) {
            if (port < 1 || port > 65_535) {
                throw wrong("--port-of-service must be in 1..65535, not " + port);
            }
        }
        if (stateFile != null && Files.isDirectory(stateFile)) {
            throw wrong("--state-file " + stateFile + " is a directory, not a file");
        }
        if (cgroup != null && !Files.isReadable(cgroup.resolve("cpu.stat"))) {
            throw wrong("--cgroup " + cgroup + " has no cpu.stat: it is no directory of a control group");
        }
        try (Agent agent = Agent.start(
                endpoint, ports, connectionsPerCore, Optional.ofNullable(cgroup), Optional.ofNullable(stateFile))) {
            // Otherwise a signal would make the exit code 143, which service managers take for a failure.
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(ExitCode.OK.number())));
            final var out = Objects.requireNonNull(spec).commandLine().getOut();
            out.println("ilbd agent is ready: listens on " + new Endpoint(endpoint.address(), agent.port()) + ", says: "
                    + agent.line());
            out.flush();
            new CountDownLatch(1).await();
            return ExitCode.OK.number();
        } catch (final IOException e) {
            Objects.requireNonNull(spec)
                    .commandLine()
                    .getErr()
                    .println("ilbd: --listen " + listen + ": " + e.getMessage());
            return (e instanceof BindException ? ExitCode.BIND : ExitCode.FAILURE).number();
        }
    }

    private Endpoint endpoint() {
        try {
            return Endpoint.parse(listen);
        } catch (final IllegalArgumentException e) {
            throw wrong("--listen: " + e.getMessage());
        }
    }

    private ParameterException wrong(final String text) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), text);
    }
}
