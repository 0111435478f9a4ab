package org.ilbd.core.membership;

/** What became of an ID message. */
public enum Reception {
    /** Taken. */
    ACCEPTED,
    /** Overtaken by a later one of the same sender, or a duplicate; ignored. */
    OUTDATED,
    /** Of a past life of its sender; ignored. */
    OLD_INCARNATION,
    /** Its source is not in the list of peers; ignored. */
    STRANGER,
    /** This ILB's own, by way of the multicast group or of a list of peers with its own address in it; ignored. */
    OWN_ECHO,
    /** With this ILB's id, but from another; or with the tag of a peer whose id is another; ignored. */
    DUPLICATE_ID,
    /** Its id does not have the tag of its header; ignored. */
    BAD_ID,
    /** From one more ILB than can be; ignored. */
    TOO_MANY
}
