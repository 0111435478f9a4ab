package org.ilbd.core.ownership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.Test;

class IlbIdTest {
    @Test
    void readsAddressesAndIndexesAndPrintsThemTheSame() {
        for (String text : List.of("10.2.0.11", "2001:db8::b", "0", "7", "4294967295")) {
            assertThat(IlbId.parse(text)).hasToString(text);
        }
        assertThat(IlbId.parse("007")).isEqualTo(IlbId.ofIndex(7));
        assertThat(IlbId.parse("10.2.0.11").address()).contains(IpAddress.parse("10.2.0.11"));
        assertThat(IlbId.parse("7").address()).isEmpty();
    }

    @Test
    void refusesWhatIsNeither() {
        for (String text : List.of("", "-1", "4294967296", "99999999999999999999", "10.2.0", "ilb1", "+7", "٧")) {
            assertThatIllegalArgumentException().as(text).isThrownBy(() -> IlbId.parse(text));
        }
    }

    @Test
    void bytesAreInNetworkOrderAndReadBack() {
        assertThat(IlbId.parse("258").bytes()).containsExactly(0, 0, 1, 2);
        assertThat(IlbId.parse("10.2.0.11").bytes()).containsExactly(10, 2, 0, 11);
        assertThat(IlbId.parse("2001:db8::b").bytes()).hasSize(16).startsWith(0x20, 0x01, 0x0d, 0xb8);
        for (String text : List.of("10.2.0.11", "2001:db8::b", "4294967295")) {
            IlbId id = IlbId.parse(text);
            assertThat(IlbId.ofBytes(id.isIndex(), id.bytes())).isEqualTo(id).hasSameHashCodeAs(id);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> IlbId.ofBytes(true, new byte[16]));
        assertThatIllegalArgumentException().isThrownBy(() -> IlbId.ofBytes(false, new byte[5]));
    }

    @Test
    void tagIsTheCrcOfTheBytes() {
        for (String text : List.of("10.2.0.11", "2001:db8::b", "7")) {
            CRC32 crc = new CRC32();
            crc.update(IlbId.parse(text).bytes());
            assertThat(IlbId.parse(text).tag()).isEqualTo((int) crc.getValue());
        }
    }

    @Test
    void sortsIndexesBeforeIpv4BeforeIpv6ThenByUnsignedValue() {
        List<IlbId> sorted = new ArrayList<>();
        for (String text : List.of("0", "7", "4294967295", "1.0.0.0", "200.0.0.0", "::1", "2001:db8::b", "ff02::1")) {
            sorted.add(IlbId.parse(text));
        }
        List<IlbId> reversed = new ArrayList<>(sorted);
        Collections.reverse(reversed);
        Collections.sort(reversed);
        assertThat(reversed).isEqualTo(sorted);
    }

    @Test
    void anIndexIsNotTheAddressWithTheSameBytes() {
        assertThat(IlbId.ofIndex(0x0A02000B)).isNotEqualTo(IlbId.parse("10.2.0.11"));
    }
}
