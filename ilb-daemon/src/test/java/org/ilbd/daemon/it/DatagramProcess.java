package org.ilbd.daemon.it;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.HexFormat;

/**
 * Sends bytes to an ILB as if it were another. Arguments: {@code datagram} or {@code stream}, the address, the port, and messages in
 * hexadecimal digits; a stream has the length of each in front.
 */
final class DatagramProcess {
    private DatagramProcess() {}

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress target = new InetSocketAddress(arguments[1], Integer.parseInt(arguments[2]));
        for (int i = 3; i < arguments.length; i++) {
            byte[] message = HexFormat.of().parseHex(arguments[i]);
            if (arguments[0].equals("datagram")) {
                try (DatagramChannel channel = DatagramChannel.open()) {
                    channel.send(ByteBuffer.wrap(message), target);
                }
            } else {
                try (Socket socket = new Socket(target.getAddress(), target.getPort())) {
                    ByteBuffer framed = ByteBuffer.allocate(Short.BYTES + message.length);
                    socket.getOutputStream()
                            .write(framed.putShort((short) message.length)
                                    .put(message)
                                    .array());
                }
            }
        }
    }
}
