/**
 * The admin interface: an HTTP server, on loopback unless told otherwise, that shows what the engine is doing: metrics for Prometheus, and
 * whether the process lives and is ready. It reads the engine's own objects from another thread and changes nothing.
 */
@NullMarked
package org.ilbd.daemon.admin;

import org.jspecify.annotations.NullMarked;
