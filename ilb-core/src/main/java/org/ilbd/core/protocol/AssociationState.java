package org.ilbd.core.protocol;

/** How far an association has come, as told to another ILB. */
public enum AssociationState {
    /** A SYN was seen, no packet after it. */
    HALF_OPEN(1),
    /** In use. */
    ESTABLISHED(2),
    /** A FIN or a RST was seen. */
    CLOSING(3),
    /** The association is no more: what is held of it is to be forgotten. */
    ENDED(4);

    private final int code;

    AssociationState(int code) {
        this.code = code;
    }

    /** The byte on the wire. */
    public int code() {
        return code;
    }

    static boolean isCode(int code) {
        return code >= HALF_OPEN.code && code <= ENDED.code;
    }

    /** The state for a byte that {@link #isCode} has approved. */
    static AssociationState ofCode(int code) {
        return switch (code) {
            case 1 -> HALF_OPEN;
            case 2 -> ESTABLISHED;
            case 3 -> CLOSING;
            default -> ENDED;
        };
    }
}
