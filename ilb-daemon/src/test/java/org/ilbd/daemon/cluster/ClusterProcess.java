package org.ilbd.daemon.cluster;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.IpAddress;

/** A process with one end of the cluster, for tests inside a namespace: sends each line that it reads to the group, prints what it hears. */
public final class ClusterProcess {
    private ClusterProcess() {}

    /** Arguments: the endpoint to bind, the group. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Endpoint group = Endpoint.parse(arguments[1]);
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        IoEventLoop loop = loops.next();
        try (ClusterEndpoint endpoint = ClusterEndpoint.open(Endpoint.parse(arguments[0]), Optional.of(group))) {
            endpoint.start(loop, ClusterProcess::print, reason -> System.out.println("drop " + reason));
            loop.submit(() -> System.out.println("ready")).sync();
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                MemorySegment datagram = Arena.ofAuto().allocateFrom(line);
                loop.submit(() -> endpoint.send(group, datagram, 0, (int) datagram.byteSize() - 1))
                        .sync();
            }
            loops.shutdownGracefully().await();
        }
    }

    private static void print(
            MemorySegment segment, long offset, int length, boolean ipv6, long high, long low, int port, long now) {
        String text = new String(segment.asSlice(offset, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        System.out.println(text + " from " + new Endpoint(new IpAddress(ipv6, high, low), port));
    }
}
