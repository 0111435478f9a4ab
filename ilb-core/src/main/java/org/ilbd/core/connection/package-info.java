/**
 * The tables that say which server a connection belongs to: {@link org.ilbd.core.connection.OwnedConnections} for what this
 * ILB owns or backs up, {@link org.ilbd.core.connection.AssociationCache} for what it merely heard of. Both have a fixed
 * capacity off the heap, find an association in two cache misses, and evict and expire in bounded time.
 */
package org.ilbd.core.connection;
