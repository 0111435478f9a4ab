package org.ilbd.daemon;

import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.engine.Forwarding;
import org.ilbd.core.engine.Server;
import org.ilbd.core.engine.ServerConfig;
import org.ilbd.core.engine.ServerReport;
import org.ilbd.core.engine.Service;
import org.ilbd.core.engine.ServiceConfig;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.admin.AdminServer;
import org.ilbd.daemon.admin.DutyCycle;
import org.ilbd.daemon.cli.Version;
import org.ilbd.daemon.cluster.ClusterEndpoint;
import org.ilbd.daemon.cluster.TransferInbox;
import org.ilbd.daemon.cluster.TransferStreams;
import org.ilbd.daemon.config.Configuration;
import org.ilbd.daemon.config.ServiceSettings;
import org.ilbd.daemon.datapath.OnLinkCheck;
import org.ilbd.daemon.datapath.TunDatapath;
import org.ilbd.daemon.health.HealthChecker;
import org.ilbd.daemon.health.HealthTarget;
import org.ilbd.daemon.host.HostNetwork;
import org.ilbd.daemon.host.HostRequirements;
import org.ilbd.daemon.linux.BatchScheduling;
import org.ilbd.daemon.linux.Errno;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.NetworkDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running ILB: the engine, all that it needs of the host, and the two threads. The engine's loop owns the engine, the
 * TUN device, the datagrams of the other ILBs and the tick; everything else runs on the control loop and hands over by
 * task.
 */
