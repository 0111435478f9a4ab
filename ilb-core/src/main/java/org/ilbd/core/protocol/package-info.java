/**
 * The datagrams between ILBs: their formats, as flyweights over {@link java.lang.foreign.MemorySegment}, and their
 * authentication. A decoder never trusts a length, never throws, allocates nothing and answers with a code; what a
 * message means is for others to decide.
 */
package org.ilbd.core.protocol;
