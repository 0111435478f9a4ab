package org.ilbd.daemon.datapath;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.ilbd.core.packet.VirtioNetHeader;
import org.junit.jupiter.api.Test;

class EthernetFrameTest {
    private static final int OFFSET = 64;
    private static final int HEADER = OFFSET - VirtioNetHeader.LENGTH_BYTES;
    private static final long SERVER = 0x02000A020065L;
    private static final long SELF = 0xFE000A02000BL;

    private final byte[] bytes = new byte[OFFSET + 4];
    private final MemorySegment segment = MemorySegment.ofArray(bytes);

    @Test
    void addressesAndTypeAreInFrontOfThePacket() {
        assertThat(EthernetFrame.prepend(segment, OFFSET, false, SERVER, SELF)).isEqualTo(OFFSET - 24);
        assertThat(hex(OFFSET - 14, 14)).isEqualTo("02000a020065" + "fe000a02000b" + "0800");
        EthernetFrame.prepend(segment, OFFSET, true, SERVER, SELF);
        assertThat(hex(OFFSET - 14, 14)).isEqualTo("02000a020065" + "fe000a02000b" + "86dd");
    }

    @Test
    void superSegmentIsCountedFromTheEthernetHeader() {
        VirtioNetHeader.flags(segment, HEADER, VirtioNetHeader.NEEDS_CSUM);
        VirtioNetHeader.gsoType(segment, HEADER, VirtioNetHeader.GSO_TCPV4 | VirtioNetHeader.GSO_ECN);
        VirtioNetHeader.headerLength(segment, HEADER, 52);
        VirtioNetHeader.gsoSize(segment, HEADER, 1448);
        VirtioNetHeader.checksumStart(segment, HEADER, 20);
        VirtioNetHeader.checksumOffset(segment, HEADER, 16);
        long to = EthernetFrame.prepend(segment, OFFSET, false, SERVER, SELF);
        assertThat(VirtioNetHeader.toString(segment, to))
                .isEqualTo(
                        "virtio-net flags=1 gsoType=129 headerLength=66 gsoSize=1448 checksumStart=34 checksumOffset=16");
    }

    @Test
    void completePacketNeedsNothing() {
        long to = EthernetFrame.prepend(segment, OFFSET, false, SERVER, SELF);
        assertThat(hex((int) to, VirtioNetHeader.LENGTH_BYTES)).isEqualTo("00000000000000000000");
    }

    @Test
    void nothingElseIsTouched() {
        java.util.Arrays.fill(bytes, (byte) 0x5A);
        long to = EthernetFrame.prepend(segment, OFFSET, false, SERVER, SELF);
        assertThat(hex(0, (int) to)).isEqualTo("5a".repeat((int) to));
        assertThat(hex(OFFSET, 4)).isEqualTo("5a5a5a5a");
    }

    private String hex(int offset, int length) {
        return HexFormat.of().formatHex(segment.asSlice(offset, length).toArray(JAVA_BYTE));
    }
}
