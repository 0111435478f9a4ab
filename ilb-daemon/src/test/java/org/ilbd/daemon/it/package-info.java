/** Whole clusters on real traffic: {@code ilbd} processes, clients and servers in the namespaces of {@code deploy/lib/lab}. */
@NullMarked
package org.ilbd.daemon.it;

import org.jspecify.annotations.NullMarked;
