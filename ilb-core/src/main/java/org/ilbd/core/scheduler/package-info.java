/**
 * Which server a new connection goes to: the servers of one service, and one class for each policy that selects among
 * them. One thread owns each object; a selection allocates nothing.
 */
package org.ilbd.core.scheduler;
