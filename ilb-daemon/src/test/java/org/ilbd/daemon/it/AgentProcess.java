package org.ilbd.daemon.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * An agent as HAProxy's manual describes one: whoever connects gets what is in a file, to the byte, and the end. If the file is not there, the
 * agent accepts and says nothing. Prints the address of each that has asked. Arguments: address, port, file.
 */
final class AgentProcess {
    private AgentProcess() {}

    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[2]);
        try (ServerSocket listening = new ServerSocket()) {
            listening.setReuseAddress(true);
            listening.bind(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1])), 128);
            System.out.println("ready");
            while (true) {
                Socket socket = listening.accept();
                Thread.ofVirtual().start(() -> answer(socket, file));
            }
        }
    }

    private static void answer(Socket socket, Path file) {
        try (socket) {
            if (Files.exists(file)) {
                socket.getOutputStream().write(Files.readAllBytes(file));
                socket.shutdownOutput();
            }
            // Until the other side has had enough.
            while (socket.getInputStream().read() >= 0) {
                // What it says means nothing to this agent.
            }
        } catch (IOException e) {
            // It has closed with a RST.
        }
        synchronized (System.out) {
            System.out.println("asked " + socket.getInetAddress().getHostAddress());
        }
    }

    /** Makes an agent's file say something, at once and whole. */
    static void say(Path file, String text) {
        try {
            Path whole = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), text);
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
