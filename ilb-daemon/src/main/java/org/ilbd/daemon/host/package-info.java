/**
 * What ilbd changes on its host so that packets come to it: the TUN device's settings, routes, rules and sysctls. All of it
 * is set at the start, taken back at the stop, and after a crash taken back by the next start.
 */
@NullMarked
package org.ilbd.daemon.host;

import org.jspecify.annotations.NullMarked;
