package org.ilbd.daemon.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.timeout.ReadTimeoutException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests of one connection, GET and HEAD only. */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(AdminHandler.class);

    private final AdminPages pages;

    AdminHandler(AdminPages pages) {
        this.pages = pages;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        Throwable malformed = request.decoderResult().cause();
        if (malformed != null) {
            // Where the next request begins is unknown.
            var _ = context.writeAndFlush(response(refusal(malformed))).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        FullHttpResponse response = response(answer(request));
        if (response.status().equals(HttpResponseStatus.METHOD_NOT_ALLOWED)) {
            response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
        }
        // The codec leaves out the content of an answer to HEAD, and closes the connection if the client wants so.
        var _ = context.writeAndFlush(response);
    }

    private Page answer(FullHttpRequest request) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        String path = query < 0 ? uri : uri.substring(0, query);
        if (!AdminPages.PATHS.contains(path)) {
            return Page.text(
                    HttpResponseStatus.NOT_FOUND, "not found; there are " + String.join(", ", AdminPages.PATHS));
        }
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            return Page.text(HttpResponseStatus.METHOD_NOT_ALLOWED, "GET and HEAD only");
        }
        try {
            return pages.page(path, request.headers().get(HttpHeaderNames.ACCEPT, ""), System.nanoTime());
        } catch (RuntimeException e) {
            LOG.error("cannot answer {}", path, e);
            return Page.text(HttpResponseStatus.INTERNAL_SERVER_ERROR, "internal error; the log says more");
        }
    }

    private static Page refusal(Throwable malformed) {
        return switch (malformed) {
            case TooLongHttpLineException _ ->
                Page.text(HttpResponseStatus.REQUEST_URI_TOO_LONG, "request line too long");
            case TooLongHttpHeaderException _ ->
                Page.text(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers too long");
            default -> Page.text(HttpResponseStatus.BAD_REQUEST, "not a request");
        };
    }

    private static FullHttpResponse response(Page page) {
        ByteBuf content = Unpooled.copiedBuffer(page.content(), StandardCharsets.UTF_8);
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, page.status(), content);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, page.contentType())
                .setInt(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes());
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (!(cause instanceof IOException || cause instanceof ReadTimeoutException)) {
            LOG.warn("admin connection of {}", context.channel().remoteAddress(), cause);
        }
        var _ = context.close();
    }
}
