/**
 * Who owns a connection and who backs it up: the ids of the ILBs, the hash of a 4-tuple, and the view that ranks its
 * members for a packet. Every ILB computes the same answer from the same view, so nothing here is ever agreed by
 * message.
 */
package org.ilbd.core.ownership;
