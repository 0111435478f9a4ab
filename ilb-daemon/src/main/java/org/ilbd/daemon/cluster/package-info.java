/** The datagrams between ILBs: receives them for the engine, on its loop, and sends what it hands out. Looks into none. */
@NullMarked
package org.ilbd.daemon.cluster;

import org.jspecify.annotations.NullMarked;