final class Node implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Node.class);

    /** Leaving ends when no packet has come for so long: a client's retransmission takes 200 ms (RFC 6298, as Linux has it). */
    private static final long QUIET_MILLIS = 500;

    /** Leaving ends after this at the latest: the router must have taken the next hop away by then. */
    private static final long LEAVE_TIMEOUT_MILLIS = 10_000;

    private static final long PROGRESS_MILLIS = 1_000;

    /** As often as the engine looks at what time does to servers. */
    private static final long SERVERS_MILLIS = 100;

    /** Well past the heartbeats that tell of the other ILBs' connections. */
    private static final long RELEASE_MILLIS = 10_000;

    /** For each of the two: on a busy machine it is better to start than to be ready. */
    private static final long REHEARSAL_NANOS = 600_000_000;

    /** {@code -Dilbd.rehearse=false}: where many start on a few processors, and how soon one is quick does not matter. */
    private static final boolean REHEARSE = !"false".equals(System.getProperty("ilbd.rehearse"));

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final SingleThreadIoEventLoop loop;
    private final Engine engine;
    private final TunDatapath datapath;
    private final HostNetwork host;
    private final HealthChecker health;
    private final RemovedServers removed = new RemovedServers();
    private final OwnLoad ownLoad;
    private Configuration configuration;
    private int followed;
    private Set<String> ilbMacs = Set.of();

    private Node(Configuration configuration, Runnable onLost) throws StartupException {
        this.configuration = configuration;
        HostRequirements.check(configuration);
        NetworkDevice device = device(configuration);
        checkOnLink(configuration, device);
        if (REHEARSE) {
            rehearse(configuration);
        }
        try {
            datapath = opened(openDatapath(configuration, device));
            ClusterEndpoint cluster = opened(openCluster(configuration));
            // Before the engine's, so that it ends after it: it tells the log what happens until then.
            SingleThreadIoEventLoop control = eventLoop("ilbd-control");
            loop = eventLoop("ilbd-engine");
            DutyCycle dutyCycle = new DutyCycle(System.nanoTime());
            Slices slices = new Slices(dutyCycle);
            TransferInbox inbox = new TransferInbox(loop, new TransferTurn(slices, this::onMessage, this::handOver));
            TransferStreams streams = opened(openStreams(configuration, control, inbox));
            SecureRandom random = new SecureRandom();
            engine = new Engine(
                    configuration.engineConfig(incarnation(), random.nextLong(), random.nextLong()),
                    new Output(datapath, cluster, streams),
                    new EventLog(control),
                    Arena.ofShared(),
                    System.nanoTime());
            health = opened(new HealthChecker(control, random.nextLong(), this::onReport));
            ownLoad = new OwnLoad(control, loop, engine, configuration.cluster().loadCgroup());
            opened(AdminServer.start(
                    control, configuration.admin().listen(), engine, health::counts, dutyCycle, Version.number()));
            host = opened(HostNetwork.start(
                    configuration.datapath().interfaceName(), datapath.tunName(), configuration.serviceConfigs()));
            // What was made so far stays: later collections are not to copy it while packets wait.
            System.gc();
            start(control, cluster, dutyCycle, slices, onLost);
            control.scheduleWithFixedDelay(this::releaseRemoved, RELEASE_MILLIS, RELEASE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (StartupException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Before the others and the router see this ILB. */
    private static void rehearse(Configuration configuration) {
        long start = System.nanoTime();
        Rehearsal.run(
                configuration.cluster().keyBytes(),
                timeFrom(start),
                newcomer -> LOGGER.debug(
                        "rehearsed a join with {} associations in {} ms",
                        newcomer.owned().size(),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)));
        try {
            LOGGER.debug(
                    "rehearsed with a peer: {}",
                    PeerRehearsal.run(configuration.cluster().bind().address(), timeFrom(System.nanoTime())));
        } catch (IOException e) {
            // Where the stream itself cannot listen either, that is told when it is opened.
            LOGGER.debug("no rehearsal with a peer", e);
        }
    }

    private static BooleanSupplier timeFrom(long startNanos) {
        return () -> System.nanoTime() - startNanos < REHEARSAL_NANOS;
    }

    /**
     * Starts an ILB; it works when this returns.
     *
     * @param onLost called when it can't go on
     */
    static Node start(Configuration configuration, Runnable onLost) throws StartupException {
        return new Node(configuration, onLost);
    }

    /**
     * On the engine's loop: where it shares a processor, it is not to interrupt at each packet the program that makes or answers
     * the packets. It comes a moment later, to several at once, which costs less than a switch for each.
     */
    private static void schedule() {
        try {
            BatchScheduling.take();
        } catch (ErrnoException e) {
            LOGGER.warn("{}: packets are handled one by one where a processor is shared", e.getMessage());
        }
    }

    private void start(
            IoEventLoop control, ClusterEndpoint cluster, DutyCycle dutyCycle, Slices slices, Runnable onLost) {
        warnWithoutKey();
        // Before anybody knows of this ILB: the first time takes long.
        loop.submit(() -> {
                    schedule();
                    tick(control, System.nanoTime());
                })
                .awaitUninterruptibly();
        EngineInput input = new EngineInput(engine);
        datapath.start(loop, input, engine.counters()::drop, onLost);
        cluster.start(loop, input, engine.counters()::drop);
        dutyCycle.begin(System.nanoTime());
        loop.scheduleAtFixedRate(
                () -> slices.run(
                        now -> {
                            dutyCycle.onTick(now);
                            tick(control, now);
                        },
                        this::handOver),
                0,
                Engine.TICK_NANOS,
                TimeUnit.NANOSECONDS);
        loop.scheduleAtFixedRate(new ServerLog(engine, control), SERVERS_MILLIS, SERVERS_MILLIS, TimeUnit.MILLISECONDS);
        loop.scheduleAtFixedRate(
                new ProgressLog(engine, control), PROGRESS_MILLIS, PROGRESS_MILLIS, TimeUnit.MILLISECONDS);
        configuration.cluster().peers().forEach(peer -> loop.execute(() -> datapath.followIlb(peer.address())));
        loop.scheduleAtFixedRate(() -> followIlbs(control), 0, SERVERS_MILLIS, TimeUnit.MILLISECONDS);
        health.update(targets(configuration));
        ownLoad.follow(configuration.services());
    }

    /** Keeps the host told of how frames of other ILBs look, also of those that have just come. On the engine's loop. */
    private void followIlbs(IoEventLoop control) {
        for (Peer peer : engine.membership().peers()) {
            datapath.followIlb(peer.endpoint().address());
        }
        Set<String> macs = datapath.ilbMacs();
        if (!macs.equals(ilbMacs)) {
            ilbMacs = macs;
            control.execute(() -> tellIlbs(macs));
        }
    }

    private synchronized void tellIlbs(Set<String> macs) {
        try {
            host.setIlbs(macs);
        } catch (StartupException e) {
            LOGGER.error("what other ILBs send for this host's server will come to ilbd: {}", e.getMessage());
        }
    }

    private void tick(IoEventLoop control, long nowNanos) {
        engine.onTick(Slices.STEP, nowNanos);
        followServers(control);
    }

    /**
     * Prepares for the servers that have come to be known since the last time, by the configuration or by other ILBs: one that
     * is configured nowhere any more still has connections, and this ILB may be handed some of them. On the engine's loop.
     */
    private void followServers(IoEventLoop control) {
        for (; followed < engine.serverCount(); followed++) {
            Server server = engine.server(followed);
            engine.setLocal(server, datapath.follow(server));
            if (server.service().config().forwarding() == Forwarding.NAT) {
                control.execute(() -> adopt(server.service().vip(), server.endpoint()));
            }
        }
    }

    private synchronized void adopt(Endpoint vip, Endpoint server) {
        if (removed.adopt(vip, server, configuration.serviceConfigs())) {
            applyToHost();
        }
    }

    /** Grows at every start, also by a clock that was set back by less than the time between two starts. */
    private static long incarnation() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    private boolean handOver() {
        return engine.handOver(Slices.STEP);
    }

    private void onMessage(MemorySegment message, long nowNanos) {
        engine.onTransfer(message, 0, (int) message.byteSize(), Slices.STEP, nowNanos);
    }

    private void onClosed(Endpoint peer) {
        loop.execute(() -> engine.onTransferClosed(peer, System.nanoTime()));
    }

    /** One line that says what is running. */
    String summary() {
        return "ilbd is ready: ILB " + configuration.cluster().id() + ", "
                + configuration.summary() + ", metrics at http://"
                + configuration.admin().listen() + "/metrics";
    }

    /**
     * Takes over another configuration's services, servers and cluster keys. What else differs is named in the log, and needs a restart.
     *
     * @throws StartupException if the host does not take it; the old one goes on then
     */
    synchronized void reconfigure(Configuration next) throws StartupException {
        checkOnLink(next, datapath.device());
        removed.onReload(configuration.serviceConfigs(), next.serviceConfigs());
        host.apply(removed.addTo(next.serviceConfigs()));
        loop.submit(() -> {
                    engine.reconfigure(next.serviceConfigs());
                    engine.setKeys(next.cluster().keyBytes());
                    datapath.follow(engine.services());
                })
                .awaitUninterruptibly();
        health.update(targets(next));
        ownLoad.follow(next.services());
        for (String setting : RestartNeeded.between(configuration, next)) {
            LOGGER.warn("{} has changed: that takes a restart", setting);
        }
        if (!configuration.cluster().keys().equals(next.cluster().keys())) {
            LOGGER.info(
                    "cluster keys changed: messages are signed with the first of {}",
                    next.cluster().keys().size());
        }
        configuration = next;
        LOGGER.info("reloaded: {}", next.summary());
    }

    /** Gives up the ways back of servers that were removed and whose last connection has ended. On the control loop. */
    private synchronized void releaseRemoved() {
        Future<Boolean> forgotten =
                loop.submit(() -> removed.forgetIdle(engine::hasConnectionsTo)).awaitUninterruptibly();
        if (!forgotten.isSuccess() || !forgotten.getNow()) {
            return;
        }
        applyToHost();
    }

    private void applyToHost() {
        try {
            host.apply(removed.addTo(configuration.serviceConfigs()));
        } catch (StartupException e) {
            LOGGER.warn("rules for servers that are not configured any more: {}", e.getMessage());
        }
    }

    /** Tells the others, and goes on serving until they hold everything and no packet comes any more. */
    void leave() {
        loop.submit(() -> engine.leave(System.nanoTime())).awaitUninterruptibly();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LEAVE_TIMEOUT_MILLIS);
        long packets = -1;
        while ((packets != packets() || !isReleased()) && System.nanoTime() - end < 0) {
            packets = packets();
            sleep(QUIET_MILLIS);
        }
    }

    private boolean isReleased() {
        Future<Boolean> released = loop.submit(engine::isReleased).awaitUninterruptibly();
        return released.isSuccess() && released.getNow();
    }

    private long packets() {
        long sum = engine.counters().get(Counter.RECEIVED_FORWARDED);
        for (Service service : engine.services()) {
            sum += service.packetsIn() + service.packetsReturned();
        }
        return sum;
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Called on the control loop. */
    private void onReport(String service, Endpoint endpoint, ServerReport report) {
        loop.execute(() -> {
            for (Service candidate : engine.services()) {
                if (candidate.config().name().equals(service)) {
                    for (Server server : candidate.servers()) {
                        if (server.endpoint().equals(endpoint)) {
                            engine.onServerReport(server, report, System.nanoTime());
                        }
                    }
                }
            }
        });
    }

    private static List<HealthTarget> targets(Configuration configuration) {
        List<HealthTarget> targets = new ArrayList<>();
        for (ServiceSettings settings : configuration.services()) {
            ServiceConfig service = settings.service();
            for (ServerConfig server : service.servers()) {
                targets.add(new HealthTarget(service.name(), server.endpoint(), settings.health(), settings.agent()));
            }
        }
        return targets;
    }

    private void warnWithoutKey() {
        if (configuration.cluster().keys().isEmpty()
                && !(configuration.cluster().peers().isEmpty()
                        && configuration.cluster().multicast().isEmpty())) {
            LOGGER.warn(
                    "no cluster.key-file: messages between ILBs are NOT authenticated; "
                            + "anyone who can send to {} can redirect connections",
                    configuration.cluster().bind());
        }
    }

    private SingleThreadIoEventLoop eventLoop(String name) {
        ThreadFactory threads = Thread.ofPlatform().name(name).daemon().factory();
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, threads, EpollIoHandler.newFactory());
        opened(() -> group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly());
        return (SingleThreadIoEventLoop) group.next();
    }

    private static NetworkDevice device(Configuration configuration) throws StartupException {
        String name = configuration.datapath().interfaceName();
        try {
            return NetworkDevice.find(name);
        } catch (ErrnoException e) {
            throw new StartupException(
                    ExitCode.BIND, "datapath.interface = " + name + ": no such network interface", e);
        }
    }

    private static TunDatapath openDatapath(Configuration configuration, NetworkDevice device) throws StartupException {
        String tun = configuration.datapath().tun();
        try {
            return TunDatapath.open(tun, device, configuration.datapath().busyPoll());
        } catch (ErrnoException e) {
            if (e.isPermission()) {
                throw new StartupException(ExitCode.PERMISSION, "datapath.tun = " + tun + ": " + e.getMessage(), e);
            }
            String reason = e.errno() == Errno.EBUSY ? "in use by another process" : e.getMessage();
            throw new StartupException(ExitCode.BIND, "datapath.tun = " + tun + ": " + reason, e);
        }
    }

    private static ClusterEndpoint openCluster(Configuration configuration) throws StartupException {
        Endpoint bind = configuration.cluster().bind();
        try {
            return ClusterEndpoint.open(bind, configuration.cluster().multicast());
        } catch (ErrnoException e) {
            String reason = switch (e.errno()) {
                case Errno.EADDRINUSE -> "the port is in use by another process";
                case Errno.EADDRNOTAVAIL -> "not an address of this host";
                default -> e.getMessage();
            };
            throw new StartupException(ExitCode.BIND, "cluster.bind = " + bind + ": " + reason, e);
        }
    }

    private TransferStreams openStreams(
            Configuration configuration, SingleThreadIoEventLoop control, TransferInbox inbox) throws StartupException {
        Endpoint bind = configuration.cluster().bind();
        List<IpAddress> peers =
                configuration.cluster().peers().stream().map(Endpoint::address).toList();
        try {
            return TransferStreams.open(
                    control, bind, address -> peers.isEmpty() || peers.contains(address), new TransferStreams.Sink() {
                        @Override
                        public void onMessage(MemorySegment message) {
                            inbox.add(message);
                        }

                        @Override
                        public void onClosed(Endpoint peer) {
                            Node.this.onClosed(peer);
                        }
                    });
        } catch (IOException e) {
            throw new StartupException(ExitCode.BIND, "cluster.bind = " + bind + " (TCP): " + e.getMessage(), e);
        }
    }

    private static void checkOnLink(Configuration configuration, NetworkDevice device) throws StartupException {
        for (ServiceConfig service : configuration.serviceConfigs()) {
            if (service.forwarding() == Forwarding.DIRECT) {
                for (ServerConfig server : service.servers()) {
                    String problem = OnLinkCheck.problem(
                                    device, server.endpoint().address())
                            .orElse("");
                    if (!problem.isEmpty()) {
                        throw new StartupException(
                                ExitCode.BIND,
                                "services." + service.name() + ": server " + server.endpoint() + ": " + problem);
                    }
                }
            }
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    /** Takes everything down, the last thing first. */
    @Override
    public void close() {
        while (!open.isEmpty()) {
            AutoCloseable resource = open.pop();
            try {
                resource.close();
            } catch (Exception e) {
                LOGGER.error("cannot take down {}", resource, e);
            }
        }
    }
}
