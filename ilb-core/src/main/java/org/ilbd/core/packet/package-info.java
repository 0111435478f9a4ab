/**
 * Flyweights over {@link java.lang.foreign.MemorySegment} for IPv4, IPv6, TCP, UDP and ICMP, their checksums and the
 * 4-tuple. Network byte order lives here and nowhere else.
 */
package org.ilbd.core.packet;
