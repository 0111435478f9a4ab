/**
 * Moves packets between the kernel and the engine, on the engine's event loop: from the TUN device in, and out to a server's MAC address
 * through a packet socket, or back into the TUN device for the kernel to route. Decides nothing.
 */
@NullMarked
package org.ilbd.daemon.datapath;

import org.jspecify.annotations.NullMarked;
