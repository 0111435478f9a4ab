package org.ilbd.core.connection;

/** Sees an entry just before its removal. It may read and write the entry, but must not insert, move or remove any. */
@FunctionalInterface
public interface SlotVisitor {
    void visit(int slot);
}
