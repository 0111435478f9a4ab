package org.ilbd.daemon.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.ilbd.daemon.linux.NamespaceThread;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The network of {@code deploy/lib/lab} for one test, and the programs in it; to be registered as an extension. After the test everything that
 * it started is ended; if the test has failed, what they all printed is shown. Needs root, or {@code unshare -Urnm}.
 */
final class Lab implements AfterEachCallback {
    /** For a condition that is to come true. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Between two looks at it: on processors that have other things to do, unless the test runs alone. */
    private static final Duration POLL_INTERVAL = Duration.ofMillis(Integer.getInteger("ilbd.it.poll-millis", 300));

    /**
     * For {@code lab write-config --set}: ILBs whose processes may stand still for as long, on a machine that does other things too, without
     * being taken for dead. For tests that are not about that.
     */
    static final String PATIENT = "ilb.cluster.failure-timeout = 2s";

    static final Path TOP = top();
    static final Path DISTRIBUTION = TOP.resolve("ilb-daemon/target/ilbd");

    private static final Path TOOL = TOP.resolve("deploy/lib/lab");
    private static final String JAVA_HOME = System.getProperty("java.home");

    /**
     * Many processes on a machine with few processors: one that waits for its turn is not to be taken for dead. A test of failures
     * sets its own after this.
     */
    private static final String FAILURE_TIMEOUT = "ilb.cluster.failure-timeout = 3s";

    private static final int HTTP_TIMEOUT_MILLIS = 10_000;

    /** Two runs at the same time do not meet. */
    private final String prefix = "it" + ProcessHandle.current().pid();

    private final List<Child> children = new ArrayList<>();
    private final Map<String, NamespaceThread> threads = new ConcurrentHashMap<>();
    private final Path directory;
    private String jvmOptions = "-XX:TieredStopAtLevel=1 -Dilbd.rehearse=false";
    private List<String> settings = List.of("ilb.connections.established = 100000", "ilb.cache.capacity = 100000");
    private boolean isUp;

    static {
        Awaitility.setDefaultPollInterval(POLL_INTERVAL);
        Awaitility.setDefaultPollDelay(Duration.ZERO);
    }

