package org.ilbd.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeerRehearsalTest {
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void allMessagesAndDatagramsComeThrough(String address) throws IOException {
        assertThat(PeerRehearsal.run(IpAddress.parse(address), () -> true))
                .isEqualTo(new PeerRehearsal.Outcome(PeerRehearsal.MESSAGES, PeerRehearsal.MESSAGES));
    }

    @Test
    void endsWhenItsTimeIsUp() throws IOException {
        assertThat(PeerRehearsal.run(IpAddress.parse("127.0.0.1"), () -> false).messages())
                .isLessThan(PeerRehearsal.MESSAGES);
    }

    @Test
    void anAddressOfAnotherHostIsToldToTheCaller() {
        assertThatThrownBy(() -> PeerRehearsal.run(IpAddress.parse("192.0.2.1"), () -> true))
                .isInstanceOf(IOException.class);
    }
}
