package org.ilbd.core.engine;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import org.ilbd.core.packet.IpPrefix;

/**
 * Where an ILB and the clients are. A zone is named between ILBs by a number that follows from its name.
 *
 * @param own the zone of this ILB, or {@link #NOWHERE}
 * @param clients which prefix is where; of several that a client is in, the longest counts
 */
public record Zones(int own, List<Client> clients) {
    /** No zone, or one that is not known. */
    public static final int NOWHERE = 0;

    /** Nobody is anywhere. */
    public static final Zones NONE = new Zones(NOWHERE, List.of());

    /** The zone of the clients in a prefix. */
    public record Client(IpPrefix prefix, int zone) {}

    /** Copies the list. */
    public Zones {
        clients = List.copyOf(clients);
    }

    /** The number of the zone with a name: its CRC32. Never {@link #NOWHERE}. */
    public static int number(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        int number = (int) crc.getValue();
        return number == NOWHERE ? 1 : number;
    }
}
