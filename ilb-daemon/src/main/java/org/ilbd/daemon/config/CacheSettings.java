package org.ilbd.daemon.config;

import java.time.Duration;
import org.ilbd.core.engine.CacheFill;

/**
 * The cache of associations that this ILB neither owns nor backs up.
 *
 * @param capacity associations, above which the least recently used one gives way
 * @param timeout without a packet until an association is dropped
 */
public record CacheSettings(CacheFill fill, int capacity, Duration timeout) {}
