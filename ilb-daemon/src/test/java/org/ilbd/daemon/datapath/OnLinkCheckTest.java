package org.ilbd.daemon.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.linux.NetworkDevice;
import org.ilbd.daemon.linux.Route;
import org.junit.jupiter.api.Test;

class OnLinkCheckTest {
    private static final NetworkDevice DEVICE = new NetworkDevice("eth0", 7, 0x02000A02000BL, 1500);
    private static final IpAddress SERVER = IpAddress.parse("10.2.0.101");

    @Test
    void serverOnTheLinkIsNoProblem() {
        assertThat(OnLinkCheck.problem(DEVICE, SERVER, new Route(7, true, false)))
                .isEmpty();
    }

    @Test
    void everyOtherWayIsNamed() {
        assertThat(OnLinkCheck.problem(DEVICE, SERVER, new Route(7, false, false)))
                .hasValueSatisfying(
                        text -> assertThat(text).contains("10.2.0.101").contains("behind a router"));
        assertThat(OnLinkCheck.problem(DEVICE, SERVER, new Route(8, true, false)))
                .hasValueSatisfying(
                        text -> assertThat(text).contains("10.2.0.101").contains("eth0"));
    }

    @Test
    void serverOnThisHostIsNoProblem() {
        assertThat(OnLinkCheck.problem(DEVICE, SERVER, new Route(1, true, true)))
                .isEmpty();
    }

    @Test
    void interfaceWithoutMacIsRefused() {
        NetworkDevice tunnel = new NetworkDevice("tun9", 9, NetworkDevice.NO_MAC, 1500);
        assertThat(OnLinkCheck.problem(tunnel, SERVER))
                .hasValueSatisfying(text -> assertThat(text).contains("tun9 is not an Ethernet interface"));
    }
}
