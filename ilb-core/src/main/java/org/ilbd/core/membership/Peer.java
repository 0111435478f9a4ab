package org.ilbd.core.membership;

import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.protocol.IdMessage;

/** Another ILB, as {@link Membership} knows it. Made when it is first heard; written by the membership alone. */
public final class Peer {
    private final int position;
    private final IlbId id;
    private final int idKind;

    private Endpoint endpoint;
    private IlbState state = IlbState.DEAD;
    private long incarnation;
    private long counter;
    private long lastHeardNanos;
    private int broadcastSequence;
    private long viewDigest;
    private long configurationDigest;
    private long viewDiffersSinceNanos;
    private long handedOver;
    private boolean hasSeenUs;
    private ViewComparison viewComparison = ViewComparison.EQUAL;

    private enum ViewComparison {
        EQUAL,
        /** Since {@link #viewDiffersSinceNanos}; this is normal while a change gets round. */
        JUST_DIFFERENT,
        DIFFERENT
    }

    Peer(int position, IlbId id, Endpoint endpoint, IdMessage message) {
        this.position = position;
        this.id = id;
        this.idKind = IdMessage.kindOf(id);
        this.endpoint = endpoint;
        startIncarnation(endpoint, message);
    }

    /**
     * 0..254, no other peer's, for as long as this object is among the peers of the membership. A peer that is long dead
     * gives way, and its position, if one more is heard than there can be.
     */
    public int position() {
        return position;
    }

    public IlbId id() {
        return id;
    }

    /** CRC32 of the id. */
    public int tag() {
        return id.tag();
    }

    /** Where its messages come from, since its incarnation was first heard. */
    public Endpoint endpoint() {
        return endpoint;
    }

    public IlbState state() {
        return state;
    }

    public long incarnation() {
        return incarnation;
    }

    /** When its last ID message came; later by what this ILB was itself late or away since then. */
    public long lastHeardNanos() {
        return lastHeardNanos;
    }

    /** The number of the last broadcast that it is known to have sent. */
    public int broadcastSequence() {
        return broadcastSequence;
    }

    /** {@link IdMessage#viewDigest}, as last heard. */
    public long viewDigest() {
        return viewDigest;
    }

    /** {@link IdMessage#configurationDigest}, as last heard. */
    public long configurationDigest() {
        return configurationDigest;
    }

    /** Whether its view has been another than this ILB's for longer than a change takes to get round. */
    public boolean viewDiffers() {
        return viewComparison == ViewComparison.DIFFERENT;
    }

    /**
     * Whether it has seen this ILB ACTIVE, in the incarnation that it is in: what this ILB sends it in other ways than ID
     * messages is not taken for a stranger's.
     */
    public boolean hasSeenUs() {
        return hasSeenUs;
    }

    boolean hasIdOf(IdMessage message) {
        return message.idKind() == idKind && message.idLow() == id.low() && message.idHigh() == id.high();
    }

    /** Begins with what the first message of an incarnation says; broadcasts before it are none that were missed. */
    void startIncarnation(Endpoint endpoint, IdMessage message) {
        this.endpoint = endpoint;
        incarnation = message.incarnation();
        counter = 0;
        broadcastSequence = message.broadcastSequence();
        handedOver = 0;
        hasSeenUs = false;
        viewComparison = ViewComparison.EQUAL;
    }

    /** Whether it was overtaken by a later one of this incarnation, or is that one again. */
    boolean isOutdated(IdMessage message) {
        return message.counter() <= counter;
    }

    void hear(IdMessage message, long nowNanos) {
        counter = message.counter();
        viewDigest = message.viewDigest();
        configurationDigest = message.configurationDigest();
        lastHeardNanos = nowNanos;
    }

    /** Gives it a whole timeout from now on: to be heard, and to show the same view. */
    void waitAnew(long nowNanos) {
        lastHeardNanos = nowNanos;
        viewDiffersSinceNanos = nowNanos;
    }

    /** Has it heard so much later, but not in the future. */
    void excuse(long lateNanos, long nowNanos) {
        lastHeardNanos += Math.min(lateNanos, nowNanos - lastHeardNanos);
    }

    /** Remembers for which view it has handed over; 0 for none. */
    void setHandedOver(long viewDigestThen) {
        handedOver = viewDigestThen;
    }

    boolean hasHandedOver(long viewDigestNow) {
        return handedOver == viewDigestNow;
    }

    void setHasSeenUs(boolean seen) {
        hasSeenUs = seen;
    }

    void setState(IlbState state) {
        this.state = state;
    }

    /** How far a sequence is ahead of the last one known: 1 for the next; 0 or less for an old one. */
    int aheadBy(int sequence) {
        return sequence - broadcastSequence;
    }

    void setBroadcastSequence(int sequence) {
        broadcastSequence = sequence;
    }

    /** Compares views; true if {@link #viewDiffers()} has changed. */
    boolean compareView(long ownDigest, long nowNanos, long toleranceNanos) {
        boolean before = viewDiffers();
        if (viewDigest == ownDigest) {
            viewComparison = ViewComparison.EQUAL;
        } else if (viewComparison == ViewComparison.EQUAL) {
            viewComparison = ViewComparison.JUST_DIFFERENT;
            viewDiffersSinceNanos = nowNanos;
        } else if (nowNanos - viewDiffersSinceNanos >= toleranceNanos) {
            viewComparison = ViewComparison.DIFFERENT;
        }
        return before != viewDiffers();
    }

    @Override
    public String toString() {
        return "id=" + id
                + " position=" + position
                + " tag=0x" + Integer.toHexString(tag())
                + " endpoint=" + endpoint
                + " state=" + state
                + " incarnation=" + incarnation
                + " counter=" + counter
                + " broadcastSequence=" + Integer.toUnsignedString(broadcastSequence)
                + " viewDigest=0x" + Long.toHexString(viewDigest)
                + " configurationDigest=0x" + Long.toHexString(configurationDigest)
                + " viewDiffers=" + viewDiffers();
    }
}
