package org.ilbd.core.protocol;

/** What a decoder says. After anything but {@link #OK} the flyweight holds nothing that may be read. */
public enum DecodeResult {
    /** Complete and in range; every accessor may be used. */
    OK,
    /** The datagram ends before what it announces, or the range given is not within the segment. */
    TRUNCATED,
    /** Another version of the protocol. */
    BAD_VERSION,
    /** Another type of message than the decoder's. */
    BAD_TYPE,
    /** A field holds a value that no encoder writes. */
    BAD_VALUE
}
