package org.ilbd.core.protocol;

/** How far an association has come, as told to another ILB. */
public enum AssociationState {
    /** A SYN was seen, no packet after it. */
    HALF_OPEN(1),
    /** In use. */
    ESTABLISHED(2),
    /** A FIN or a RST was seen. */
    CLOSING(3),
    /** The sender holds it half-open and is about to forget it: whoever knows it better is to say so. */
    UNSURE(4),
    /** The answer of an ILB that is to hold it too: it does not know of any packet after the SYN. */
    UNKNOWN(5),
    /** No connection, but its client, of whose connections none is established yet; the age is that of the last one. */
    CLIENT_HALF_OPEN(6),
    /** No connection, but its client; the age is that of its last new connection. */
    CLIENT(7);

    private final int code;

    AssociationState(int code) {
        this.code = code;
    }

    /** The byte on the wire. */
    public int code() {
        return code;
    }

    static boolean isCode(int code) {
        return code >= HALF_OPEN.code && code <= CLIENT.code;
    }

    /** The state for a byte that {@link #isCode} has approved. */
    static AssociationState ofCode(int code) {
        return switch (code) {
            case 1 -> HALF_OPEN;
            case 2 -> ESTABLISHED;
            case 3 -> CLOSING;
            case 4 -> UNSURE;
            case 5 -> UNKNOWN;
            case 6 -> CLIENT_HALF_OPEN;
            default -> CLIENT;
        };
    }
}
