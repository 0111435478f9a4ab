package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class FourTupleTest {
    private final FourTuple ipv4 = new FourTuple().set(Endpoint.parse("10.1.0.2:43210"), Endpoint.parse("10.9.0.1:80"));
    private final FourTuple ipv6 =
            new FourTuple().set(Endpoint.parse("[2001:db8::2]:43210"), Endpoint.parse("[2001:db8:9::1]:443"));

    @Test
    void encodesIpv4InTwelveBytesDestinationFirst() {
        assertThat(encoded(ipv4)).isEqualTo("0050" + "0a090001" + "a8ca" + "0a010002");
    }

    @Test
    void encodesIpv6InThirtySixBytesDestinationFirst() {
        assertThat(encoded(ipv6))
                .isEqualTo("01bb" + "20010db8000900000000000000000001" + "a8ca" + "20010db8000000000000000000000002");
    }

    @Test
    void decodesWhatItEncodes() {
        for (final FourTuple tuple : new FourTuple[] {ipv4, ipv6}) {
            final MemorySegment segment = MemorySegment.ofArray(new byte[40]);
            final FourTuple decoded = new FourTuple();
            assertThat(tuple.encode(segment, 3)).isEqualTo(tuple.lengthBytes());
            assertThat(decoded.decode(segment, 3, tuple.ipv6())).isEqualTo(tuple.lengthBytes());
            assertThat(decoded).isEqualTo(tuple).hasSameHashCodeAs(tuple);
        }
    }

    @Test
    void everyComponentCounts() {
        final FourTuple base = new FourTuple().set(true, 1, 2, 3, 4, 5, 6);
        assertThat(base).isEqualTo(new FourTuple().copyFrom(base));
        assertThat(base).isNotEqualTo(new FourTuple().set(false, 1, 2, 3, 4, 5, 6));
        assertThat(base).isNotEqualTo(new FourTuple().set(true, 0, 2, 3, 4, 5, 6));
        assertThat(base).isNotEqualTo(new FourTuple().set(true, 1, 0, 3, 4, 5, 6));
        assertThat(base).isNotEqualTo(new FourTuple().set(true, 1, 2, 0, 4, 5, 6));
        assertThat(base).isNotEqualTo(new FourTuple().set(true, 1, 2, 3, 0, 5, 6));
        assertThat(base).isNotEqualTo(new FourTuple().set(true, 1, 2, 3, 4, 0, 6));
        assertThat(base).isNotEqualTo(new FourTuple().set(true, 1, 2, 3, 4, 5, 0));
    }

    @Test
    void readsAsAnOperatorWritesIt() {
        assertThat(ipv4).hasToString("10.1.0.2:43210 -> 10.9.0.1:80");
        assertThat(ipv6).hasToString("[2001:db8::2]:43210 -> [2001:db8:9::1]:443");
    }

    private static String encoded(final FourTuple tuple) {
        final MemorySegment segment = MemorySegment.ofArray(new byte[36]);
        final int length = tuple.encode(segment, 0);
        return HexFormat.of().formatHex(segment.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }
}
