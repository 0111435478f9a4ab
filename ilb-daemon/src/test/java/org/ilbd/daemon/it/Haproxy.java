package org.ilbd.daemon.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real HAProxy in a lab, which checks server1 and asks its agent, and what it thinks of it. */
final class Haproxy {
    /** Columns of "show servers state" (HAProxy management guide 2.6, 9.3), from 0. */
    private static final int NAME = 3;

    private static final int OPERATIONAL_STATE = 5;
    private static final int ADMINISTRATIVE_STATE = 6;
    private static final int WEIGHT = 7;
    /** FMAINT, IMAINT, CMAINT; FDRAIN, IDRAIN. */
    private static final int MAINTENANCE = 0x07;

    private static final int DRAIN = 0x18;

    private final Path socket;

    private Haproxy(Path socket) {
        this.socket = socket;
    }

    /** Starts it on a host. */
    static Haproxy start(Lab lab, String host, int agentPort) {
        Path socket = lab.directory().resolve("haproxy.sock");
        Path file = lab.directory().resolve("haproxy.cfg");
        try {
            Files.writeString(
                    file, """
                    global
                        stats socket SOCKET mode 600 level admin
                    defaults
                        mode tcp
                        timeout connect 5s
                        timeout client 5s
                        timeout server 5s
                    listen web
                        bind 127.0.0.1:8080
                        server server1 10.2.0.101:80 weight 100 check inter 200ms agent-check agent-port PORT agent-inter 200ms
                    """.replace("SOCKET", socket.toString()).replace("PORT", Integer.toString(agentPort)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        lab.start("haproxy", host, List.of("haproxy", "-db", "-f", file.toString()));
        return new Haproxy(socket);
    }

    /** Where server1 is in its life, in ilbd's words; with its weight in percent while it is active. */
    String state() throws IOException {
        String[] columns = ask("show servers state web\n")
                .lines()
                .map(line -> line.split(" ", -1))
                .filter(line -> line.length > WEIGHT && line[NAME].equals("server1"))
                .findFirst()
                .orElseThrow();
        int administrative = Integer.parseInt(columns[ADMINISTRATIVE_STATE]);
        if ((administrative & MAINTENANCE) != 0) {
            return "maintenance";
        }
        if (columns[OPERATIONAL_STATE].equals("0")) {
            return "down";
        }
        if ((administrative & DRAIN) != 0 || columns[WEIGHT].equals("0")) {
            return "draining";
        }
        return "active " + columns[WEIGHT];
    }

    private String ask(String command) throws IOException {
        if (!Files.exists(socket)) {
            return "";
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap(command.getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.US_ASCII);
        }
    }
}
