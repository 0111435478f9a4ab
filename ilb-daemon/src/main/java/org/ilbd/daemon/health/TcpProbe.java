package org.ilbd.daemon.health;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;

/** A check that opens a connection and closes it. */
record TcpProbe(EventLoop loop, Attempt.Target target) implements Probe {
    @Override
    public Running begin(Consumer<CheckOutcome> done) {
        return Attempt.start(loop, target, Connected::new, done);
    }

    private static final class Connected extends ChannelInboundHandlerAdapter {
        private final Attempt attempt;

        Connected(Attempt attempt) {
            this.attempt = attempt;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            attempt.end(CheckOutcome.passed("connected"));
        }
    }
}
