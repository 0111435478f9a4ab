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

/**
 * A TCP server that says who it is in the first {@link #IDENTITY_BYTES} of each connection, padded with blanks, and then echoes what it
 * gets. One thread for any number of connections. Arguments: its name and its port. Ends when its standard input does.
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

    public static void main(String[] arguments) throws IOException {
        Selector selector = Selector.open();
        EchoServerProcess server = new EchoServerProcess(arguments[0], selector);
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.bind(new InetSocketAddress(Integer.parseInt(arguments[1])), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        Thread.ofPlatform().daemon().start(() -> endWithInput());
        System.out.println("ready");
        while (true) {
            selector.select(server::handle);
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
