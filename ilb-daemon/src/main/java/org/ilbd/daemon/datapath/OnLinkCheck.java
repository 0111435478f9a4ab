package org.ilbd.daemon.datapath;

import java.util.Optional;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.daemon.linux.ErrnoException;
import org.ilbd.daemon.linux.NetworkDevice;
import org.ilbd.daemon.linux.Route;
import org.ilbd.daemon.linux.RouteSocket;

/** Whether a server can be reached by {@code forwarding = direct}: on this host, or on the same link with no router between. */
public final class OnLinkCheck {
    private OnLinkCheck() {}

    /** What is wrong, for an operator; empty if nothing is. */
    public static Optional<String> problem(NetworkDevice device, IpAddress server) {
        if (device.mac() == NetworkDevice.NO_MAC) {
            return Optional.of(
                    "interface " + device.name() + " is not an Ethernet interface; forwarding = direct needs one");
        }
        try {
            return problem(device, server, RouteSocket.lookup(server.ipv6(), server.high(), server.low()));
        } catch (ErrnoException e) {
            return Optional.of("server " + server + " cannot be reached: " + e.getMessage());
        }
    }

    static Optional<String> problem(NetworkDevice device, IpAddress server, Route route) {
        if (route.local()) {
            return Optional.empty();
        }
        if (route.interfaceIndex() != device.index()) {
            return Optional.of(
                    "server " + server + " is not reached through interface " + device.name()
                            + "; forwarding = direct needs it on that link (name the right interface, or use forwarding = nat)");
        }
        if (!route.onLink()) {
            return Optional.of(
                    "server " + server + " is behind a router; forwarding = direct needs it on the link of interface "
                            + device.name() + " (use forwarding = nat)");
        }
        return Optional.empty();
    }
}
