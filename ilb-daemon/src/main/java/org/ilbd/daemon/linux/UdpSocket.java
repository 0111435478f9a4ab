package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A UDP socket for IPv4 or for IPv6, non-blocking, that neither sending nor receiving allocates for.
 *
 * <p><b>Why not Netty's channel.</b> It makes a packet object, a buffer and an address object for each datagram, and datagrams between
 * ILBs carry clients' packets: they are packet path.
 *
 * <p><b>Path MTU.</b> A forwarded packet is longer by its envelope. Discovery is off (IP_PMTUDISC_DONT), so the kernel cuts a datagram that
 * is longer than the path into IP fragments, and the client's own path is never made narrower.
 */
public final class UdpSocket implements AutoCloseable {
    private static final int SOCK_DGRAM = 2;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int IPPROTO_IP = 0;
    private static final int IP_MTU_DISCOVER = 10;
    private static final int IP_MULTICAST_IF = 32;
    private static final int IP_MULTICAST_TTL = 33;
    private static final int IP_MULTICAST_LOOP = 34;
    private static final int IP_ADD_MEMBERSHIP = 35;
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_MULTICAST_IF = 17;
    private static final int IPV6_MULTICAST_HOPS = 18;
    private static final int IPV6_MULTICAST_LOOP = 19;
    private static final int IPV6_JOIN_GROUP = 20;
    private static final int IPV6_MTU_DISCOVER = 23;
    private static final int IPV6_V6ONLY = 26;
    private static final int PMTUDISC_DONT = 0;

    /** 10 Gbit/s x 5 ms = 6 MB, rounded up: a burst that arrives while the loop is busy with another descriptor. */
    private static final int BUFFER_BYTES = 8 << 20;

    private final Descriptor descriptor;
    private final boolean ipv6;
    private final MemorySegment destination = Arena.ofAuto().allocate(SocketAddress.MAX_LENGTH, Long.BYTES);
    private final long destinationAddress = destination.address();
    private final int receiveBufferBytes;

    private UdpSocket(Descriptor descriptor, boolean ipv6, int receiveBufferBytes) {
        this.descriptor = descriptor;
        this.ipv6 = ipv6;
        this.receiveBufferBytes = receiveBufferBytes;
    }

    /**
     * Binds to one address and port of this host.
     *
     * @param port 0 lets the kernel choose
     * @throws ErrnoException {@link Errno#EADDRINUSE}, {@link Errno#EADDRNOTAVAIL} if the address is not of this host
     */
    public static UdpSocket bind(boolean ipv6, long high, long low, int port) throws ErrnoException {
        return bind(ipv6, high, low, port, 0);
    }

