package org.ilbd.daemon.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The fixtures are little-endian, as every machine is that the daemon runs on. */
class RouteMessageTest {
    /** RTM_NEWNEIGH: IPv4, interface 7, NUD_REACHABLE, NDA_DST 10.2.0.101, NDA_LLADDR 02:00:0a:02:00:65. */
    private static final String REACHABLE = "30000000 1c00 0000 00000000 00000000 02 000000 07000000 0200 00 01"
            + "0800 0100 0a020065" + "0a00 0200 02000a020065 0000";

    private static final String REACHABLE_IPV6 = "3c000000 1c00 0000 00000000 00000000 0a 000000 07000000 0400 00 01"
            + "1400 0100 20010db8000000000000000000000065"
            + "0a00 0200 02000a020065 0000";

    @Test
    void neighbourIsRead() {
        assertThat(decode(REACHABLE)).containsExactly("7 false 0 a020065 02:00:0a:02:00:65");
        assertThat(decode(REACHABLE_IPV6)).containsExactly("7 true 20010db800000000 65 02:00:0a:02:00:65");
    }

    @Test
    void failedOrIncompleteOrDeletedNeighbourHasNoMac() {
        String failed = REACHABLE.replace("0200 00 01", "2000 00 01");
        String incomplete = REACHABLE.replace("0200 00 01", "0100 00 01");
        String deleted = REACHABLE.replace("1c00", "1d00");
        for (String message : List.of(failed, incomplete, deleted)) {
            assertThat(decode(message)).containsExactly("7 false 0 a020065 none");
        }
    }

    @Test
    void bridgeEntryIsNotANeighbour() {
        assertThat(decode(REACHABLE.replace("02 000000 07", "07 000000 07"))).isEmpty();
    }

    @Test
    void noLengthIsTrustedAtAnyTruncation() {
        byte[] whole = bytes(REACHABLE_IPV6);
        for (int limit = 0; limit < whole.length; limit++) {
            assertThat(RouteMessage.length(MemorySegment.ofArray(whole).asSlice(0, limit), 0, limit))
                    .isZero();
        }
    }

    @Test
    void noBodyIsReadPastAShortMessage() {
        byte[] whole = bytes(REACHABLE_IPV6);
        for (int length = 16; length < whole.length; length++) {
            // Exactly as long as it claims: a read past the end would throw.
            MemorySegment message = MemorySegment.ofArray(whole.clone()).asSlice(0, length);
            List<String> heard = new ArrayList<>();
            RouteMessage.decodeNeighbour(message, 0, length, listener(heard));
            assertThat(heard).allMatch(text -> text.startsWith("7 true 20010db800000000 65 "));
        }
    }

    @Test
    void attributeWithAWrongLengthEndsTheMessage() {
        for (String length : List.of("0000", "0300", "ffff")) {
            assertThat(decode(REACHABLE.replace("0800 0100", length + " 0100"))).isEmpty();
        }
    }

    @Test
    void routeSaysWhetherThereIsAGateway() throws ErrnoException {
        String onLink = "24000000 1800 0000 00000000 00000000 02200000 fe000001 00000000" + "0800 0400 07000000";
        String byGateway = "2c000000 1800 0000 00000000 00000000 02200000 fe000001 00000000"
                + "0800 0500 0a020001"
                + "0800 0400 07000000";
        assertThat(RouteMessage.decodeRoute(segment(onLink), 0, 36)).isEqualTo(new Route(7, true, false));
        assertThat(RouteMessage.decodeRoute(segment(byGateway), 0, 44)).isEqualTo(new Route(7, false, false));
        assertThat(RouteMessage.decodeRoute(segment(onLink.replace("fe000001", "ff000002")), 0, 36))
                .isEqualTo(new Route(7, true, true));
    }

    @Test
    void blackholeIsNoRoute() {
        String blackhole = "24000000 1800 0000 00000000 00000000 02200000 fe000006 00000000" + "0800 0400 07000000";
        assertThatThrownBy(() -> RouteMessage.decodeRoute(segment(blackhole), 0, 36))
                .isInstanceOf(ErrnoException.class)
                .hasMessageContaining("unreachable");
    }

    @Test
    void solicitNamesInterfaceAndAddress() {
        MemorySegment segment = MemorySegment.ofArray(new byte[RouteMessage.MAX_REQUEST_LENGTH]);
        int length = RouteMessage.encodeSolicit(segment, 7, false, 0, 0x0A020065L);
        assertThat(hex(segment, length))
                .isEqualTo(hex("24000000 1c00 0104 00000000 00000000 02000000 07000000 0000 01 00 0800 0100 0a020065"));
        length = RouteMessage.encodeSolicit(segment, 7, true, 0x20010DB800000000L, 0x65);
        assertThat(hex(segment, length))
                .isEqualTo(hex("30000000 1c00 0104 00000000 00000000 0a000000 07000000 0000 01 00"
                        + "1400 0100 20010db8000000000000000000000065"));
    }

    @Test
    void queueLengthNamesInterfaceAndPackets() {
        MemorySegment segment = MemorySegment.ofArray(new byte[RouteMessage.MAX_REQUEST_LENGTH]);
        int length = RouteMessage.encodeQueueLength(segment, 7, 4096);
        assertThat(hex(segment, length))
                .isEqualTo(hex(
                        "28000000 1300 0500 00000000 00000000 00000000 07000000 00000000 00000000 0800 0d00 00100000"));
    }

    private static List<String> decode(String message) {
        List<String> heard = new ArrayList<>();
        MemorySegment segment = segment(message);
        int length = RouteMessage.length(segment, 0, segment.byteSize());
        assertThat(length).isEqualTo((int) segment.byteSize());
        boolean told = RouteMessage.decodeNeighbour(segment, 0, length, listener(heard));
        assertThat(told).isEqualTo(!heard.isEmpty());
        return heard;
    }

    private static NeighbourListener listener(List<String> heard) {
        return (index, ipv6, high, low, mac) -> heard.add(
                String.format(Locale.ROOT, "%d %s %x %x %s", index, ipv6, high, low, NetworkDevice.formatMac(mac)));
    }

    private static MemorySegment segment(String hex) {
        return MemorySegment.ofArray(bytes(hex));
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static String hex(String spaced) {
        return spaced.replace(" ", "");
    }

    private static String hex(MemorySegment segment, int length) {
        return HexFormat.of().formatHex(segment.asSlice(0, length).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
    }
}
