package org.ilbd.daemon.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A netlink socket for the kernel's neighbours and routes; see rtnetlink(7). Non-blocking. */
public final class RouteSocket implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int NETLINK_ROUTE = 0;
    /** {@code struct sockaddr_nl}: family (2), padding (2), port (4), groups (4). */
    private static final int ADDRESS_SIZE = 12;

    private static final int ADDRESS_GROUPS_OFFSET = 8;
    /** 1 << (RTNLGRP_NEIGH - 1). */
    private static final int RTMGRP_NEIGH = 0x4;

    /** The kernel sends at most 32 KiB of a dump at once (NLMSG_GOODSIZE and the size of the reader's buffer, whichever is less). */
    private static final int BUFFER_BYTES = 32 << 10;

    /** Room for the events of a few thousand neighbours that change at once. */
    private static final int RECEIVE_BUFFER_BYTES = 1 << 20;

    private final Descriptor descriptor;
    private final MemorySegment request = Arena.ofAuto().allocate(RouteMessage.MAX_REQUEST_LENGTH, Long.BYTES);
    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, Long.BYTES);

    private RouteSocket(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    /** Opens a socket that hears of every change of the neighbour table. */
    public static RouteSocket open() throws ErrnoException {
        return open(RTMGRP_NEIGH);
    }

    private static RouteSocket open(int groups) throws ErrnoException {
        Descriptor descriptor = Descriptor.socket("netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
        try (Arena arena = Arena.ofConfined()) {
            descriptor.receiveBuffer(RECEIVE_BUFFER_BYTES);
            MemorySegment address = arena.allocate(ADDRESS_SIZE, Integer.BYTES);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(JAVA_INT, ADDRESS_GROUPS_OFFSET, groups);
            descriptor.bind("bind(netlink)", address);
            return new RouteSocket(descriptor);
        } catch (ErrnoException e) {
            descriptor.close();
            throw e;
        }
    }

    /**
     * Asks the kernel how it would send to an address, now.
     *
     * @throws ErrnoException {@link Errno#ENETUNREACH} or what else the kernel says where there is no route
     */
    public static Route lookup(boolean ipv6, long high, long low) throws ErrnoException {
        try (RouteSocket socket = open(0)) {
            int length = RouteMessage.encodeRouteLookup(socket.request, ipv6, high, low);
            return RouteMessage.decodeRoute(socket.buffer, 0, socket.ask("route lookup", length));
        }
    }

    /**
     * Sets how many packets may wait in a device's queue. By netlink, since the ioctl for it is refused in a user namespace.
     *
     * @param interfaceIndex see {@link NetworkDevice#index}
     */
    public static void setTransmitQueueLength(int interfaceIndex, int packets) throws ErrnoException {
        try (RouteSocket socket = open(0)) {
            socket.ask(
                    "txqueuelen " + packets, RouteMessage.encodeQueueLength(socket.request, interfaceIndex, packets));
        }
    }

    /** Sends the request; returns the length of the answer. The kernel answers within the send. */
    private int ask(String call, int requestLength) throws ErrnoException {
        int result = descriptor.write(request.address(), requestLength);
        if (result >= 0) {
            result = descriptor.read(buffer.address(), BUFFER_BYTES);
        }
        if (result < 0) {
            throw new ErrnoException(call, -result);
        }
        int length = RouteMessage.length(buffer, 0, result);
        if (length == 0) {
            throw new ErrnoException(call, Errno.EINVAL);
        }
        if (RouteMessage.type(buffer, 0) == RouteMessage.NLMSG_ERROR && RouteMessage.errno(buffer, 0, length) != 0) {
            throw new ErrnoException(call, RouteMessage.errno(buffer, 0, length));
        }
        return length;
    }

    /**
     * Asks for the whole neighbour table; {@link #receive} brings it.
     *
     * @return a count, or a negated errno: {@link Errno#EBUSY} while an earlier one is under way
     */
    public int requestNeighbours() {
        return descriptor.write(request.address(), RouteMessage.encodeNeighbourDump(request));
    }

    /**
     * Has the kernel look for a neighbour that it does not know, and check one that it has not heard of for a while. Costs no packet
     * while the neighbour is known to be reachable.
     *
     * @return a count, or a negated errno
     */
    public int solicit(int interfaceIndex, boolean ipv6, long high, long low) {
        return descriptor.write(
                request.address(), RouteMessage.encodeSolicit(request, interfaceIndex, ipv6, high, low));
    }

    /**
     * Reads what the kernel sent at once.
     *
     * @return neighbours told to the listener, or a negated errno: {@link Errno#EAGAIN} when nothing is waiting, {@link Errno#ENOBUFS}
     *     when events were lost, after which the whole table should be asked for
     */
    public int receive(NeighbourListener listener) {
        int received = descriptor.read(buffer.address(), BUFFER_BYTES);
        if (received < 0) {
            return received;
        }
        int neighbours = 0;
        long offset = 0;
        int length = RouteMessage.length(buffer, offset, received);
        while (length > 0) {
            int type = RouteMessage.type(buffer, offset);
            if ((type == RouteMessage.RTM_NEWNEIGH || type == RouteMessage.RTM_DELNEIGH)
                    && RouteMessage.decodeNeighbour(buffer, offset, length, listener)) {
                neighbours++;
            }
            offset += RouteMessage.align(length);
            length = RouteMessage.length(buffer, offset, received);
        }
        return neighbours;
    }

    /** For polling. */
    public int fd() {
        return descriptor.fd();
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
