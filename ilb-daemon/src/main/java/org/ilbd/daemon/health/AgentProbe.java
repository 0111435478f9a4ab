package org.ilbd.daemon.health;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * One question to an agent. It has passed as soon as the line has ended, or when the connection has; its text is what came, with the character
 * that ended the line, if there was one.
 */
record AgentProbe(EventLoop loop, Attempt.Target target, String send) implements Probe {
    /** Several times what an agent has to say; more is none. */
    static final int MAX_LINE_BYTES = 4096;

    @Override
    public Running begin(Consumer<CheckOutcome> done) {
        return Attempt.start(loop, target, attempt -> new Line(attempt, send), done);
    }

    private static final class Line extends SimpleChannelInboundHandler<ByteBuf> {
        private final Attempt attempt;
        private final String send;
        private final StringBuilder text = new StringBuilder();

        Line(Attempt attempt, String send) {
            this.attempt = attempt;
            this.send = send;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (!send.isEmpty()) {
                var _ = context.writeAndFlush(Unpooled.copiedBuffer(send, StandardCharsets.UTF_8));
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
            while (bytes.isReadable()) {
                byte next = bytes.readByte();
                // What is not ASCII is part of no word; in a description it would only end up in a log.
                text.append(next >= 0 ? (char) next : '?');
                if (next == '\n' || next == '\r' || text.length() == MAX_LINE_BYTES) {
                    attempt.end(CheckOutcome.passed(text.toString()));
                    return;
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            attempt.end(CheckOutcome.passed(text.toString()));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            attempt.end(cause);
        }
    }
}
