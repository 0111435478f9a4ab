package org.ilbd.core.protocol;

/** What a datagram between ILBs carries: the second byte of its header. */
public enum MessageType {
    /** Not a type that this version knows. */
    UNKNOWN(0),
    /** The heartbeat: {@link IdMessage}. */
    ID(1),
    /** A client's packet on its way to another ILB: {@link ForwardHeader}. */
    FORWARD(2),
    /** Associations, many in one: {@link AssociationsMessage}. */
    ASSOCIATIONS(3),
    /** How far a transfer has come: {@link TransferMessage}. */
    TRANSFER(4),
    /** Which server is a service's intake: {@link IntakeMessage}. */
    INTAKE(5),
    /** A server asked for, or named, for a new connection: {@link SelectionMessage}. */
    SELECTION(6);

    private final int code;

    MessageType(int code) {
        this.code = code;
    }

    /** The byte on the wire. */
    public int code() {
        return code;
    }

    /** The type for a byte on the wire, 0..255; {@link #UNKNOWN} where there is none. */
    public static MessageType ofCode(int code) {
        return switch (code) {
            case 1 -> ID;
            case 2 -> FORWARD;
            case 3 -> ASSOCIATIONS;
            case 4 -> TRANSFER;
            case 5 -> INTAKE;
            case 6 -> SELECTION;
            default -> UNKNOWN;
        };
    }
}
