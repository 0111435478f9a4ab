package org.ilbd.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestNameTest {
    private static final List<String> KNOWN = List.of("heartbeat-interval", "failure-timeout", "port", "peers", "id");

    @Test
    void findsTheNameBehindATypingError() {
        assertThat(NearestName.among(KNOWN, "heartbeat_intervall")).contains("heartbeat-interval");
        assertThat(NearestName.among(KNOWN, "failureTimeout")).contains("failure-timeout");
        assertThat(NearestName.among(KNOWN, "prot")).contains("port");
        assertThat(NearestName.among(KNOWN, "por")).contains("port");
        assertThat(NearestName.among(KNOWN, "peer")).contains("peers");
    }

    @Test
    void suggestsNothingForAnotherWord() {
        assertThat(NearestName.among(KNOWN, "colour")).isEmpty();
        assertThat(NearestName.among(List.of(), "port")).isEmpty();
    }
}