    /**
     * Binds to a multicast group and joins it on one interface: receives what is sent to the group there, and nothing else. Others on this
     * host may do the same.
     *
     * @param interfaceIndex see {@link NetworkDevice#index}
     */
    public static UdpSocket bindGroup(boolean ipv6, long high, long low, int port, int interfaceIndex)
            throws ErrnoException {
        UdpSocket socket = bind(ipv6, high, low, port, interfaceIndex);
        try {
            socket.join(high, low, interfaceIndex);
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    private static UdpSocket bind(boolean ipv6, long high, long low, int port, int groupInterface)
            throws ErrnoException {
        String name = "UDP port " + port;
        Descriptor descriptor = Descriptor.socket(name, family(ipv6), SOCK_DGRAM, 0);
        try (Arena arena = Arena.ofConfined()) {
            if (ipv6) {
                descriptor.option("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1);
                descriptor.option("IPV6_MTU_DISCOVER", IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DONT);
            } else {
                descriptor.option("IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT);
            }
            if (groupInterface != 0) {
                descriptor.option("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
            }
            descriptor.sendBuffer(BUFFER_BYTES);
            int granted = descriptor.receiveBuffer(BUFFER_BYTES);
            MemorySegment address = arena.allocate(SocketAddress.length(ipv6), Long.BYTES);
            SocketAddress.encode(address, 0, ipv6, high, low, port);
            if (ipv6) {
                SocketAddress.scope(address, 0, groupInterface);
            }
            descriptor.bind("bind(" + name + ")", address);
            return new UdpSocket(descriptor, ipv6, granted);
        } catch (ErrnoException e) {
            descriptor.close();
            throw e;
        }
    }

    private void join(long groupHigh, long groupLow, int interfaceIndex) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            if (ipv6) {
                // struct ipv6_mreq: group (16), interface (4)
                MemorySegment request = arena.allocate(20, Long.BYTES);
                request.set(SocketAddress.NETWORK_LONG, 0, groupHigh);
                request.set(SocketAddress.NETWORK_LONG, 8, groupLow);
                request.set(JAVA_INT, 16, interfaceIndex);
                descriptor.option("IPV6_JOIN_GROUP", IPPROTO_IPV6, IPV6_JOIN_GROUP, request);
            } else {
                descriptor.option(
                        "IP_ADD_MEMBERSHIP",
                        IPPROTO_IP,
                        IP_ADD_MEMBERSHIP,
                        ipv4Request(arena, groupLow, interfaceIndex));
            }
        }
    }

    /** Sends to groups by that interface, not past the first router, and without hearing it itself. */
    public void multicastBy(int interfaceIndex) throws ErrnoException {
        if (ipv6) {
            descriptor.option("IPV6_MULTICAST_IF", IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
            descriptor.option("IPV6_MULTICAST_HOPS", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
            descriptor.option("IPV6_MULTICAST_LOOP", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            descriptor.option("IP_MULTICAST_IF", IPPROTO_IP, IP_MULTICAST_IF, ipv4Request(arena, 0, interfaceIndex));
        }
        descriptor.option("IP_MULTICAST_TTL", IPPROTO_IP, IP_MULTICAST_TTL, 1);
        descriptor.option("IP_MULTICAST_LOOP", IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    }

    /**
     * Sends one datagram to an address of this socket's family. Never waits.
     *
     * @return bytes sent, or a negated errno: {@link Errno#EAGAIN} or {@link Errno#ENOBUFS} when a queue is full
     */
    public int send(long address, int length, long high, long low, int port) {
        int addressLength = SocketAddress.encode(destination, 0, ipv6, high, low, port);
        return descriptor.sendTo(address, length, destinationAddress, addressLength);
    }

    /**
     * Receives what is waiting, up to the batch's capacity.
     *
     * @return datagrams received, or a negated errno: {@link Errno#EAGAIN} when none is waiting
     */
    public int receive(DatagramBatch batch) {
        return descriptor.receiveMany(batch.prepare(), batch.capacity());
    }

    public boolean ipv6() {
        return ipv6;
    }

    /** The port that this socket is bound to. */
    public int localPort() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(SocketAddress.MAX_LENGTH, Long.BYTES);
            descriptor.localAddress(address);
            return SocketAddress.port(address, 0);
        }
    }

    /** What the kernel granted, in bytes of its own accounting. */
    public int receiveBufferBytes() {
        return receiveBufferBytes;
    }

    /** For polling. */
    public int fd() {
        return descriptor.fd();
    }

    @Override
    public void close() {
        descriptor.close();
    }

    /** {@code struct ip_mreqn}: group (4), local address (4), interface (4). */
    private static MemorySegment ipv4Request(Arena arena, long group, int interfaceIndex) {
        MemorySegment request = arena.allocate(12, Long.BYTES);
        request.set(SocketAddress.NETWORK_INT, 0, (int) group);
        request.set(JAVA_INT, 8, interfaceIndex);
        return request;
    }

    private static int family(boolean ipv6) {
        return ipv6 ? SocketAddress.AF_INET6 : SocketAddress.AF_INET;
    }
}
