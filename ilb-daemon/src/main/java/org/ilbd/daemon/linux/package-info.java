/**
 * The Linux system calls that the daemon needs and the JDK does not offer, through {@code java.lang.foreign}: one small class for each
 * kind of descriptor. Calls on the packet path return a count or a negated errno and allocate nothing; calls of the control path throw
 * {@link org.ilbd.daemon.linux.ErrnoException}. Addresses are primitives, as everywhere on the packet path: {@code high = 0} for IPv4.
 */
@NullMarked
package org.ilbd.daemon.linux;

import org.jspecify.annotations.NullMarked;
