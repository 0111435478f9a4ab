package org.ilbd.core.connection;

/** Has the last word on an entry whose time is over. It may read and write the entry, but must not insert, move or remove any. */
@FunctionalInterface
public interface ExpiryPolicy {
    /** Whether the entry is to be removed; otherwise it gets its whole timeout once more. */
    boolean mayExpire(int slot);
}
