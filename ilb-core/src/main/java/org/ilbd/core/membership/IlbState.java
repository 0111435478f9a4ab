package org.ilbd.core.membership;

import org.ilbd.core.protocol.IdMessage;

/** The state of an ILB. */
public enum IlbState {
    /** Serves what it has and forwards the rest; owns nothing. */
    JOINING(IdMessage.JOINING),
    /** A member of the view: owns connections. */
    ACTIVE(IdMessage.ACTIVE),
    /** Owns nothing any more; forwards what still arrives. */
    LEAVING(IdMessage.LEAVING),
    /** Its ID messages stay out. No ILB says this of itself. */
    DEAD(0);

    private final int code;

    IlbState(int code) {
        this.code = code;
    }

    /** The byte in an {@link IdMessage}; 0 for {@link #DEAD}, which is in none. */
    public int code() {
        return code;
    }

    /** The state for a byte of a decoded {@link IdMessage}. */
    static IlbState ofCode(int code) {
        return switch (code) {
            case IdMessage.JOINING -> JOINING;
            case IdMessage.ACTIVE -> ACTIVE;
            case IdMessage.LEAVING -> LEAVING;
            default -> DEAD;
        };
    }
}
