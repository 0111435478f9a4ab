/** The daemon: loads, launches and waits. */
@NullMarked
package org.ilbd.daemon;

import org.jspecify.annotations.NullMarked;
