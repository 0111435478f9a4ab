package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Three ILBs, room for a fourth, and four servers, a fifth in reserve, under traffic that never stops: many long connections that send and check
 * data, and a steady rate of short ones. What is done to it, is done to processes and to kernels.
 *
 * <p>Sizes are for two slow cores; {@code -Dilbd.chaos.connections=10000 -Dilbd.chaos.short-rate=300 -Dilbd.chaos.reshuffles=100} is the full size. What is random comes
 * from a seed, which is printed; {@code -Dilbd.chaos.seed=N} takes that one.
 */
final class ChaosCluster {
    /** ILBs at rest. */
    static final int ILBS = 3;

    static final int CONNECTIONS = Integer.getInteger("ilbd.chaos.connections", 1_000);
    private static final int FULL_SIZE = 10_000;

    static final int SHORT_RATE = Integer.getInteger("ilbd.chaos.short-rate", 100);

    /** The default of the configuration, unless told otherwise. */
    private static final String FAILURE_TIMEOUT = System.getProperty("ilbd.chaos.failure-timeout", "400ms");

    private static final int SERVERS = 5;

    /** Rounds of the long connections in a second, all together: what two cores can do along with all the rest. */
    private static final int ROUNDS_PER_SECOND = 3_000;

    /** After a host has died, until the router takes it out of its route. */
    private static final int ROUTER_MILLIS = 500;

    /** The event comes at a random instant in so many milliseconds. */
    private static final int INSTANT_MILLIS = 1_000;

    private static final String SERVERS_AT_FIRST = "1 2 3 4";
    private static final String SERVERS_CHANGED = "1 2 3 5";

    /** Whoever leaves is dead in the end, too. */
    private static final String TAKEN_FOR_DEAD = "within the failure timeout; it was active";

    private final Shape shape;
    private final Lab lab;
    private final NavigableMap<Integer, Ilb> running = new ConcurrentSkipListMap<>();
    private final List<Ilb> started = new ArrayList<>();
    private final TreeSet<Integer> routed = new TreeSet<>();
    private boolean lossy;
    private volatile String servers = SERVERS_AT_FIRST;
    private final Traffic traffic;

    /**
     * What a cluster is made of.
     *
     * @param family 4 or 6
     * @param scheduler anything but maglev gives no connection back to its server that the ILBs have lost
     * @param ilbs how many there is room for
     */
    record Shape(String family, String forwarding, String scheduler, int ilbs) {}

    /** What happens to the cluster, at some instant. */
    @FunctionalInterface
    interface Event {
        void happen(Random random);
    }