    Lab() {
        try {
            directory = Files.createTempDirectory("ilbd-it");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path top() {
        Path candidate = Path.of("").toAbsolutePath();
        while (candidate != null && !Files.exists(candidate.resolve("deploy/lib/lab"))) {
            candidate = candidate.getParent();
        }
        if (candidate == null) {
            throw new IllegalStateException("deploy/lib/lab is not above the current directory");
        }
        return candidate;
    }

    /** For files of the test; it goes with the lab. */
    Path directory() {
        return directory;
    }

    String prefix() {
        return prefix;
    }

    /**
     * With ILBs that run as users run them. Otherwise they rehearse nothing, their JVM leaves out its second compiler, and their tables are
     * small: all that takes much of the processor time of a start, and makes fast what a test without load never waits for.
     */
    Lab compiledInFull() {
        jvmOptions = "";
        settings = List.of();
        return this;
    }

    /** Builds the network, with more options of {@code lab up}. */
    Lab up(String... options) {
        isUp = true;
        tool(concat(List.of("up", "--prefix", prefix), options));
        // 10,000 long connections, and short ones that stay in TIME_WAIT for a minute (RFC 9293, 3.3.2).
        run("client", "sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000");
        return this;
    }

    /** Makes these hosts the router's next hops for the VIPs, in this order. */
    void ecmp(List<String> hosts) {
        List<String> command = new ArrayList<>(List.of("ecmp", prefix));
        command.addAll(hosts);
        tool(command);
    }

    /** Gives the servers 1 to {@code count} other default gateways: they have these hosts in turn. */
    void gateways(int count, List<String> hosts) {
        List<String> command = new ArrayList<>(List.of("gateway", prefix));
        for (int server = 1; server <= count; server++) {
            command.add("server" + server);
            command.add(hosts.get(server % hosts.size()));
        }
        tool(command);
    }

    /** The configuration of one ILB, with more options of {@code lab write-config}. */
    String configuration(int ilb, String... options) {
        List<String> command =
                new ArrayList<>(List.of("write-config", prefix, Integer.toString(ilb), "--set", FAILURE_TIMEOUT));
        for (String setting : settings) {
            command.addAll(List.of("--set", setting));
        }
        return tool(concat(command, options));
    }

    private String tool(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(TOOL.toString()));
        command.addAll(arguments);
        return finish(Child.start("lab", directory, Map.of(), command), command);
    }

    /** Runs a command on a host, such as {@code ilb1}, to its end; it must succeed. Returns what it printed. */
    String run(String host, String... command) {
        return finish(
                Child.start("command", directory, Map.of(), within(host, Arrays.asList(command))),
                Arrays.asList(command));
    }

    /**
     * Asks a program on a host by HTTP, as a program beside it would, but without starting one; it must answer.
     *
     * @return the body, a blank and the status
     */
    String http(String host, String url) {
        try {
            NamespaceThread thread = threads.computeIfAbsent(host, any -> new NamespaceThread(namespace(any)));
            return thread.call(() -> http(url));
        } catch (ExecutionException e) {
            throw new AssertionError(url + " on " + host, e);
        }
    }

    private static String http(String url) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(url).toURL().openConnection(Proxy.NO_PROXY);
        // One that is kept would be used for the same address of another host.
        connection.setRequestProperty("Connection", "close");
        connection.setConnectTimeout(HTTP_TIMEOUT_MILLIS);
        connection.setReadTimeout(HTTP_TIMEOUT_MILLIS);
        int status = connection.getResponseCode();
        try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8) + " " + status;
        }
    }

    private String namespace(String host) {
        return "/run/netns/" + prefix + "-" + host;
    }

    private static String finish(Child child, List<String> command) {
        if (child.awaitEnd() != 0) {
            throw new AssertionError(String.join(" ", command) + "\n" + child);
        }
        return child.output();
    }

    /** Starts a program on a host; it ends with the test at the latest. */
    Child start(String name, String host, List<String> command) {
        return launch(name, within(host, command));
    }

    /** Starts a program outside the network; it ends with the test at the latest. */
    Child launch(String name, List<String> command) {
        // The last two are for ilbd; the first of them is where it keeps what it must take back after a crash.
        Map<String, String> environment =
                Map.of("JAVA_HOME", JAVA_HOME, "RUNTIME_DIRECTORY", directory.toString(), "ILBD_JAVA_OPTS", jvmOptions);
        Child child = Child.start(name, directory, environment, command);
        children.add(child);
        return child;
    }

    private List<String> within(String host, List<String> command) {
        List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + namespace(host), "--"));
        all.addAll(command);
        return all;
    }

    /** Starts ILBs 1 to {@code count}, with more options of {@code lab write-config}; returns when each sees all the others. */
    List<Ilb> startIlbs(int count, String... options) {
        List<Ilb> ilbs = IntStream.rangeClosed(1, count)
                .mapToObj(number -> Ilb.start(this, number, configuration(number, options)))
                .toList();
        ilbs.forEach(Ilb::awaitReady);
        awaitView(ilbs, count);
        return ilbs;
    }

    /** Waits until these ILBs see so many that are ACTIVE. */
    void awaitView(List<Ilb> ilbs, int size) {
        await().atMost(PATIENCE)
                .until(() -> ilbs.stream().allMatch(ilb -> ilb.scrape().value("ilbd_view_size") == size));
    }

    /** Starts echo servers on the hosts server1 to {@code count}, in one process; they listen when this returns. */
    Child startServers(int count, int port) {
        return startServers(IntStream.rangeClosed(1, count), port);
    }

    /** Starts echo servers on the hosts with these numbers, in one process; they listen when this returns. */
    Child startServers(IntStream numbers, int port) {
        return startServers(
                "servers", numbers.mapToObj(number -> namedServer("server" + number, "server" + number)), port);
    }

    /** Starts an echo server on any host; it listens when this returns. */
    Child startServer(String name, String host, int port) {
        return startServers(name, Stream.of(namedServer(name, host)), port);
    }

    private String namedServer(String name, String host) {
        return name + "=" + namespace(host);
    }

    private Child startServers(String processName, Stream<String> servers, int port) {
        String[] arguments =
                Stream.concat(Stream.of(Integer.toString(port)), servers).toArray(String[]::new);
        Child child = launch(processName, java(EchoServerProcess.class, arguments));
        child.awaitLine("ready");
        return child;
    }

    /** Starts an nginx on each server, which answers with the server's name; they listen when this returns. */
    void startNginx() {
        tool(List.of("serve", prefix, "--dir", directory.resolve("nginx").toString()));
    }

    /** Starts a {@link TrafficProcess} at the client. */
    Traffic startTraffic(String... options) {
        return new Traffic(start("traffic", "client", java(TrafficProcess.class, options)));
    }

    /** The command that runs a program of the tests. They all come after the ILBs, which are to hear of each other in time. */
    static List<String> java(Class<?> main, String... arguments) {
        return concat(
                List.of(
                        "nice",
                        "-n",
                        "10",
                        JAVA_HOME + "/bin/java",
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName()),
                arguments);
    }

    private static List<String> concat(List<String> first, String... second) {
        return Stream.concat(first.stream(), Arrays.stream(second)).toList();
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        end(context.getExecutionException().isPresent());
    }

    /** Ends everything, for who keeps a lab for several tests. */
    void end(boolean failed) throws IOException {
        try {
            if (failed) {
                children.forEach(System.err::println);
            }
            children.forEach(Child::kill);
            threads.values().forEach(NamespaceThread::close);
            if (isUp) {
                tool(List.of("down", "--prefix", prefix));
            }
        } finally {
            delete();
        }
    }

    private void delete() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
