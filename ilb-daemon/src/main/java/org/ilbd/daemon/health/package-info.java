/**
 * Health checks of servers: which servers of the services are up, told from outside by connecting to them. It decides when a server is up
 * or down and says so; what follows from it is the engine's to decide.
 */
@NullMarked
package org.ilbd.daemon.health;

import org.jspecify.annotations.NullMarked;
