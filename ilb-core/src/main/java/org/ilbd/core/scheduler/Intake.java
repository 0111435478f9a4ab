package org.ilbd.core.scheduler;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.ilbd.core.packet.IpAddress;

/**
 * One node at a time, the intake, takes every new connection. A node is a host: all servers of the set with the same address.
 * Who is the intake is designated from outside, the same for all ILBs; this class selects by it, and rates the nodes for the
 * next designation.
 *
 * <p><b>Selection.</b> Of the intake's servers that are available and have room, the one with the fewest connections for its
 * weight; of equal ones the one that the connection's hash picks. If it has none, the best rated node stands in, and goes on
 * for as long as it can: the ILBs that know the same select the same, without a word.
 *
 * <p><b>Rating.</b> What a node has left: {@code weight x (1000 - load)}, its servers' weights together and its load per
 * mille. The largest is the best; of equal ones the smallest address.
 *
 * <p><b>Load.</b> The largest that its servers report, since agents report their host's. Without a report, where each of
 * its available servers has a limit, its connections relative to the limits. Otherwise nobody knows its load, and for the rating
 * only it is estimated: its connections for its weight, relative to the node that has the most. Between two reports nothing
 * is interpreted: the threshold is for what was measured.
 *
 * <p><b>Cost.</b> A selection is O(servers of the intake); the first of a stand-in, and those while all are full, O(servers); an update O(servers), O(n log n)
 * for another set. <b>Memory.</b> 12 bytes for each server.
 */
public final class Intake implements Scheduler {
    /** A load that nobody has measured. */
    public static final int UNKNOWN = ServerSet.UNKNOWN;

    private static final int RATIO_BITS = 16;

    private ServerSet servers = new ServerSet(List.of(), new int[0]);
    private int[] weights = {};
    /** Positions, by address and port, and where each node begins among them; one start more than nodes. */
    private int[] members = {};

    private int[] starts = {0};
    private Optional<IpAddress> designated = Optional.empty();
    /** The designated node, or {@link #NONE} where the set has none at its address. */
    private int intake = NONE;
    /** The node that stands in for it, or {@link #NONE} while it has not been needed. */
    private int standIn = NONE;

    Intake() {}

    @Override
    @SuppressWarnings("ReferenceEquality") // the endpoints of a set are fixed
    public void update(ServerSet newServers) {
        if (newServers != servers) {
            servers = newServers;
            weights = new int[newServers.size()];
            group();
            standIn = NONE;
        }
        servers.copyEffectiveWeights(weights);
        intake = designated.map(this::nodeAt).orElse(NONE);
    }

    private void group() {
        members = IntStream.range(0, servers.size())
                .boxed()
                .sorted(Comparator.comparing(servers::endpoint))
                .mapToInt(Integer::intValue)
                .toArray();
        int nodes = 0;
        int[] begins = new int[members.length + 1];
        for (int i = 0; i < members.length; i++) {
            if (i == 0 || !address(i).equals(address(i - 1))) {
                begins[nodes++] = i;
            }
        }
        begins[nodes] = members.length;
        starts = Arrays.copyOf(begins, nodes + 1);
    }

    /** Makes the node at that address the intake, from the next selection on. Control path. */
    public void designate(IpAddress address) {
        designated = Optional.of(address);
        intake = nodeAt(address);
        standIn = NONE;
    }

    /** The address that was designated last, whether the set has a node there or not. */
    public Optional<IpAddress> designated() {
        return designated;
    }

    @Override
    public int select(long connectionHash) {
        if (intake != NONE && takesNew(intake)) {
            return instance(intake, connectionHash);
        }
        if (standIn == NONE || !takesNew(standIn)) {
            standIn = best(NONE, ServerSet.MAX_LOAD);
        }
        return standIn == NONE ? anyFull() : instance(standIn, connectionHash);
    }

    /** Whether the intake may be given new connections: it is there, available, and has room. */
    public boolean takesNew() {
        return intake != NONE && takesNew(intake);
    }

    /** The intake's load per mille, or {@link #UNKNOWN}. */
    public int load() {
        return intake == NONE ? UNKNOWN : load(intake);
    }

