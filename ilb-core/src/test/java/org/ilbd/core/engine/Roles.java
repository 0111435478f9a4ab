package org.ilbd.core.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;

/** Who is to own and to back up a connection, by the rule alone, in a view of some of the ILBs of a {@link TestCluster}. */
final class Roles {
    private final List<Integer> ilbs;
    private final View view;

    private Roles(List<Integer> ilbs) {
        this.ilbs = ilbs;
        this.view = new View(
                OwnershipMode.CRC32_MIXED, 0, ilbs.stream().map(Settings::id).toList());
    }

    static Roles among(int... ilbs) {
        return new Roles(Arrays.stream(ilbs).boxed().toList());
    }

    int owner(String client, String vip) {
        return index(View.owner(rank(client, vip)));
    }

    int backup(String client, String vip) {
        return index(View.backup(rank(client, vip)));
    }

    /** Both, in the order of their numbers. */
    List<Integer> holders(String client, String vip) {
        return Stream.of(owner(client, vip), backup(client, vip)).sorted().toList();
    }

    private long rank(String client, String vip) {
        return view.rank(new FourTuple().set(Endpoint.parse(client), Endpoint.parse(vip)));
    }

    private int index(int member) {
        IlbId id = view.member(member);
        return ilbs.stream()
                .filter(ilb -> Settings.id(ilb).equals(id))
                .findAny()
                .orElseThrow();
    }
}
