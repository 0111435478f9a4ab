/** The configuration file: HOCON in, immutable records out, every problem at once with its file and line. */
@NullMarked
package org.ilbd.daemon.config;

import org.jspecify.annotations.NullMarked;