    /** Builds it, in a lab that who calls this takes down, also if it fails. */
    ChaosCluster(Shape shape, Lab lab) throws IOException {
        this.shape = shape;
        this.lab = lab;
        lab.up(
                "--ilbs",
                Integer.toString(shape.ilbs),
                "--servers",
                Integer.toString(SERVERS),
                "--family",
                shape.family,
                "--forwarding",
                shape.forwarding);
        Path key = lab.directory().resolve("cluster.key");
        Files.createFile(key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(key, "6b".repeat(32));
        lab.startServers(SERVERS, isNat() ? 8080 : 80);
        for (int number = 1; number <= ILBS; number++) {
            running.put(number, launch(number, configuration(number)));
            routed.add(number);
        }
        running.values().forEach(Ilb::awaitReady);
        route();
        awaitStable();
        long intervalMillis = Math.max(300, 1_000L * CONNECTIONS / ROUNDS_PER_SECOND);
        traffic = lab.startTraffic(
                target(), "long=" + CONNECTIONS, "interval=" + intervalMillis, "short-rate=" + SHORT_RATE);
        traffic.awaitOpen(CONNECTIONS);
    }

    /** Then the ILBs run as users run them. In a smaller size they need not be that fast, and start in half of the time. */
    static boolean isInFullSize() {
        return CONNECTIONS >= FULL_SIZE;
    }

    Shape shape() {
        return shape;
    }

    Traffic traffic() {
        return traffic;
    }

    Lab lab() {
        return lab;
    }

    String target() {
        return "target=" + (shape.family.equals("6") ? "[fd00:9::1]:80" : "10.9.0.1:80");
    }

    private boolean isNat() {
        return shape.forwarding.equals("nat");
    }

    private String configuration(int number) {
        return lab.configuration(
                number,
                "--family",
                shape.family,
                "--forwarding",
                shape.forwarding,
                "--scheduler",
                shape.scheduler,
                "--server-port",
                isNat() ? "8080" : "80",
                "--servers",
                servers,
                "--key-file",
                lab.directory().resolve("cluster.key").toString(),
                "--set",
                "ilb.cluster.failure-timeout = " + FAILURE_TIMEOUT);
    }

    // ---- a run
    // --------------------------------------------------------------------------------------------------------

    /** Lets something happen, waits until all connections go on, and brings the cluster to rest again. */
    void run(String name, Event event) {
        measure(name, event);
        rest();
    }

    /** Lets something happen that may break connections: the event itself looks at which. The cluster is of no use afterwards. */
    void runWithLoss(String name, Event event) {
        lossy = true;
        measure(name, event);
    }

    private void measure(String name, Event event) {
        long seed = Long.getLong("ilbd.chaos.seed", System.nanoTime());
        Random random = new Random(seed);
        awaitStable();
        long standstills = logged("stood still");
        long deaths = logged(TAKEN_FOR_DEAD);
        traffic.mark();
        long start = System.nanoTime();
        boolean unfinished = false;
        try {
            pause(random.nextInt(INSTANT_MILLIS));
            event.happen(random);
            unfinished = true;
            if (!lossy) {
                awaitProgress(start);
            }
            unfinished = false;
        } finally {
            List<Scrape> scrapes = running.values().stream().map(Ilb::scrape).toList();
            System.out.println(ChaosLine.of(name, seed, traffic.report(), unfinished, scrapes) + "; ILBs stood still "
                    + (logged("stood still") - standstills) + " times, took another for dead "
                    + (logged(TAKEN_FOR_DEAD) - deaths) + " times");
        }
    }

    /** Waits until all that still live go on; returns the client's ports of those that do not live. */
    List<Integer> awaitRest() {
        long goal = traffic.report().get("slowest") + 2;
        await().atMost(Lab.PATIENCE).until(() -> traffic.report().get("slowest") >= goal);
        return traffic.broken();
    }

    /** Each long connection makes progress, and no short one is left that began before. */
    private void awaitProgress(long startNanos) {
        traffic.awaitRounds(2);
        await().atMost(Lab.PATIENCE).until(traffic::report, report -> {
            report.assertUnbroken();
            return report.get("short-oldest-ms")
                    < Duration.ofNanos(System.nanoTime() - startNanos).toMillis();
        });
        Traffic.Report report = traffic.report();
        report.assertUnbroken();
        assertThat(report.get("open")).as(report.line()).isEqualTo(CONNECTIONS);
    }

    /** How many lines of all logs say so. */
    private long logged(String text) {
        return started.stream().mapToLong(ilb -> count(ilb, text)).sum();
    }

    /** How many lines of an ILB's log say so. */
    static long count(Ilb ilb, String text) {
        return ilb.child().errors().lines().filter(line -> line.contains(text)).count();
    }

    /** Three ILBs again, and the router uses them all. */
    private void rest() {
        for (int number = 1; number <= ILBS; number++) {
            if (!running.containsKey(number)) {
                start(number);
                routed.add(number);
            }
        }
        route();
        awaitStable();
        // Also through those that have come back.
        traffic.awaitRounds(2);
        for (int number = ILBS + 1; number <= shape.ilbs; number++) {
            if (running.containsKey(number)) {
                terminate(number);
            }
        }
        awaitStable();
    }

    /** The end of all traffic: nothing may be missing. */
    void finish() {
        Traffic.Report last = traffic.stop();
        assertThat(last.get("wrong")).as(last.line()).isZero();
        assertThat(last.get("waiting")).as(last.line()).isZero();
        if (!lossy) {
            last.assertUnbroken();
            assertThat(last.get("checked")).as(last.line()).isEqualTo(last.get("sent"));
        }
        started.forEach(ilb -> assertThat(ilb.child().errors()).doesNotContain(" ERROR "));
    }

    // ---- what is done to it
    // -------------------------------------------------------------------------------------------

    static void pause(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One of the ILBs that run. */
    int any(Random random) {
        return numbers().get(random.nextInt(running.size()));
    }

    /** The ILBs that run. */
    List<Integer> numbers() {
        return new ArrayList<>(running.keySet());
    }

    Ilb ilb(int number) {
        return Objects.requireNonNull(running.get(number), () -> "ilb" + number + " does not run");
    }

    /** SIGKILL to all of these; the router notices half a second later. */
    void kill(Integer... numbers) {
        for (int number : numbers) {
            Ilb ilb = ilb(number);
            running.remove(number);
            ilb.child().kill();
        }
        pause(ROUTER_MILLIS);
        routed.removeAll(List.of(numbers));
        route();
    }

    /** SIGTERM; the router notices half a second later. Returns when the ILB has ended. */
    void terminate(int number) {
        Ilb ilb = ilb(number);
        ilb.signal("TERM");
        pause(ROUTER_MILLIS);
        routed.remove(number);
        route();
        assertThat(ilb.child().awaitEnd()).isZero();
        running.remove(number);
    }

    /** Starts an ILB; returns when it answers, which is before it is ACTIVE. */
    Ilb start(int number) {
        String configuration = configuration(number);
        Ilb ilb = launch(number, configuration);
        ilb.awaitReady();
        running.put(number, ilb);
        if (!configuration(number).equals(configuration)) {
            ilb.reload(configuration(number));
        }
        return ilb;
    }

    private Ilb launch(int number, String configuration) {
        Ilb ilb = Ilb.start(lab, number, configuration);
        started.add(ilb);
        return ilb;
    }

    /** The router sends packets to an ILB, too. */
    void routeTo(int number) {
        routed.add(number);
        route();
    }

    private void route() {
        List<String> hosts = routed.stream().map(number -> "ilb" + number).toList();
        lab.ecmp(hosts);
        if (isNat()) {
            lab.gateways(SERVERS, hosts);
        }
    }

    /** Other next hops, in another order, ten times a second. */
    void reshuffle(Random random, int times) {
        List<Integer> hops = new ArrayList<>(routed);
        String script = IntStream.range(0, times)
                .mapToObj(_ -> {
                    Collections.shuffle(hops, random);
                    return "ip route replace 10.9.0.0/24"
                            + hops.subList(0, 1 + random.nextInt(hops.size())).stream()
                                    .map(hop -> " nexthop via 10.2.0." + (10 + hop))
                                    .collect(Collectors.joining())
                            + "; sleep 0.1";
                })
                .collect(Collectors.joining("\n", "set -e\n", ""));
        lab.run("router", "sh", "-c", script);
        route();
    }

    /** Within a second from now: a server is taken out of the configuration of all ILBs, and another is put in. */
    CompletableFuture<Void> changeServers(Random random) {
        int delay = random.nextInt(INSTANT_MILLIS);
        return CompletableFuture.runAsync(
                () -> {
                    pause(delay);
                    servers = servers.equals(SERVERS_AT_FIRST) ? SERVERS_CHANGED : SERVERS_AT_FIRST;
                    running.forEach((number, ilb) -> {
                        String configuration = configuration(number);
                        // It may have died since.
                        if (ilb.child().isAlive()) {
                            ilb.reload(configuration);
                        }
                    });
                },
                Thread::startVirtualThread);
    }

    // ---- what is waited for
    // -------------------------------------------------------------------------------------------

    void awaitActive(int number) {
        await().atMost(Lab.PATIENCE).until(() -> isIn(ilb(number), "active"));
    }

    static boolean isIn(Ilb ilb, String state) {
        return ilb.scrape().value("ilbd_state", "state=\"" + state + "\"") == 1;
    }

    /** All that run are ACTIVE and see each other, every connection is on two of them, and they have the configured servers. */
    void awaitStable() {
        await().atMost(Lab.PATIENCE).until(() -> running.values().stream().allMatch(this::isStable));
    }

    private boolean isStable(Ilb ilb) {
        Scrape scrape = ilb.scrape();
        return scrape.value("ilbd_view_size") == running.size()
                && scrape.value("ilbd_state", "state=\"active\"") == 1
                && (running.size() < 2 || scrape.value("ilbd_under_replicated_connections") == 0)
                && servers.chars()
                        .filter(Character::isDigit)
                        .allMatch(digit -> scrape.sum("ilbd_server_up", "10" + (char) digit + ":") == 1
                                || scrape.sum("ilbd_server_up", "10" + (char) digit + "]:") == 1);
    }
}
