package org.ilbd.daemon.health;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.daemon.config.HealthProbe;
import org.ilbd.daemon.config.HealthProbe.Tls;

/** A check that sends a request over HTTP/1.1, with or without TLS, and looks at the status of the response. Its body is not waited for. */
final class HttpProbe implements Probe {
    private static final String USER_AGENT = "ilbd";
    private static final int MAX_LINE_BYTES = 4096;
    private static final int MAX_HEADER_BYTES = 16_384;
    private static final int CHUNK_BYTES = 4096;

    private final EventLoop loop;
    private final Attempt.Target target;
    private final HealthProbe.Http settings;
    private final Optional<SslContext> tls;

    HttpProbe(EventLoop loop, Attempt.Target target, HealthProbe.Http settings) {
        this.loop = loop;
        this.target = target;
        this.settings = settings;
        this.tls = settings.tls().map(HttpProbe::sslContext);
    }

    private static SslContext sslContext(Tls tls) {
        SslContextBuilder builder = SslContextBuilder.forClient().sslProvider(SslProvider.JDK);
        if (!tls.verify()) {
            // No algorithm: neither the certificate nor its name counts.
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm("");
        } else if (!tls.authorities().isEmpty()) {
            builder.trustManager(tls.authorities());
        }
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Running begin(Consumer<CheckOutcome> done) {
        return Attempt.start(loop, target, this::handlers, done);
    }

    private ChannelHandler handlers(Attempt attempt) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                tls.ifPresent(context -> channel.pipeline().addLast(sslHandler(context, channel)));
                channel.pipeline()
                        .addLast(new HttpClientCodec(MAX_LINE_BYTES, MAX_HEADER_BYTES, CHUNK_BYTES))
                        .addLast(new Exchange(attempt));
            }
        };
    }

    private SslHandler sslHandler(SslContext context, Channel channel) {
        Endpoint server = target.server();
        String name = settings.tls()
                .flatMap(Tls::serverName)
                .orElseGet(() -> server.address().toString());
        SslHandler handler = context.newHandler(channel.alloc(), name, server.port());
        // The attempt has one deadline for everything.
        handler.setHandshakeTimeoutMillis(0);
        // Nothing is left to say to the server at the end.
        handler.setCloseNotifyFlushTimeoutMillis(0);
        return handler;
    }

    private HttpRequest request() {
        HttpRequest request = new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, settings.head() ? HttpMethod.HEAD : HttpMethod.GET, settings.path());
        request.headers()
                .set(
                        HttpHeaderNames.HOST,
                        settings.host().orElseGet(() -> target.server().toString()))
                .set(HttpHeaderNames.USER_AGENT, USER_AGENT)
                .set(HttpHeaderNames.ACCEPT, "*/*")
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        return request;
    }

    /** Sends the request when the way is clear, and ends the attempt by the response. */
    private final class Exchange extends SimpleChannelInboundHandler<HttpObject> {
        private final Attempt attempt;

        Exchange(Attempt attempt) {
            this.attempt = attempt;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (tls.isEmpty()) {
                var _ = context.writeAndFlush(request());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    var _ = context.writeAndFlush(request());
                } else {
                    attempt.end(CheckOutcome.failed("TLS: " + message(handshake.cause())));
                }
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (message.decoderResult().isFailure()) {
                attempt.end(CheckOutcome.failed("the answer is not HTTP"));
            } else if (message instanceof HttpResponse response
                    // What a server may send on the way to its response (RFC 9110, 15.2).
                    && response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
                int status = response.status().code();
                attempt.end(
                        settings.expects(status)
                                ? CheckOutcome.passed("status " + status)
                                : CheckOutcome.failed("status " + status));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            attempt.end(CheckOutcome.failed("closed without an answer"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            attempt.end(cause);
        }
    }

    /** The innermost reason: what wraps it says only that the handshake failed. */
    private static String message(Throwable cause) {
        Throwable innermost = cause;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return String.valueOf(innermost.getMessage());
    }
}
