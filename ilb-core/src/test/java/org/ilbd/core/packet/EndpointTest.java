package org.ilbd.core.packet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1:80", "[2001:db8::1]:80", "0.0.0.0:0", "[::]:65535"})
    void writesWhatItReads(final String text) {
        assertThat(Endpoint.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                ":80",
                "10.0.0.1",
                "10.0.0.1:",
                "10.0.0.1:65536",
                "10.0.0.1:+80",
                "10.0.0.1:-1",
                "10.0.0.1:000080",
                "2001:db8::1:80",
                "[2001:db8::1]",
                "[2001:db8::1]80",
                "2001:db8::1]:80",
                "[10.0.0.1]:80",
                "[]:80",
                "host:80",
                "10.0.0.1:8x"
            })
    void refusesWhatIsNoEndpoint(final String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Endpoint.parse(text));
    }

    @Test
    void sortsByAddressThenPort() {
        assertThat(Endpoint.parse("10.0.0.1:9"))
                .isLessThan(Endpoint.parse("10.0.0.1:80"))
                .isLessThan(Endpoint.parse("10.0.0.2:1"))
                .isLessThan(Endpoint.parse("[::1]:1"));
    }
}
