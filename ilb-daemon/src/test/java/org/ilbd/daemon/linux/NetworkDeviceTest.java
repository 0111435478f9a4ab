package org.ilbd.daemon.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NetworkDeviceTest {
    @Test
    void loopbackIsFoundAndHasNoMac() throws ErrnoException {
        NetworkDevice device = NetworkDevice.find("lo");
        assertThat(device.index()).isEqualTo(1);
        assertThat(device.mac()).isEqualTo(NetworkDevice.NO_MAC);
        assertThat(device.mtu()).isPositive();
    }

    @Test
    void absentDeviceIsNamed() {
        assertThatThrownBy(() -> NetworkDevice.find("nosuch0"))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV))
                .hasMessageContaining("nosuch0")
                .hasMessageContaining("No such device");
    }

    @Test
    void nameThatNoDeviceCanHaveIsNotCutShort() {
        for (String name : new String[] {"", "lo-and-a-very-long-tail"}) {
            assertThatThrownBy(() -> NetworkDevice.find(name)).isInstanceOf(ErrnoException.class);
        }
    }

    @Test
    void routeToLoopbackIsLocal() throws ErrnoException {
        assertThat(RouteSocket.lookup(false, 0, 0x7F000001L)).isEqualTo(new Route(1, true, true));
    }

    @Test
    void macIsWrittenAsOperatorsWriteIt() {
        assertThat(NetworkDevice.formatMac(0x02000A0200FEL)).isEqualTo("02:00:0a:02:00:fe");
        assertThat(NetworkDevice.formatMac(NetworkDevice.NO_MAC)).isEqualTo("none");
    }
}
