package org.ilbd.daemon.datapath;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.zip.CRC32C;

/**
 * Both ends of a TCP transfer, for tests inside namespaces. The client sends bytes from a seeded generator and wants the checksum of them
 * back; then the server sends as many, and the client checks them. A packet with a wrong checksum, cut wrongly or out of place would show.
 */
public final class TransferProcess {
    private static final int CHUNK = 1 << 16;

    private TransferProcess() {}

    /** Arguments: {@code server ADDRESS PORT}, or {@code client ADDRESS PORT BYTES SEED}. */
    public static void main(String[] arguments) throws IOException {
        InetSocketAddress address = new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2]));
        if (arguments[0].equals("server")) {
            serve(address);
        } else {
            System.out.println(transfer(address, Long.parseLong(arguments[3]), Long.parseLong(arguments[4])));
        }
    }

    private static void serve(InetSocketAddress address) throws IOException {
        try (ServerSocket listener = new ServerSocket()) {
            listener.bind(address);
            System.out.println("ready");
            while (true) {
                try (Socket socket = listener.accept()) {
                    answer(socket);
                }
            }
        }
    }

    private static void answer(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        long length = in.readLong();
        long seed = in.readLong();
        out.writeLong(receive(in, length));
        out.writeLong(send(out, length, ~seed));
        out.flush();
    }

    private static String transfer(InetSocketAddress address, long length, long seed) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(address, 20_000);
            socket.setSoTimeout(20_000);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeLong(length);
            out.writeLong(seed);
            long sent = send(out, length, seed);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            boolean thereWhole = in.readLong() == sent;
            boolean backWhole = receive(in, length) == in.readLong();
            return "from " + socket.getInetAddress().getHostAddress() + " there=" + thereWhole + " back=" + backWhole;
        }
    }

    private static long send(OutputStream out, long length, long seed) throws IOException {
        Random random = new Random(seed);
        CRC32C checksum = new CRC32C();
        byte[] chunk = new byte[CHUNK];
        for (long left = length; left > 0; left -= CHUNK) {
            random.nextBytes(chunk);
            int size = (int) Math.min(left, CHUNK);
            checksum.update(chunk, 0, size);
            out.write(chunk, 0, size);
        }
        return checksum.getValue();
    }

    private static long receive(InputStream in, long length) throws IOException {
        CRC32C checksum = new CRC32C();
        byte[] chunk = new byte[CHUNK];
        for (long left = length; left > 0; ) {
            int size = in.read(chunk, 0, (int) Math.min(left, CHUNK));
            if (size < 0) {
                throw new IOException("ended " + left + " bytes early");
            }
            checksum.update(chunk, 0, size);
            left -= size;
        }
        return checksum.getValue();
    }
}
