package org.ilbd.daemon;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.admin.AdminServer;
import org.ilbd.daemon.admin.DutyCycle;
import org.ilbd.daemon.cli.IlbdCommand;
import org.ilbd.daemon.cli.Version;

/**
 * What a process does from its start on, as far as that needs neither rights nor a network: for the JVM to record which classes it needs and
 * which methods it calls often. Run once, when ilbd is built; with the record an ILB starts in half the time, and is compiled sooner.
 */
public final class Training {
    /** The methods' profiles are those of an ILB that runs, not of one that starts. */
    private static final int REHEARSALS = 4;

    private Training() {}

    /** Takes the arguments that {@code ilbd} is started with. */
    public static void main(String[] arguments) {
        System.exit(IlbdCommand.commandLine((configuration, file) -> {
                    rehearseWithPeer();
                    for (int i = 0; i < REHEARSALS; i++) {
                        Rehearsal.run(configuration.cluster().keyBytes(), () -> true, newcomer -> {});
                    }
                    tell(new EventLog(Runnable::run), configuration.cluster().id());
                    Rehearsal.run(configuration.cluster().keyBytes(), () -> true, Training::scrape);
                })
                .execute(arguments));
    }

    private static void rehearseWithPeer() {
        try {
            PeerRehearsal.run(IpAddress.parse("127.0.0.1"), () -> true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void tell(EventLog log, IlbId id) {
        log.viewChanged(List.of(id));
        log.selfStateChanged(IlbState.JOINING, IlbState.ACTIVE);
    }

    private static void scrape(Engine engine) {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (AdminServer server = AdminServer.start(
                        group.next(),
                        Endpoint.parse("127.0.0.1:0"),
                        engine,
                        List::of,
                        new DutyCycle(System.nanoTime()),
                        Version.number());
                InputStream metrics = URI.create("http://127.0.0.1:" + server.port() + "/metrics")
                        .toURL()
                        .openStream()) {
            metrics.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (StartupException e) {
            throw new IllegalStateException(e);
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }
}
