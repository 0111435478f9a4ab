/** The commands that an operator types. */
@NullMarked
package org.ilbd.daemon.cli;

import org.jspecify.annotations.NullMarked;
