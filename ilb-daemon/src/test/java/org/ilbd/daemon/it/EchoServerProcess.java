package org.ilbd.daemon.it;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import org.ilbd.daemon.linux.NamespaceThread;

/**
 * TCP servers in network namespaces. Each says who it is in the first {@link #IDENTITY_BYTES} of a connection, padded with blanks, and then
 * echoes what it gets. One thread for any number of connections. Arguments: the port, and for each server its name and the file of its
 * namespace, with {@code =} between them. Ends when its standard input does.
 */
final class EchoServerProcess {
    static final int IDENTITY_BYTES = 16;

    private static final int BACKLOG = 4096;

    private final Selector selector;
    private final ByteBuffer identity;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

    private EchoServerProcess(String name, Selector selector) {
        this.selector = selector;
        byte[] padded = String.format("%-" + IDENTITY_BYTES + "s", name).getBytes(StandardCharsets.US_ASCII);
        identity = ByteBuffer.wrap(padded).asReadOnlyBuffer();
    }

    public static void main(String[] arguments) throws IOException, ExecutionException {
        int port = Integer.parseInt(arguments[0]);
        for (int i = 1; i < arguments.length; i++) {
            String[] nameAndNamespace = arguments[i].split("=", 2);
            EchoServerProcess server = new EchoServerProcess(nameAndNamespace[0], Selector.open());
            try (NamespaceThread thread = new NamespaceThread(nameAndNamespace[1])) {
                thread.call(() -> server.listen(port));
            }
            Thread.ofPlatform().start(server::run);
        }
        Thread.ofPlatform().daemon().start(EchoServerProcess::endWithInput);
        System.out.println("ready");
    }

    /** What is accepted is in the namespace of what listens, in whichever the thread is. */
    private SelectionKey listen(int port) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.bind(new InetSocketAddress(port), BACKLOG);
        listener.configureBlocking(false);
        return listener.register(selector, SelectionKey.OP_ACCEPT);
    }

    private void run() {
        try {
            while (true) {
                selector.select(this::handle);
            }
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Nobody says anything.
            }
        } catch (IOException e) {
            System.err.println(e);
        }
        Runtime.getRuntime().halt(0);
    }

    private void handle(SelectionKey key) {
        try {
            if (key.channel() instanceof ServerSocketChannel listener) {
                accept(listener);
            } else if (key.isWritable()) {
                goOn(key);
            } else {
                echo(key);
            }
        } catch (IOException e) {
            close(key);
        }
    }

    private void accept(ServerSocketChannel listener) throws IOException {
        for (SocketChannel channel = listener.accept(); channel != null; channel = listener.accept()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            try {
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                write(key, identity.duplicate());
            } catch (IOException e) {
                // It has gone again, as a health check does; the listener stays.
                close(key);
            }
        }
    }

    private void echo(SelectionKey key) throws IOException {
        SocketChannel channel = (SocketChannel) key.channel();
        buffer.clear();
        if (channel.read(buffer) < 0) {
            close(key);
        } else {
            write(key, buffer.flip());
        }
    }

    /** What does not fit into the socket waits, and nothing is read until it has gone. */
    private static void write(SelectionKey key, ByteBuffer bytes) throws IOException {
        ((SocketChannel) key.channel()).write(bytes);
        if (bytes.hasRemaining()) {
            key.attach(ByteBuffer.allocate(bytes.remaining()).put(bytes).flip());
            key.interestOps(SelectionKey.OP_WRITE);
        }
    }

    private static void goOn(SelectionKey key) throws IOException {
        ByteBuffer rest = (ByteBuffer) key.attachment();
        ((SocketChannel) key.channel()).write(rest);
        if (!rest.hasRemaining()) {
            key.attach(null);
            key.interestOps(SelectionKey.OP_READ);
        }
    }

    private static void close(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException e) {
            System.err.println(e);
        }
    }
}
