package org.ilbd.daemon.datapath;

import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.engine.PacketBatch;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.Packet;
import org.ilbd.core.packet.VirtioNetHeader;
import org.ilbd.daemon.linux.NetworkDevice;
import org.jspecify.annotations.Nullable;

/**
 * A process with a datapath and, for an engine, one service with one server: for tests, inside a namespace. Prints a line when it is
 * ready, and its figures for each line that it reads.
 */
public final class DatapathProcess {
    private static final int FRONT_BYTES = Packet.HEADROOM_BYTES + VirtioNetHeader.LENGTH_BYTES;

    private final TunDatapath datapath;
    private final boolean direct;
    /** Each packet is sent from here, as one that came from another ILB, or null. */
    private final @Nullable MemorySegment foreign;

    private final Endpoint vip;
    private final Endpoint server;
    private final Packet packet = new Packet();
    private final long[] drops = new long[DropReason.values().length];
    private long packets;
    private long bytes;
    private int longest;

    private DatapathProcess(TunDatapath datapath, String mode, Endpoint vip, Endpoint server) {
        this.datapath = datapath;
        direct = !mode.equals("nat");
        foreign = mode.equals("foreign") ? Arena.ofAuto().allocate(FRONT_BYTES + 0x10000, Long.BYTES) : null;
        this.vip = vip;
        this.server = server;
    }

    /** Arguments: TUN name, interface, direct, foreign (direct, from memory of another kind) or nat, VIP, server. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        NetworkDevice device = NetworkDevice.find(arguments[1]);
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (TunDatapath datapath = TunDatapath.open(arguments[0], device, Duration.ZERO)) {
            DatapathProcess process = new DatapathProcess(
                    datapath, arguments[2], Endpoint.parse(arguments[3]), Endpoint.parse(arguments[4]));
            process.run(group.next());
            group.shutdownGracefully().await();
        }
    }

    private void run(IoEventLoop loop) throws IOException, InterruptedException {
        if (direct) {
            OnLinkCheck.problem(datapath.device(), server.address()).ifPresent(System.err::println);
        }
        datapath.start(loop, this::onPackets, reason -> drops[reason.ordinal()]++, () -> System.out.println("lost"));
        long loopThread = loop.submit(() -> {
                    if (direct) {
                        datapath.follow(0, server.address());
                    }
                    return Thread.currentThread().threadId();
                })
                .sync()
                .getNow();
        System.out.println("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (input.readLine() != null) {
            print(loopThread);
        }
    }

    private void print(long loopThread) {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        StringBuilder line = new StringBuilder("packets=" + packets + " bytes=" + bytes + " longest=" + longest
                + " allocated=" + threads.getThreadAllocatedBytes(loopThread));
        for (DropReason reason : DropReason.values()) {
            if (drops[reason.ordinal()] > 0) {
                line.append(' ').append(reason).append('=').append(drops[reason.ordinal()]);
            }
        }
        System.out.println(line);
        System.err.print(datapath.serverErrors());
        System.err.print(datapath.clientErrors());
    }

    private void onPackets(PacketBatch batch, long nowNanos) {
        for (int i = 0; i < batch.size(); i++) {
            onPacket(batch.segment(), batch.offset(i), batch.length(i));
        }
    }

    private void onPacket(MemorySegment segment, long offset, int length) {
        packets++;
        bytes += length;
        longest = Math.max(longest, length);
        Packet.Verdict verdict = packet.parse(segment, offset, length);
        if (verdict != Packet.Verdict.TCP) {
            drops[DropReason.NOT_TCP.ordinal()]++;
        } else if (packet.tuple().destinationPort() == vip.port()
                && packet.tuple().destinationLow() == vip.address().low()) {
            if (foreign != null) {
                sendFrom(foreign, segment, offset, length);
            } else if (direct) {
                datapath.sendDirect(packet, 0);
            } else {
                datapath.sendTranslated(
                        packet, server.address().high(), server.address().low(), server.port());
            }
        } else {
            datapath.sendBack(packet, vip.address().high(), vip.address().low(), vip.port());
        }
    }

    /** Sends a copy, and overwrites it at once, as the reader of the peers' socket does with what came next. */
    private void sendFrom(MemorySegment copy, MemorySegment segment, long offset, int length) {
        MemorySegment.copy(segment, offset - FRONT_BYTES, copy, 0, FRONT_BYTES + (long) length);
        packet.parse(copy, FRONT_BYTES, length);
        datapath.sendDirect(packet, 0);
        copy.fill((byte) 0);
    }
}
