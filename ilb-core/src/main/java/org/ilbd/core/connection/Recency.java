package org.ilbd.core.connection;

/** Least-recently-used lists through the entries of a table, one for each timeout; the store's notes say how they work. */
final class Recency {

    private static final int NONE = Entries.NONE;

    /** A list is in the order of use but for this part of its timeout. */
    private static final int GRANULARITY_DIVISOR = 64;

    /** ... and, where its oldest is ever evicted, for this at most. */
    private static final int EVICTION_GRANULARITY_MILLIS = 1000;

    /** 12 days: half of what a difference of int milliseconds can hold, the other half being for lateness. */
    static final int MAXIMUM_TIMEOUT_MILLIS = 1 << 30;

    private final Entries entries;

    /** For each list: its oldest and newest entry, its length, its timeout and its precision. */
    private final int[] oldest;

    private final int[] newest;
    private final int[] sizes;
    private final int[] timeoutsMillis;
    private final int[] granularitiesMillis;

    /**
     * @param timeoutsMillis one for each list, 1 .. 2^30
     * @param evicted for each list, whether its oldest is ever removed to make room
     */
    Recency(Entries entries, int[] timeoutsMillis, boolean[] evicted) {
        int lists = timeoutsMillis.length;
        this.entries = entries;
        this.timeoutsMillis = timeoutsMillis.clone();
        oldest = new int[lists];
        newest = new int[lists];
        sizes = new int[lists];
        granularitiesMillis = new int[lists];
        for (int list = 0; list < lists; list++) {
            int granularity = checked(timeoutsMillis[list]) / GRANULARITY_DIVISOR;
            granularitiesMillis[list] =
                    evicted[list] ? Math.min(granularity, EVICTION_GRANULARITY_MILLIS) : granularity;
            oldest[list] = NONE;
            newest[list] = NONE;
        }
    }

    /** Changes when the entries of a list expire; where they are listed, and how precisely, stays. */
    void setTimeoutMillis(int list, int timeoutMillis) {
        timeoutsMillis[list] = checked(timeoutMillis);
    }

    private static int checked(int timeoutMillis) {
        if (timeoutMillis < 1 || timeoutMillis > MAXIMUM_TIMEOUT_MILLIS) {
            throw new IllegalArgumentException(
                    "timeout is " + timeoutMillis + " ms, not 1 to " + MAXIMUM_TIMEOUT_MILLIS + " ms");
        }
        return timeoutMillis;
    }

    /** Makes an entry that is in no list the newest of one. */
    void append(int slot, int list, int nowMillis) {
        int last = newest[list];
        entries.setList(slot, (byte) list);
        entries.setLastSeenMillis(slot, nowMillis);
        entries.setListedMillis(slot, nowMillis);
        entries.setPrevious(slot, last);
        entries.setNext(slot, NONE);
        if (last == NONE) {
            oldest[list] = slot;
        } else {
            entries.setNext(last, slot);
        }
        newest[list] = slot;
        sizes[list]++;
    }

    /** Takes an entry out of its list. */
    void remove(int slot) {
        int list = entries.list(slot);
        int previous = entries.previous(slot);
        int next = entries.next(slot);
        if (previous == NONE) {
            oldest[list] = next;
        } else {
            entries.setNext(previous, next);
        }
        if (next == NONE) {
            newest[list] = previous;
        } else {
            entries.setPrevious(next, previous);
        }
        sizes[list]--;
    }

    /** Notes that an entry was used; moves it only when its place has become too imprecise. */
    void touch(int slot, int nowMillis) {
        entries.setLastSeenMillis(slot, nowMillis);
        int list = entries.list(slot);
        if (nowMillis - entries.listedMillis(slot) >= granularitiesMillis[list]) {
            remove(slot);
            append(slot, list, nowMillis);
        }
    }

    /** The oldest entry of a list, or NONE. */
    int oldest(int list) {
        return oldest[list];
    }

    int size(int list) {
        return sizes[list];
    }

    /** Of the lists' heads, the one that has expired for the longest time; NONE when none has. */
    int mostOverdue(int nowMillis) {
        int found = NONE;
        int most = -1;
        for (int list = 0; list < oldest.length; list++) {
            int slot = oldest[list];
            if (slot != NONE) {
                int overdue = nowMillis - entries.lastSeenMillis(slot) - timeoutsMillis[list];
                if (overdue > most) {
                    most = overdue;
                    found = slot;
                }
            }
        }
        return found;
    }

    /** Throws unless every entry is in the list that it says, each list is in order, and the sizes are right. */
    void checkConsistency() {
        int total = 0;
        for (int list = 0; list < oldest.length; list++) {
            total += checkList(list);
        }
        Consistency.require(total == entries.size(), "%d entries in lists, %d live", total, entries.size());
    }

    private int checkList(int list) {
        int counted = 0;
        int previous = NONE;
        for (int slot = oldest[list]; slot != NONE; slot = entries.next(slot)) {
            Consistency.require(entries.isLive(slot), "list %d leads to slot %d, which is free", list, slot);
            Consistency.require(
                    entries.list(slot) == list, "slot %d of list %d says %d", slot, list, entries.list(slot));
            Consistency.require(
                    entries.previous(slot) == previous,
                    "before slot %d is %d, which says %d",
                    slot,
                    previous,
                    entries.previous(slot));
            Consistency.require(
                    previous == NONE || entries.listedMillis(slot) - entries.listedMillis(previous) >= 0,
                    "slot %d is older than %d before it",
                    slot,
                    previous);
            int ahead = entries.lastSeenMillis(slot) - entries.listedMillis(slot);
            Consistency.require(
                    ahead >= 0 && ahead <= granularitiesMillis[list],
                    "slot %d was seen %d ms after its place",
                    slot,
                    ahead);
            previous = slot;
            counted++;
            Consistency.require(counted <= sizes[list], "list %d is longer than %d", list, sizes[list]);
        }
        Consistency.require(previous == newest[list], "list %d ends at %d, not at %d", list, previous, newest[list]);
        Consistency.require(counted == sizes[list], "list %d has %d entries, not %d", list, counted, sizes[list]);
        return counted;
    }
}
