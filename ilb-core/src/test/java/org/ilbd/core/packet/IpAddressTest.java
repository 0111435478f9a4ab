package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpAddressTest {
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "10.9.0.1, 10.9.0.1",
        "255.255.255.255, 255.255.255.255",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "2001:DB8::1, 2001:db8::1",
        "2001:db8:0:0:0:0:2:1, 2001:db8::2:1",
        // RFC 5952, 4.2.2: one zero group is written out
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        // RFC 5952, 4.2.3: the longest run, the first of equal ones
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "0:0:1:2:3:4:5:6, ::1:2:3:4:5:6",
        "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
        "::ffff:192.0.2.1, ::ffff:192.0.2.1",
        "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
        "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304",
    })
    void readsEveryFormAndWritesTheCanonicalOne(final String text, final String canonical) {
        assertThat(IpAddress.parse(text)).hasToString(canonical);
        assertThat(IpAddress.parse(canonical)).isEqualTo(IpAddress.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "localhost",
                "10.0.0",
                "10.0.0.1.2",
                "10.0.0.256",
                "010.0.0.1",
                "10.0.0.1 ",
                " 10.0.0.1",
                "10..0.1",
                "10.0.0.",
                "10.0.0.-1",
                "1234.0.0.1",
                ":",
                ":::",
                "1:2",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1::2::3",
                "12345::",
                "g::",
                "::1%eth0",
                "[::1]",
                "1:2:3:4:5:6:7:8::",
                "::1:2:3:4:5:6:7:8",
                ":1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:",
                "1::2:",
                "::1.2.3",
                "1.2.3.4::",
                "::1.2.3.4:5",
                "1:2:3:4:5:6:7:1.2.3.4",
                "\u0661::",
                "10.0.0.1/8",
            })
    void refusesWhatIsNoAddress(final String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IpAddress.parse(text))
                .withMessageContaining("'" + text + "'");
    }

    @Test
    void agreesWithTheJdkOnRandomAddresses() throws UnknownHostException {
        final long seed = System.nanoTime();
        System.out.println("IpAddressTest seed " + seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            final byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
            for (int j = 0; j < bytes.length; j++) { // many zeros, for the runs
                bytes[j] = random.nextInt(3) == 0 ? (byte) random.nextInt() : 0;
            }
            final IpAddress address = IpAddress.ofBytes(bytes);
            assertThat(address.toBytes()).as("seed %d", seed).isEqualTo(bytes);
            assertThat(IpAddress.parse(address.toString())).as("seed %d", seed).isEqualTo(address);
            if (!address.toString().startsWith("::ffff:")) { // the JDK turns mapped addresses into IPv4
                assertThat(InetAddress.getByName(address.toString()).getAddress())
                        .as("seed %d: %s", seed, address)
                        .isEqualTo(bytes);
            }
        }
    }

    @Test
    void sortsIpv4FirstAndByUnsignedValue() {
        final List<IpAddress> sorted = List.of(
                IpAddress.parse("9.255.255.255"),
                IpAddress.parse("10.0.0.0"),
                IpAddress.parse("200.0.0.1"),
                IpAddress.parse("::"),
                IpAddress.parse("::ffff:ffff:ffff:ffff"),
                IpAddress.parse("2001:db8::1"),
                IpAddress.parse("fe80::1"));
        assertThat(sorted.reversed().stream().sorted()).containsExactlyElementsOf(sorted);
    }

    @Test
    void knowsTheSpecialRanges() {
        assertThat(IpAddress.parse("127.1.2.3").isLoopback()).isTrue();
        assertThat(IpAddress.parse("::1").isLoopback()).isTrue();
        assertThat(IpAddress.parse("128.0.0.1").isLoopback()).isFalse();
        assertThat(IpAddress.parse("239.74.40.1").isMulticast()).isTrue();
        assertThat(IpAddress.parse("ff02::1").isMulticast()).isTrue();
        assertThat(IpAddress.parse("240.0.0.1").isMulticast()).isFalse();
        assertThat(IpAddress.parse("fe80::1").isMulticast()).isFalse();
        assertThat(IpAddress.parse("::").isUnspecified()).isTrue();
        assertThat(IpAddress.parse("0.0.0.1").isUnspecified()).isFalse();
    }

    @Test
    void refusesOtherLengthsAndWideIpv4() {
        assertThatIllegalArgumentException().isThrownBy(() -> IpAddress.ofBytes(new byte[5]));
        assertThatIllegalArgumentException().isThrownBy(() -> new IpAddress(false, 0, 1L << 32));
        assertThatIllegalArgumentException().isThrownBy(() -> new IpAddress(false, 1, 0));
    }
}
