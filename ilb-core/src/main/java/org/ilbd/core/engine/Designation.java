package org.ilbd.core.engine;

import java.util.Comparator;
import org.ilbd.core.packet.IpAddress;

/**
 * That a node is a service's intake. Designations have an order, in which all ILBs agree which one counts: by sequence, and
 * where two ILBs have given the same, because neither knew of the other, by incarnation and tag. No two are equal, since an
 * ILB gives a sequence once in a life.
 *
 * @param sequence 1 or more; 0 of {@link #NONE}
 * @param incarnation of the ILB that designated
 * @param tag of the ILB that designated
 * @param node all servers of the service at that address
 */
public record Designation(long sequence, long incarnation, int tag, IpAddress node) implements Comparable<Designation> {
    /** Nobody is designated yet; less than any other. */
    public static final Designation NONE = new Designation(0, Long.MIN_VALUE, 0, IpAddress.ofIpv4(0));

    private static final Comparator<Designation> ORDER = Comparator.comparingLong(Designation::sequence)
            .thenComparingLong(Designation::incarnation)
            .thenComparing(Designation::tag, Integer::compareUnsigned);

    /** The later one is greater. */
    @Override
    public int compareTo(Designation other) {
        return ORDER.compare(this, other);
    }

    /** Whether it makes the node at that address the intake. */
    public boolean isOf(IpAddress address) {
        return sequence > 0 && node.equals(address);
    }

    /** Whether it is later than another. */
    public boolean isAfter(Designation other) {
        return compareTo(other) > 0;
    }
}