    /**
     * Who is to be the intake next: of all nodes but this one that take new connections, the best rated one whose load is no
     * more than the threshold.
     *
     * @param threshold per mille; a load that is unknown does not pass it
     */
    public Optional<IpAddress> successor(int threshold) {
        return addressOf(best(intake, threshold));
    }

    /** The node that new connections go to in the intake's place, if any has had to and still takes them. */
    public Optional<IpAddress> standIn() {
        return standIn != NONE && takesNew(standIn) ? addressOf(standIn) : Optional.empty();
    }

    /** The best rated of all nodes that take new connections, the intake included, whatever their loads. */
    public Optional<IpAddress> bestRated() {
        return addressOf(best(NONE, ServerSet.MAX_LOAD));
    }

    private Optional<IpAddress> addressOf(int node) {
        return node == NONE ? Optional.empty() : Optional.of(address(starts[node]));
    }

    private IpAddress address(int member) {
        return servers.endpoint(members[member]).address();
    }

    private int nodeAt(IpAddress address) {
        for (int node = 0; node < nodes(); node++) {
            if (address(starts[node]).equals(address)) {
                return node;
            }
        }
        return NONE;
    }

    private int nodes() {
        return starts.length - 1;
    }

    private boolean takesNew(int node) {
        for (int i = starts[node]; i < starts[node + 1]; i++) {
            if (canTake(members[i])) {
                return true;
            }
        }
        return false;
    }

    private boolean canTake(int position) {
        return weights[position] > 0 && servers.hasRoom(position);
    }

    private int instance(int node, long hash) {
        int start = starts[node];
        int count = starts[node + 1] - start;
        int turn = (int) Math.unsignedMultiplyHigh(hash, count);
        int best = NONE;
        for (int i = 0; i < count; i++) {
            int position = members[start + (turn + i) % count];
            if (canTake(position) && (best == NONE || isLess(position, best))) {
                best = position;
            }
        }
        return best;
    }

    private boolean isLess(int one, int other) {
        return (servers.connections(one) + 1L) * weights[other] < (servers.connections(other) + 1L) * weights[one];
    }

    /** All are full: whoever knows the limits must say so, of any of them. */
    private int anyFull() {
        for (int position : members) {
            if (weights[position] > 0) {
                return position;
            }
        }
        return NONE;
    }

    private int best(int except, int threshold) {
        long most = 0;
        for (int node = 0; node < nodes(); node++) {
            most = Math.max(most, ratio(node));
        }
        int best = NONE;
        long bestRating = -1;
        for (int node = 0; node < nodes(); node++) {
            if (node == except || !takesNew(node)) {
                continue;
            }
            int load = load(node);
            if (load <= threshold) {
                long known = load != UNKNOWN ? load : most == 0 ? 0 : ratio(node) * ServerSet.MAX_LOAD / most;
                long rating = weight(node) * (ServerSet.MAX_LOAD - known);
                if (rating > bestRating) {
                    best = node;
                    bestRating = rating;
                }
            }
        }
        return best;
    }

    private long weight(int node) {
        long sum = 0;
        for (int i = starts[node]; i < starts[node + 1]; i++) {
            sum += weights[members[i]];
        }
        return sum;
    }

    /** Connections for the weight, in 2^-16; 0 of a node without weight. */
    private long ratio(int node) {
        long connections = 0;
        for (int i = starts[node]; i < starts[node + 1]; i++) {
            connections += servers.connections(members[i]);
        }
        long weight = weight(node);
        return weight == 0 ? 0 : (connections << RATIO_BITS) / weight;
    }

    private int load(int node) {
        int reported = UNKNOWN;
        boolean limited = true;
        long connections = 0;
        long limits = 0;
        for (int i = starts[node]; i < starts[node + 1]; i++) {
            int position = members[i];
            if (weights[position] > 0) {
                reported = Math.max(reported, servers.load(position));
                limited &= servers.limit(position) > 0;
                connections += servers.connections(position);
                limits += servers.limit(position);
            }
        }
        if (reported != UNKNOWN || !limited || limits == 0) {
            return reported;
        }
        return (int) Math.min(ServerSet.MAX_LOAD, connections * ServerSet.MAX_LOAD / limits);
    }
}
