package org.ilbd.core.simulator;

import java.util.SplittableRandom;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.jspecify.annotations.Nullable;

/** What a client and a server want from one connection, and what is known about it from outside. */
final class Conversation {
    /** How it ends. */
    enum Ending {
        CLIENT_CLOSES,
        SERVER_CLOSES,
        /** The client has nothing more to say, the server goes on for long. */
        HALF_CLOSE,
        CLIENT_RESETS,
        /** It goes on until the simulation comes to its end. */
        STAYS
    }

    /** Requests: each is answered with twice as much. */
    static final int ANSWER_FACTOR = 2;

    final int number;
    final long key;
    final Endpoint client;
    final Endpoint vip;
    final FourTuple tuple;
    final Ending ending;
    final int rounds;
    final long thinkNanos;
    final int tailUnits;
    final long tailGapNanos;

    int roundsDone;
    int tailDone;
    boolean finishNow;
    boolean established;
    boolean over;

    @Nullable
    String excuse;

    @Nullable
    SimulatedServer server;

    long progressNanos;
    long openedNanos;
    /** Its client has used the port before. */
    boolean again;

    /** An ILB has selected a server for it. */
    boolean decided;

    /** The last packet that came to its server was a RST, of the connection that had its port before: see the closing timeout. */
    boolean wasReset;

    long connectedNanos;

    Conversation(int number, Endpoint client, Endpoint vip, SplittableRandom random, long idleNanos) {
        this.number = number;
        this.client = client;
        this.vip = vip;
        this.tuple = new FourTuple().set(client, vip);
        this.key = random.nextLong();
        int kind = random.nextInt(12);
        this.ending = kind < 2
                ? Ending.CLIENT_CLOSES
                : kind < 4
                        ? Ending.SERVER_CLOSES
                        : kind < 5 ? Ending.HALF_CLOSE : kind < 6 ? Ending.CLIENT_RESETS : Ending.STAYS;
        this.rounds = 1 + random.nextInt(6);
        boolean idles = random.nextInt(4) == 0;
        this.thinkNanos = 1 + random.nextLong(idles ? idleNanos : 400 * EventQueue.MILLISECOND);
        this.tailUnits = 1 + random.nextInt(30);
        this.tailGapNanos = 1 + random.nextLong(EventQueue.SECOND);
    }

    boolean wantsMore() {
        return ending == Ending.STAYS ? !finishNow : roundsDone < rounds;
    }

    /** Whether a packet for it must go to its server and nowhere else. */
    boolean isBound() {
        return established && !over && excuse == null;
    }

    /** What its owner and its backup follow from: its 4-tuple, or its client. */
    FourTuple owned(boolean byClient) {
        return byClient ? new FourTuple().set(new Endpoint(client.address(), 0), vip) : tuple;
    }

    @Override
    public String toString() {
        return "#" + number + " " + tuple + " " + ending + " server=" + server + " rounds=" + roundsDone + "/" + rounds
                + (excuse == null ? "" : " excused: " + excuse);
    }
}
