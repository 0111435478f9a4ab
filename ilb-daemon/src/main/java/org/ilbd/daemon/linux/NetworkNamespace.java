package org.ilbd.daemon.linux;

/** The network namespace that this process is in. */
public final class NetworkNamespace {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOL_SOCKET = 1;
    private static final int SO_NETNS_COOKIE = 71;

    private NetworkNamespace() {}

    /**
     * A number for the namespace that no other one gets before the host boots again, in contrast to its inode (Linux 5.14).
     *
     * @throws ErrnoException on an older kernel
     */
    public static long cookie() throws ErrnoException {
        try (Descriptor socket = Descriptor.socket("namespace", AF_UNIX, SOCK_DGRAM, 0)) {
            return socket.longOption("SO_NETNS_COOKIE", SOL_SOCKET, SO_NETNS_COOKIE);
        }
    }
}
