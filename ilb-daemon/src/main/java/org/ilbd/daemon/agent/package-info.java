/**
 * The agent that runs on a server's host: measures how busy the host is, and tells whoever asks in the protocol of HAProxy's agent-check.
 */
@NullMarked
package org.ilbd.daemon.agent;

import org.jspecify.annotations.NullMarked;
