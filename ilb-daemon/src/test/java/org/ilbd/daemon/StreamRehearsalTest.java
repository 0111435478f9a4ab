package org.ilbd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamRehearsalTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void allMessagesComeThrough(String address) throws IOException {
        assertThat(StreamRehearsal.run(IpAddress.parse(address), () -> true)).isEqualTo(StreamRehearsal.MESSAGES);
    }

    @Test
    void endsWhenItsTimeIsUp() throws IOException {
        assertThat(StreamRehearsal.run(IpAddress.parse("127.0.0.1"), () -> false))
                .isLessThan(StreamRehearsal.MESSAGES);
    }

    @Test
    void anAddressOfAnotherHostIsToldToTheCaller() {
        assertThatThrownBy(() -> StreamRehearsal.run(IpAddress.parse("192.0.2.1"), () -> true))
                .isInstanceOf(IOException.class);
    }
}
