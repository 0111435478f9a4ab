/**
 * What is known of servers from outside: whether their health checks pass, and what their agents say. It decides when a server is up or down
 * and says so; what follows from it is the engine's to decide.
 */
@NullMarked
package org.ilbd.daemon.health;

import org.jspecify.annotations.NullMarked;
