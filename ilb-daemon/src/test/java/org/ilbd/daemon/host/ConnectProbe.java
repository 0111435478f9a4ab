package org.ilbd.daemon.host;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** Tries to connect: {@code FROM-ADDRESS FROM-PORT TO-ADDRESS TO-PORT}, and prints what came back. */
final class ConnectProbe {
    /** The first SYN and its retransmission after 1 s (RFC 6298, 5.7) see the host's answer, if there is one. */
    private static final int TIMEOUT_MILLIS = 1500;

    private ConnectProbe() {}

    public static void main(final String[] arguments) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])));
            socket.connect(new InetSocketAddress(arguments[2], Integer.parseInt(arguments[3])), TIMEOUT_MILLIS);
            System.out.println("connected");
        } catch (final SocketTimeoutException _) {
            System.out.println("silence");
        } catch (final IOException e) {
            System.out.println(e.getMessage());
        }
    }
}
