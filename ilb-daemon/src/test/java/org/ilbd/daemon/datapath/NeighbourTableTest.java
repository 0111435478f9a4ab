package org.ilbd.daemon.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.linux.NetworkDevice;
import org.junit.jupiter.api.Test;

class NeighbourTableTest {
    private static final int INTERFACE = 7;
    private static final IpAddress FIRST = IpAddress.parse("10.2.0.101");
    private static final IpAddress SECOND = IpAddress.parse("2001:db8:2::102");
    private static final long MAC = 0x02000A020065L;
    private static final long OTHER_MAC = 0x02000A020066L;

    private final NeighbourTable table = new NeighbourTable(INTERFACE);

    @Test
    void serverThatNobodyFollowsHasNoMac() {
        assertThat(table.mac(0)).isEqualTo(NetworkDevice.NO_MAC);
        table.follow(2, FIRST);
        hear(INTERFACE, FIRST, MAC);
        assertThat(List.of(table.mac(0), table.mac(1), table.mac(2), table.mac(100)))
                .containsExactly(NetworkDevice.NO_MAC, NetworkDevice.NO_MAC, MAC, NetworkDevice.NO_MAC);
    }

    @Test
    void newMacCountsAtOnceForEveryServerWithThatAddress() {
        table.follow(0, FIRST);
        table.follow(1, SECOND);
        table.follow(2, FIRST);
        hear(INTERFACE, FIRST, MAC);
        hear(INTERFACE, SECOND, OTHER_MAC);
        assertThat(List.of(table.mac(0), table.mac(1), table.mac(2))).containsExactly(MAC, OTHER_MAC, MAC);
        hear(INTERFACE, FIRST, OTHER_MAC);
        assertThat(List.of(table.mac(0), table.mac(2))).containsExactly(OTHER_MAC, OTHER_MAC);
    }

    @Test
    void addressThatIsAlreadyKnownServesANewServerAtOnce() {
        table.follow(0, FIRST);
        hear(INTERFACE, FIRST, MAC);
        table.follow(9, FIRST);
        assertThat(table.mac(9)).isEqualTo(MAC);
    }

    @Test
    void lostNeighbourKeepsItsMac() {
        table.follow(0, FIRST);
        hear(INTERFACE, FIRST, MAC);
        hear(INTERFACE, FIRST, NetworkDevice.NO_MAC);
        assertThat(table.mac(0)).isEqualTo(MAC);
    }

    @Test
    void sameAddressOnAnotherInterfaceIsAnotherNeighbour() {
        table.follow(0, FIRST);
        hear(INTERFACE + 1, FIRST, MAC);
        assertThat(table.mac(0)).isEqualTo(NetworkDevice.NO_MAC);
    }

    @Test
    void followingAgainChangesNothing() {
        table.follow(0, FIRST);
        hear(INTERFACE, FIRST, MAC);
        table.follow(0, FIRST);
        List<String> visited = new ArrayList<>();
        table.forEach((address, mac) -> visited.add(address + " " + NetworkDevice.formatMac(mac)));
        assertThat(visited).containsExactly("10.2.0.101 02:00:0a:02:00:65");
        assertThat(table.mac(0)).isEqualTo(MAC);
    }

    private void hear(int interfaceIndex, IpAddress address, long mac) {
        table.onNeighbour(interfaceIndex, address.ipv6(), address.high(), address.low(), mac);
    }
}
