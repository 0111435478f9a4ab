package org.ilbd.daemon.admin;

import io.netty.handler.codec.http.HttpResponseStatus;

/** What one request is answered with; the content goes out in UTF-8. */
record Page(HttpResponseStatus status, String contentType, String content) {
    /** One line of plain text. */
    static Page text(HttpResponseStatus status, String line) {
        return new Page(status, "text/plain; charset=utf-8", line + "\n");
    }
}
